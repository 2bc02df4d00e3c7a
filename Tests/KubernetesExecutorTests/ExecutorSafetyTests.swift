import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// What must not happen, whatever the params, the cluster or the network do.
@Suite("executor safety")
struct ExecutorSafetyTests {
    private let deploymentPath = "/apis/apps/v1/namespaces/staging/deployments/api"

    private static let steps: [(String, [String: JSONValue])] = [
        ("restart-deployment", Fixture.target),
        ("scale-deployment", Fixture.target.merging(["replicas": 5]) { $1 }),
        ("update-image", Fixture.target.merging(["container": "api", "image": "registry.example/api:2.0"]) { $1 }),
        ("cordon-node", ["node": "node-1"]),
        ("update-configmap", ["namespace": "staging", "configmap": "settings", "key": "LOG_LEVEL", "value": "x"]),
    ]

    @Test("every action of the catalogue is supported, but for the two that need streams, where there are none")
    func support() throws {
        let bench = Bench(try Fixture.cluster())
        let actions = try DefaultCatalogue.kubernetesActions()
        #expect(actions.count == 20)
        let missing = actions.filter { !bench.executor.supports(action: $0) }
        #expect(missing == ["exec-pod", "port-forward"])
        let invented = Fixture.step("invented", ["namespace": "staging"])
        let error = #expect(throws: ExecutionError.self) { try bench.executor.confirmIdentity(of: invented) }
        #expect(error?.code == .unsupported)
        #expect(bench.transport.requests.isEmpty)
    }

    @Test("another cluster than the pinned one is refused, and told from the pinned one")
    func identity() throws {
        let bench = Bench(try Fixture.cluster())
        let pinned = Fixture.step("cordon-node", ["node": "node-1"], locator: ["cluster_uid": "cluster-one"])
        #expect(try bench.executor.confirmIdentity(of: pinned) == ["cluster_uid": "cluster-one"])
        let unpinned = Fixture.step("cordon-node", ["node": "node-1"], locator: ["cluster": "prod"])
        #expect(try bench.executor.confirmIdentity(of: unpinned) == ["cluster_uid": "cluster-one"])
        let count = bench.transport.requests.count
        let wrong = Fixture.step("cordon-node", ["node": "node-1"], locator: ["cluster_uid": "cluster-two"])
        let error = #expect(throws: ExecutionError.self) { try bench.executor.confirmIdentity(of: wrong) }
        #expect(error?.code == .wrongTarget && error?.mayHaveBeenApplied == false)
        #expect(bench.transport.requests.dropFirst(count).map(\.target) == ["/api/v1/namespaces/kube-system"])
    }

    @Test(
        "names that are no names are refused before any request",
        arguments: [
            "", ".", "..", "a/b", "../nodes", "a%2fb", "%2e%2e", "a?dryRun=All", "a#b", "a\\b", "A", "a b", "a\u{0}",
            "a\nb",
            "-a", "a-", "a..b", "é", "a\u{202E}b", "{{a}}", "$(a)", "a;b", "--force",
            String(repeating: "a", count: 254),
        ])
    func names(name: String) throws {
        let bench = Bench(try Fixture.cluster())
        let bad = JSONValue.string(name)
        var steps = [
            Fixture.step("restart-deployment", ["namespace": "staging", "deployment": bad]),
            Fixture.step("restart-deployment", ["namespace": bad, "deployment": "api"]),
            Fixture.step("cordon-node", ["node": bad]),
            Fixture.step("get-configmap", ["namespace": "staging", "configmap": bad]),
            Fixture.step("update-image", Fixture.target.merging(["container": bad, "image": "a"]) { $1 }),
        ]
        if !["A", "-a", "a-", "a..b", "--force"].contains(name) {
            let configMap: [String: JSONValue] = ["namespace": "staging", "configmap": "settings", "value": "x"]
            steps.append(Fixture.step("update-configmap", configMap.merging(["key": bad]) { $1 }))
        }
        for step in steps {
            let error = #expect(throws: ExecutionError.self) { try bench.executor.captureState(for: step) }
            #expect(error?.code == .invalid && error?.mayHaveBeenApplied == false)
            #expect(error?.message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } == true)
            #expect(throws: ExecutionError.self) { try bench.executor.runPrechecks(for: step) }
            #expect(throws: ExecutionError.self) { try bench.executor.confirmIdentity(of: step) }
        }
        #expect(bench.transport.requests.isEmpty)
    }

