import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// The catalogue's actions on namespaces, pods, secrets, autoscalers and network policies, from prechecks to after-state.
@Suite("actions of the catalogue end to end")
struct ActionTests {
    static let secret: JSONValue = [
        "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "db", "namespace": "staging"], "type": "Opaque",
        "data": ["password": "aHVudGVyMg==", "user": "c2hvcA=="],
    ]

    // MARK: Namespaces

    @Test("a namespace is created once, and its rollback deletes it")
    func createNamespace() throws {
        let bench = Bench(try Fixture.cluster())
        let done = try bench.perform("create-namespace", ["namespace": "fresh"])
        #expect(done.before.fields["exists"] == false && done.after.fields["exists"] == true)
        #expect(done.before.objectDigest == nil && done.after.objectDigest != nil)
        #expect(try bench.get("/api/v1/namespaces/fresh").at("status", "phase") == "Active")
        let step = try DefaultCatalogue.step("create-namespace", ["namespace": "fresh"])
        #expect(try bench.executor.runPrechecks(for: step).map(\.passed) == [false])
        #expect(try bench.failure(step)?.code == .refused)
        let sent = bench.transport.mutations.count
        let back = try bench.rollBack(done.rollback)
        #expect(back.after.fields["exists"] == false && back.after.objectDigest == nil)
        #expect(bench.transport.mutations.count == sent + 1)
        #expect(try bench.get("/api/v1/namespaces/fresh")["code"] == 404)
    }