    @Test(
        "numbers out of range and missing params are refused before any request",
        arguments: [
            ("scale-deployment", ["replicas": -1]), ("scale-deployment", ["replicas": 2_147_483_648]),
            ("scale-deployment", ["replicas": "3"]), ("scale-deployment", ["replicas": 3.5]), ("scale-deployment", [:]),
            ("rollout-undo", ["revision": 0]), ("rollout-undo", ["revision": "1"]),
            ("update-image", ["container": "api", "image": ""]),
            ("update-image", ["container": "api", "image": "a b"]),
        ] as [(String, [String: JSONValue])])
    func parameters(action: String, extra: [String: JSONValue]) throws {
        let bench = Bench(try Fixture.cluster())
        let step = Fixture.step(action, Fixture.target.merging(extra) { $1 })
        let error = #expect(throws: ExecutionError.self) { try bench.executor.captureState(for: step) }
        #expect(error?.code == .invalid)
        #expect(bench.transport.requests.isEmpty)
    }

    @Test("after the lease ended, nothing is sent", arguments: steps.indices)
    func lease(index: Int) throws {
        let bench = Bench(try Fixture.cluster())
        bench.mayMutate = false
        let (action, parameters) = Self.steps[index]
        let error = try #require(try bench.failure(Fixture.step(action, parameters)))
        #expect(error.code == .leaseEnded && !error.mayHaveBeenApplied)
        #expect(bench.transport.mutations.isEmpty)
    }

    @Test("a target that changed since before-state is left alone", arguments: steps.indices)
    func changedTarget(index: Int) throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        let (action, parameters) = Self.steps[index]
        let step = Fixture.step(action, parameters)
        let before = try bench.executor.captureState(for: step)
        let patch = #"{"metadata":{"labels":{"changed":"yes"}}}"#
        for path in [deploymentPath, "/api/v1/nodes/node-1", "/api/v1/namespaces/staging/configmaps/settings"] {
            #expect(try cluster.ask("PATCH", path, MediaType.merge, patch).status == 200)
        }
        let objects = cluster.objects
        let error = try #require(try bench.failure(step, before: before))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied)
        // At most one request, conditional on the old version, which the server refused.
        #expect(bench.transport.mutations.count <= 1)
        #expect(cluster.objects == objects)
    }

    @Test("a change that slips in between the last read and the patch is a conflict", arguments: steps.indices)
    func race(index: Int) throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        let (action, parameters) = Self.steps[index]
        let step = Fixture.step(action, parameters)
        let before = try bench.executor.captureState(for: step)
        bench.transport.beforeSend = { request throws(HTTPError) in
            guard request.method == "PATCH" else { return }
            for path in [deploymentPath, "/api/v1/nodes/node-1", "/api/v1/namespaces/staging/configmaps/settings"] {
                _ = try cluster.send(
                    HTTPRequest(
                        method: "PATCH", target: path, headers: [("Content-Type", MediaType.merge)],
                        body: Array(#"{"metadata":{"labels":{"changed":"yes"}}}"#.utf8)))
            }
        }
        let error = try #require(try bench.failure(step, before: before))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied)
        #expect(bench.transport.mutations.count == 1)
    }

    @Test("a node's heartbeat, its plugins' notes and its condition taints are no change of the target")
    func nodeNoise() throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        let step = Fixture.step("cordon-node", ["node": "node-1"])
        let before = try bench.executor.captureState(for: step)
        func patch(_ body: String) throws {
            #expect(try cluster.ask("PATCH", "/api/v1/nodes/node-1", MediaType.merge, body).status == 200)
        }
        try patch(#"{"metadata":{"annotations":{"plugin.example/seen":"1"}}}"#)
        try patch(#"{"spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]}}"#)
        _ = try bench.execute(step, before: before)
        try patch(#"{"spec":{"unschedulable":null}}"#)
        try patch(#"{"spec":{"taints":[{"key":"dedicated","value":"gpu","effect":"NoSchedule"}]}}"#)
        #expect(try bench.failure(step, before: before)?.code == .conflict)
    }

    @Test("an undo is conditional, too")
    func undoRace() throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        let (action, parameters) = Self.steps[2]
        _ = try bench.execute(Fixture.step(action, parameters))
        let undo = Fixture.step("rollout-undo", Fixture.target)
        let before = try bench.executor.captureState(for: undo)
        bench.transport.beforeSend = { request throws(HTTPError) in
            guard request.method == "PATCH" else { return }
            _ = try cluster.send(
                HTTPRequest(
                    method: "PATCH", target: deploymentPath, headers: [("Content-Type", MediaType.merge)],
                    body: Array(#"{"spec":{"replicas":4}}"#.utf8)))
        }
        #expect(try bench.failure(undo, before: before)?.code == .conflict)
        #expect(try bench.executor.captureState(for: undo).fields["images"]?["api"] == "registry.example/api:2.0")
    }

    @Test(
        "a version that only the status bumped does not stop the change, but three times is enough",
        arguments: [1, 2, 3])
    func statusBumps(bumps: Int) throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        var left = bumps
        // The revision annotation is what the deployment's controller writes all by itself.
        bench.transport.beforeSend = { request throws(HTTPError) in
            guard request.method == "PATCH", left > 0 else { return }
            left -= 1
            let body = #"{"metadata":{"annotations":{"deployment.kubernetes.io/note":"\#(left)"}}}"#
            _ = try cluster.send(
                HTTPRequest(
                    method: "PATCH", target: deploymentPath, headers: [("Content-Type", MediaType.merge)],
                    body: Array(body.utf8)))
        }
        let step = Fixture.step("scale-deployment", Self.steps[1].1)
        if bumps < 3 {
            _ = try bench.execute(step)
            #expect(try bench.executor.captureState(for: step).fields["replicas"] == 5)
        } else {
            let error = try #require(try bench.failure(step))
            #expect(error.code == .conflict && !error.mayHaveBeenApplied)
            #expect(try bench.executor.captureState(for: step).fields["replicas"] == 3)
        }
        #expect(bench.transport.mutations.count == min(bumps + 1, 3))
    }

    @Test("a connection that breaks while the patch is under way leaves it unknown", arguments: [false, true])
    func cutConnection(reached: Bool) throws {
        let bench = Bench(try Fixture.cluster())
        let cut = HTTPError(code: .timedOut, mayHaveBeenApplied: reached, message: "the connection was cut")
        if reached {
            bench.transport.afterSend = { request, response throws(HTTPError) in
                if request.method == "PATCH" { throw cut }
                return response
            }
        } else {
            bench.transport.beforeSend = { request throws(HTTPError) in if request.method == "PATCH" { throw cut } }
        }
        let step = Fixture.step("scale-deployment", Self.steps[1].1)
        let error = try #require(try bench.failure(step))
        #expect(error.code == .unreachable && error.mayHaveBeenApplied == reached)
        #expect(bench.transport.mutations.count == 1)
        #expect(try bench.executor.captureState(for: step).fields["replicas"] == (reached ? 5 : 3))
    }

    @Test("while waiting, a lost answer is asked for again")
    func cutWhileWaiting() throws {
        let bench = Bench(try Fixture.cluster())
        var left = 2
        bench.transport.beforeSend = { request throws(HTTPError) in
            guard request.method == "GET", !bench.transport.mutations.isEmpty, left > 0 else { return }
            left -= 1
            throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: "no route")
        }
        _ = try bench.execute(Fixture.step("scale-deployment", Self.steps[1].1))
        #expect(bench.progress.contains { $0.contains("does not answer") })
    }

    @Test("somebody else's change during the wait is reported, not taken for success")
    func overwritten() throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        bench.transport.afterSend = { request, response throws(HTTPError) in
            if request.method == "PATCH" {
                _ = try cluster.send(
                    HTTPRequest(
                        method: "PATCH", target: deploymentPath, headers: [("Content-Type", MediaType.merge)],
                        body: Array(#"{"spec":{"replicas":1}}"#.utf8)))
            }
            return response
        }
        let error = try #require(try bench.failure(Fixture.step("scale-deployment", Self.steps[1].1)))
        #expect(error.code == .notConverged && error.mayHaveBeenApplied)
        #expect(error.message.contains("changed by somebody else"))
    }

    @Test("an autoscaler on the deployment fails the precheck")
    func autoscaler() throws {
        let autoscaler: JSONValue = [
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": "api", "namespace": "staging"],
            "spec": ["scaleTargetRef": ["kind": "Deployment", "name": "api"], "maxReplicas": 5],
        ]
        let bench = Bench(try Fixture.cluster([autoscaler]))
        let step = Fixture.step("scale-deployment", Self.steps[1].1, prechecks: ["hpa-check"])
        #expect(try bench.executor.runPrechecks(for: step).first?.passed == false)
    }

    @Test(
        "prechecks say what is missing",
        arguments: [
            (
                "restart-deployment", ["namespace": "staging", "deployment": "absent"],
                ["deployment-exists", "minimum-replicas"]
            ),
            (
                "update-image", ["namespace": "staging", "deployment": "api", "container": "absent", "image": "a"],
                ["container-exists"]
            ),
            (
                "update-image", ["namespace": "staging", "deployment": "api", "container": "api", "image": "a:b:c/"],
                ["image-pullable"]
            ),
            (
                "update-image", ["namespace": "staging", "deployment": "api", "container": "api", "image": "x/UPPER"],
                ["image-pullable"]
            ),
            (
                "update-image",
                ["namespace": "staging", "deployment": "api", "container": "api", "image": "a@sha256:12"],
                ["image-pullable"]
            ),
            ("cordon-node", ["node": "absent"], ["node-exists", "capacity-check"]),
            ("get-configmap", ["namespace": "staging", "configmap": "absent"], ["configmap-exists"]),
            ("get-configmap", ["namespace": "staging", "configmap": "settings"], ["invented-check"]),
        ] as [(String, [String: JSONValue], [String])])
    func failingPrechecks(action: String, parameters: [String: JSONValue], names: [String]) throws {
        let bench = Bench(try Fixture.cluster())
        let results = try bench.executor.runPrechecks(for: Fixture.step(action, parameters, prechecks: names))
        #expect(results.map(\.name) == names)
        #expect(results.allSatisfy { !$0.passed && !$0.detail.isEmpty })
    }

    @Test(
        "image references that distribution accepts are accepted",
        arguments: [
            "a", "a/b", "a:latest", "localhost/a", "localhost:5000/a", "registry.example:443/a/b-c__d.e:V1_2.3-x",
            "registry.example/a:1@sha256:" + String(repeating: "0a", count: 32),
        ])
    func imageReferences(image: String) throws {
        let bench = Bench(try Fixture.cluster())
        let step = Fixture.step(
            "update-image", Fixture.target.merging(["container": "api", "image": .string(image)]) { $1 },
            prechecks: ["image-pullable"])
        let result = try #require(try bench.executor.runPrechecks(for: step).first)
        #expect(result.passed && result.detail.contains("only the rollout will show"))
    }

    @Test("a value too large to record, or a binary one, is refused before it is changed")
    func unrecordableValues() throws {
        let large = Fixture.configMap.setting(["metadata", "name"], "large")
            .setting(["data", "BIG"], .string(String(repeating: "x", count: 65_537)))
        let bench = Bench(try Fixture.cluster([large]))
        for (name, key) in [("large", "BIG"), ("large", "blob")] {
            let step = Fixture.step(
                "update-configmap",
                ["namespace": "staging", "configmap": .string(name), "key": .string(key), "value": "x"],
                stateFields: ["previous_value"])
            let error = #expect(throws: ExecutionError.self) { try bench.executor.captureState(for: step) }
            #expect(error?.code == .refused)
        }
    }

    @Test("a paused deployment is not restarted, for nothing would roll out")
    func paused() throws {
        let bench = Bench(try Fixture.cluster(deployment: Fixture.deployment().setting(["spec", "paused"], true)))
        #expect(try bench.failure(Fixture.step("restart-deployment", Fixture.target))?.code == .refused)
        #expect(bench.transport.mutations.isEmpty)
    }

    @Test(
        "an answer that is no JSON object is an error without its text", arguments: ["", "<html>secret", "[]", "\"x\""])
    func strangeAnswers(body: String) throws {
        let bench = Bench(ScriptedTransport { _ in HTTPResponse(status: 200, body: Array(body.utf8)) })
        let error = #expect(throws: ExecutionError.self) {
            try bench.executor.captureState(for: Fixture.step("cordon-node", ["node": "node-1"]))
        }
        #expect(error?.code == .unreachable && error?.message.contains("secret") == false)
    }
}