    @Test("a namespace goes with what it holds, which is counted and named first")
    func deleteNamespace() throws {
        let cluster = try Fixture.cluster([Self.secret])
        let bench = Bench(cluster)
        let done = try bench.perform("delete-namespace", ["namespace": "staging"])
        let inventory = try #require(done.prechecks.last)
        #expect(
            inventory.detail
                == "would be lost: 1 configmaps, 1 deployments.apps, 3 pods, 1 replicasets.apps, 1 secrets")
        #expect(done.before.fields["inventory"]?["secrets"] == ["count": 1, "names": ["db"]])
        #expect(done.before.fields["inventory"]?["pods"]?["count"] == 3)
        #expect(done.before.fields["not_counted"] == [])
        #expect(done.after.fields["exists"] == false && done.after.fields["inventory"] == [:])
        #expect(done.rollback == nil)
        #expect(bench.progress.contains { $0.contains("waiting for its content to go") })
        #expect(!"\(done)".contains("aHVudGVyMg") && !"\(done)".contains("hunter2"))
        // Metadata alone is asked for.
        let secrets = bench.transport.requests.filter { $0.target.contains("/secrets") }
        #expect(
            !secrets.isEmpty && secrets.allSatisfy { $0.header("Accept")?.contains("PartialObjectMetadata") == true })
        let delete = try #require(bench.transport.mutations.first)
        let body = try JSONValue(parsing: delete.body)
        #expect(delete.method == "DELETE" && bench.transport.mutations.count == 1)
        #expect(body.at("preconditions", "uid") != nil && body["propagationPolicy"] == "Background")
        #expect(!cluster.objects.canonicalText.contains("hunter2"))
    }

    @Test(
        "the cluster's own namespaces are never deleted",
        arguments: ["default", "kube-system", "kube-public", "kube-node-lease", "kube-anything"])
    func systemNamespaces(name: String) throws {
        let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        let bench = Bench(try Fixture.cluster(name == "default" || name == "kube-system" ? [] : [namespace]))
        let step = try DefaultCatalogue.step("delete-namespace", ["namespace": .string(name)])
        let checks = try bench.executor.runPrechecks(for: step)
        #expect(checks.map(\.passed) == [true, false, true])
        #expect(try bench.failure(step)?.code == .refused)
        #expect(bench.transport.mutations.isEmpty)
    }

    @Test("kinds that may not be counted are named, not passed over")
    func inventoryWithoutRights() throws {
        let bench = Bench(try Fixture.cluster())
        bench.transport.afterSend = { request, response in
            request.target.contains("/secrets") || request.target == "/apis/policy/v1"
                ? HTTPResponse(status: request.target.contains("/secrets") ? 403 : 503, body: []) : response
        }
        let step = try DefaultCatalogue.step("delete-namespace", ["namespace": "staging"])
        let check = try #require(try bench.executor.runPrechecks(for: step).last)
        #expect(check.passed && check.detail.hasSuffix("not counted: policy/v1, secrets"))
        #expect(try bench.executor.captureState(for: step).fields["not_counted"] == ["policy/v1", "secrets"])
    }

    @Test("a namespace that finalizers hold is not converged, and may have been applied")
    func heldNamespace() throws {
        let held = Fixture.configMap.setting(["metadata", "finalizers"], ["example/hold"])
            .setting(["metadata", "name"], "held")
        let bench = Bench(try Fixture.cluster([held]), timeout: 30)
        let error = try #require(
            try bench.failure(try DefaultCatalogue.step("delete-namespace", ["namespace": "staging"])))
        #expect(error.code == .notConverged && error.mayHaveBeenApplied)
        #expect(error.message.contains("NamespaceFinalizersRemaining") && error.message.contains("30 s"))
    }

    // MARK: Pods

    @Test("a pod is deleted by uid with its grace period, and another one takes its place", arguments: [nil, 0, 5])
    func deletePod(grace: Int64?) throws {
        let bench = Bench(try Fixture.cluster())
        let pods = try bench.get("/api/v1/namespaces/staging/pods")["items"]?.arrayValue ?? []
        let pod = try #require(pods.first)
        let name = try #require(pod.at("metadata", "name")?.stringValue)
        var parameters: [String: JSONValue] = ["namespace": "staging", "pod": .string(name)]
        parameters["grace_period"] = grace.map { .integer($0) }
        let done = try bench.perform("delete-pod", parameters)
        #expect(done.before.fields["exists"] == true && done.after.fields["exists"] == false)
        #expect(done.before.fields["controller"]?.stringValue?.hasPrefix("ReplicaSet/api-") == true)
        let body = try JSONValue(parsing: try #require(bench.transport.mutations.first).body)
        #expect(body.at("preconditions", "uid") == pod.at("metadata", "uid"))
        // 0 would hide a pod that still runs.
        #expect(body["gracePeriodSeconds"] == grace.map { .integer(max(1, $0)) })
        let left = try bench.get("/api/v1/namespaces/staging/pods")["items"]?.arrayValue ?? []
        #expect(left.count == 3 && !left.contains { $0.at("metadata", "name")?.stringValue == name })
    }

    @Test("a bare pod and a mirror of a file fail the precheck")
    func podsWithoutController() throws {
        let mirror = Fixture.pod("mirror", controller: "Node")
            .setting(["metadata", "annotations"], ["kubernetes.io/config.mirror": "x"])
        let bench = Bench(try Fixture.cluster([Fixture.pod("bare"), mirror]))
        for (name, words) in [("bare", "no controller"), ("mirror", "mirrors a file")] {
            let step = try DefaultCatalogue.step("delete-pod", ["namespace": "staging", "pod": .string(name)])
            let check = try #require(try bench.executor.runPrechecks(for: step).last)
            #expect(!check.passed && check.detail.contains(words))
        }
        let absent = try DefaultCatalogue.step("delete-pod", ["namespace": "staging", "pod": "absent"])
        #expect(try bench.executor.runPrechecks(for: absent).map(\.passed) == [false, false])
        #expect(try bench.failure(absent)?.code == .notFound)
        #expect(bench.transport.mutations.isEmpty)
    }

    @Test("logs are the newest lines of one container, and cannot steer a terminal")
    func logs() throws {
        let pod = Fixture.pod("talker", controller: "ReplicaSet").setting(
            ["metadata", "annotations"], ["embedded.agentsafe/log-web": "one\ntwo\u{1B}[2J\r\u{9B}\nthree\n"])
        let bench = Bench(try Fixture.cluster([pod]))
        let name: [String: JSONValue] = ["namespace": "staging", "pod": "talker"]
        let done = try bench.perform("get-pod-logs", name.merging(["tail_lines": 2]) { $1 })
        #expect(done.report.output?["log"] == "two\u{FFFD}[2J\u{FFFD}\u{FFFD}\nthree\n")
        #expect(done.report.summary == "read 2 lines of container `web` of pod `staging/talker`")
        let request = try #require(bench.transport.requests.first { $0.target.contains("/log") })
        let target = try #require(RequestTarget(parsing: request.target))
        #expect(target.value(of: "tailLines") == "2" && target.value(of: "limitBytes") == "1048576")
        #expect(!"\(done.before)\(done.after)".contains("three"))
        let absent = try DefaultCatalogue.step("get-pod-logs", name.merging(["container": "absent"]) { $1 })
        #expect(try bench.failure(absent)?.message.contains("it has `web`") == true)
        let several = try #require(
            try bench.get("/api/v1/namespaces/staging/pods?labelSelector=app%3Dapi")["items"]?.arrayValue?.first?
                .at("metadata", "name"))
        let step = try DefaultCatalogue.step("get-pod-logs", ["namespace": "staging", "pod": several])
        #expect(try bench.failure(step)?.message.contains("`sidecar`, `api`; name one") == true)
    }

    // MARK: Secrets

    @Test("a secret is recorded by names and keyed hashes, its values go to who asks for them")
    func secret() throws {
        let bench = Bench(try Fixture.cluster([Self.secret]))
        let done = try bench.perform("get-secret", ["namespace": "staging", "secret": "db"])
        #expect(done.report.output == ["keys": ["password", "user"]])
        #expect(done.report.secretOutput == ["data": ["password": "aHVudGVyMg==", "user": "c2hvcA=="]])
        #expect(done.before == done.after)
        #expect(done.before.fields["type"] == "Opaque")
        let entry: JSONValue = ["password", "aHVudGVyMg=="]
        #expect(
            done.before.fields["data"]?["password"] == .string(try Fixture.evidenceKey.code(of: entry.canonicalBytes)))
        #expect(bench.transport.mutations.isEmpty)
    }

    // MARK: Network policies

    @Test("a network policy is applied, again, and to other pods")
    func networkPolicy() throws {
        let bench = Bench(try Fixture.cluster())
        let name: [String: JSONValue] = ["namespace": "staging", "policy_name": "isolate"]
        let done = try bench.perform("apply-network-policy", name.merging(["pod_selector": "app=api"]) { $1 })
        #expect(done.prechecks.last?.detail.hasPrefix("it isolates 3 pods: api-") == true)
        #expect(done.before.fields["exists"] == false)
        #expect(done.after.fields["pod_selector"] == ["matchLabels": ["app": "api"]])
        #expect(done.after.fields["policy_types"] == ["Ingress", "Egress"])
        let request = try #require(bench.transport.mutations.first)
        #expect(request.header("Content-Type") == "application/apply-patch+yaml")
        #expect(request.target.contains("fieldManager=agentsafe") && !request.target.contains("force"))
        let again = try bench.perform("apply-network-policy", name.merging(["pod_selector": "app = api"]) { $1 })
        #expect(again.report.summary.contains("already") && bench.transport.mutations.count == 1)
        let other = try bench.perform("apply-network-policy", name.merging(["pod_selector": "app in (api,web)"]) { $1 })
        #expect(
            other.after.fields["pod_selector"] == [
                "matchExpressions": [["key": "app", "operator": "In", "values": ["api", "web"]]]
            ])
        #expect(other.before.objectDigest != other.after.objectDigest)
    }

    @Test("a policy that somebody else owns, or that has rules, is left alone")
    func foreignPolicy() throws {
        let policy: JSONValue = [
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": ["name": "theirs", "namespace": "staging"],
            "spec": ["podSelector": ["matchLabels": ["app": "web"]], "policyTypes": ["Ingress", "Egress"]],
        ]
        let rules = policy.setting(["metadata", "name"], "open").setting(["spec", "ingress"], [[:]])
        let cluster = try Fixture.cluster([policy, rules])
        let bench = Bench(cluster)
        let before = cluster.objects
        for (name, code, words) in [
            ("theirs", ExecutionError.Code.conflict, ".spec.podSelector: FieldManagerConflict"),
            ("open", .refused, "ingress rules"),
        ] {
            let step = try DefaultCatalogue.step(
                "apply-network-policy",
                ["namespace": "staging", "policy_name": .string(name), "pod_selector": "app=api"])
            let error = try #require(try bench.failure(step))
            #expect(error.code == code && error.message.contains(words) && !error.mayHaveBeenApplied, "\(error)")
        }
        #expect(cluster.objects == before)
    }

    @Test(
        "whether policies are enforced is said as far as it can be known",
        arguments: [
            ("calico-node", true, "enforces"), ("kube-flannel-ds", false, "ignores"), ("something", true, "not known"),
        ])
    func plugin(name: String, passed: Bool, words: String) throws {
        let daemon: JSONValue = [
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": ["name": .string(name), "namespace": "kube-system"],
        ]
        let bench = Bench(try Fixture.cluster([daemon]))
        let step = try DefaultCatalogue.step(
            "apply-network-policy", ["namespace": "staging", "policy_name": "a", "pod_selector": "app"])
        let check = try #require(try bench.executor.runPrechecks(for: step).first { $0.name == "cni-supports-netpol" })
        #expect(check.passed == passed && check.detail.contains(words))
    }
}
