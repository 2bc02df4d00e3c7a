import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// Draining a node: who goes, who stays, who holds it up.
@Suite("draining a node")
struct DrainTests {
    private static let drain: [String: JSONValue] = ["node": "node-1"]

    /// Three replicas on two nodes: two Pods on node-1, under a budget where one is given.
    private static func cluster(
        _ extra: [JSONValue] = [], minAvailable: JSONValue? = nil, release: ServerRelease = .v1_36
    ) throws -> EmbeddedCluster {
        try Fixture.cluster(extra + (minAvailable.map { [budget($0)] } ?? []), release: release)
    }

    private static func budget(_ minAvailable: JSONValue) -> JSONValue {
        [
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": ["name": "api", "namespace": "staging"],
            "spec": ["minAvailable": minAvailable, "selector": ["matchLabels": ["app": "api"]]],
        ]
    }

    private func pods(on node: String, _ bench: Bench) throws -> [String] {
        let items = try bench.get("/api/v1/pods?fieldSelector=spec.nodeName%3D\(node)")["items"]?.arrayValue ?? []
        return items.compactMap { $0.at("metadata", "name")?.stringValue }
    }

    private func isCordoned(_ bench: Bench) throws -> Bool {
        try bench.get("/api/v1/nodes/node-1").at("spec", "unschedulable") == true
    }

    @Test("its pods move to other nodes, and the way back lets pods return", arguments: [ServerRelease.v1_36, .v1_20])
    func drain(release: ServerRelease) throws {
        let bench = Bench(try Self.cluster(minAvailable: 1, release: release))
        let there = try pods(on: "node-1", bench)
        #expect(there.count == 2)
        let done = try bench.perform("drain-node", Self.drain)
        #expect(try pods(on: "node-1", bench).isEmpty && pods(on: "node-2", bench).count == 3)
        #expect(done.report.summary == "drained node `node-1`, pods evicted: 2")
        #expect(done.before.fields["pods_to_evict"] == .strings(there.map { "staging/\($0)" }.sorted()))
        #expect(done.after.fields["pods_to_evict"] == [] && done.after.fields["schedulable"] == false)
        #expect(done.before.objectDigest != done.after.objectDigest)
        let evictions = bench.transport.mutations.filter { $0.target.hasSuffix("/eviction") }
        let version: JSONValue = release == .v1_36 ? "policy/v1" : "policy/v1beta1"
        for eviction in evictions {
            let body = try JSONValue(parsing: eviction.body)
            #expect(body["apiVersion"] == version && body.at("deleteOptions", "preconditions", "uid") != nil)
        }
        #expect(evictions.count == 2 && bench.transport.mutations.count == 3)
        let back = try bench.rollBack(done.rollback)
        #expect(back.report.summary == "uncordoned node `node-1`" && back.after.fields["schedulable"] == true)
    }

    @Test("an emptied node that was cordoned before has changed all the same")
    func cordonedBefore() throws {
        let bench = Bench(try Self.cluster())
        try bench.perform("cordon-node", Self.drain)
        let done = try bench.perform("drain-node", Self.drain)
        #expect(done.before.objectDigest != done.after.objectDigest)
        #expect(bench.progress.contains("node `node-1`: was cordoned already"))
        #expect(bench.transport.mutations.count == 3)
    }

    @Test("a budget that allows one at a time is waited for")
    func oneAtATime() throws {
        let bench = Bench(try Self.cluster(minAvailable: 2))
        let done = try bench.perform("drain-node", Self.drain)
        #expect(done.report.summary.contains("pods evicted: 2"))
        // One was refused once, and then let go.
        #expect(bench.transport.mutations.count == 4)
        #expect(bench.progress.contains { $0.contains("a budget or a busy server holds `staging/api-") })
        #expect(try pods(on: "node-2", bench).count == 3)
    }

    @Test("a budget that allows nothing fails the precheck, and holds the drain until its time is up")
    func blocked() throws {
        let bench = Bench(try Self.cluster(minAvailable: 3))
        let step = try DefaultCatalogue.step("drain-node", Self.drain.merging(["timeout": 60]) { $1 })
        let check = try #require(try bench.executor.runPrechecks(for: step).last)
        #expect(check.name == "pdb-check" && !check.passed)
        #expect(check.detail.hasPrefix("budget `api` forbids to evict pod `staging/api-"))
        let error = try #require(try bench.failure(step))
        #expect(error.code == .notConverged && error.mayHaveBeenApplied)
        #expect(error.message.contains("left behind: `staging/api-") && error.message.contains("budget forbids it"))
        #expect(error.message.contains("after 60 s") && error.message.contains("the node stays cordoned"))
        #expect((60_000...70_000).contains(bench.slept))
        #expect(try isCordoned(bench) && pods(on: "node-1", bench).count == 2)
    }

    @Test(
        "a pod that would be lost, or come back at once, stops the drain before anything is changed",
        arguments: ["bare", "data", "daemon"])
    func refused(name: String) throws {
        let pod: JSONValue
        switch name {
        case "bare": pod = Fixture.pod(name)
        case "data":
            pod = Fixture.pod(name, controller: "ReplicaSet")
                .setting(["spec", "volumes"], [["name": "scratch", "emptyDir": [:]]])
        default: pod = Fixture.pod(name, controller: "DaemonSet")
        }
        let cluster = try Self.cluster([pod])
        let bench = Bench(cluster)
        let step = try DefaultCatalogue.step("drain-node", Self.drain)
        let check = try #require(try bench.executor.runPrechecks(for: step).first { $0.name == "workload-check" })
        #expect(!check.passed && check.detail.contains("`staging/\(name)`"))
        let objects = cluster.objects
        let error = try #require(try bench.failure(step))
        #expect(error.code == .refused && !error.mayHaveBeenApplied && error.message.contains("`staging/\(name)`"))
        #expect(cluster.objects == objects && bench.transport.mutations.isEmpty)
    }

    @Test("pods of daemon sets and mirrors stay, finished ones go")
    func staying() throws {
        let mirror = Fixture.pod("mirror", controller: "Node")
            .setting(["metadata", "annotations"], ["kubernetes.io/config.mirror": "x"])
        let finished = Fixture.pod("finished").setting(["status"], ["phase": "Succeeded"])
            .setting(["spec", "volumes"], [["name": "scratch", "emptyDir": [:]]])
        let bench = Bench(try Self.cluster([Fixture.pod("daemon", controller: "DaemonSet"), mirror, finished]))
        let there = try pods(on: "node-1", bench).filter { !["daemon", "mirror"].contains($0) }
        #expect(there.contains("finished"))
        let done = try bench.perform("drain-node", Self.drain.merging(["ignore_daemonsets": true]) { $1 })
        #expect(try pods(on: "node-1", bench).sorted() == ["daemon", "mirror"])
        #expect(done.report.summary == "drained node `node-1`, pods evicted: \(there.count), left in place: 2")
        #expect(done.after.fields["pods_that_stay"] == ["staging/daemon", "staging/mirror"])
    }

    @Test(
        "a connection that breaks under an eviction leaves it unknown, and it is not sent again",
        arguments: [false, true])
    func cut(reached: Bool) throws {
        let bench = Bench(try Self.cluster())
        bench.transport.afterSend = { request, response throws(HTTPError) in
            if request.target.hasSuffix("/eviction") {
                throw HTTPError(code: .timedOut, mayHaveBeenApplied: reached, message: "the connection was cut")
            }
            return response
        }
        let error = try #require(try bench.failure(try DefaultCatalogue.step("drain-node", Self.drain)))
        // What never left is known; the node was cordoned either way.
        #expect(error.mayHaveBeenApplied && (error.code == .unreachable) == reached)
        #expect(bench.transport.mutations.count == 2)
        #expect(error.message.contains("stays cordoned") == !reached)
    }

    @Test("a lease that ends on the way stops the drain where it is")
    func lease() throws {
        let bench = Bench(try Self.cluster())
        bench.transport.afterSend = { request, response in
            if request.method == "PATCH" { bench.mayMutate = false }
            return response
        }
        let error = try #require(try bench.failure(try DefaultCatalogue.step("drain-node", Self.drain)))
        #expect(error.code == .leaseEnded && error.mayHaveBeenApplied)
        #expect(bench.transport.mutations.map(\.method) == ["PATCH"])
        #expect(try isCordoned(bench) && pods(on: "node-1", bench).count == 2)
    }

    @Test("a server that refuses an eviction is not asked for the next one")
    func forbidden() throws {
        let bench = Bench(try Self.cluster())
        bench.transport.afterSend = { request, response in
            request.target.hasSuffix("/eviction") ? HTTPResponse(status: 403, body: Array("{}".utf8)) : response
        }
        let error = try #require(try bench.failure(try DefaultCatalogue.step("drain-node", Self.drain)))
        #expect(error.code == .refused && error.mayHaveBeenApplied && error.message.contains("stopped before pod"))
        #expect(bench.transport.mutations.count == 2)
    }

    @Test("what was seen for a run that was given up is looked at again for the next one")
    func secondRun() throws {
        let cluster = try Self.cluster()
        let bench = Bench(cluster)
        let step = try DefaultCatalogue.step("drain-node", Self.drain)
        #expect(try bench.executor.runPrechecks(for: step).allSatisfy(\.passed))
        let bare = Fixture.pod("bare").canonicalText
        #expect(try cluster.ask("POST", "/api/v1/namespaces/staging/pods", "application/json", bare).status == 201)
        let check = try #require(try bench.executor.runPrechecks(for: step).first { $0.name == "workload-check" })
        #expect(!check.passed && check.detail.contains("`staging/bare`"))
    }

    @Test("a budget that is not observed yet is waited for as long as the server says")
    func unobserved() throws {
        let bench = Bench(try Self.cluster())
        let body =
            #"{"kind":"Status","reason":"TooManyRequests","details":{"causes":[{"reason":"DisruptionBudget"}]},"code":429}"#
        var left = 2
        bench.transport.afterSend = { request, response in
            guard request.target.hasSuffix("/eviction"), left > 0 else { return response }
            left -= 1
            return HTTPResponse(status: 429, headers: [("Retry-After", "10")], body: Array(body.utf8))
        }
        // The embedded cluster has let both go; what counts is the rhythm.
        _ = try bench.execute(try DefaultCatalogue.step("drain-node", Self.drain))
        #expect(bench.slept >= 10_000)
    }

    @Test("a pod under several budgets is refused, and known not to be evicted")
    func severalBudgets() throws {
        let second = Self.budget(0).setting(["metadata", "name"], "second")
        let bench = Bench(try Self.cluster([second], minAvailable: 0))
        let step = try DefaultCatalogue.step("drain-node", Self.drain)
        let check = try #require(try bench.executor.runPrechecks(for: step).last)
        #expect(!check.passed && check.detail.contains("under 2 budgets"))
        let error = try #require(try bench.failure(step))
        #expect(error.code == .refused && error.message.contains("several disruption budgets"))
        #expect(try isCordoned(bench) && pods(on: "node-1", bench).count == 2)
    }

    @Test(
        "an empty selector catches nothing in policy/v1beta1, and everything in policy/v1",
        arguments: [
            (ServerRelease.v1_20, true), (.v1_36, false),
        ])
    func emptySelector(release: ServerRelease, passed: Bool) throws {
        let budget = Self.budget(3).setting(["spec", "selector"], [:])
        let bench = Bench(try Self.cluster([budget], release: release))
        let step = try DefaultCatalogue.step("drain-node", Self.drain)
        #expect(try bench.executor.runPrechecks(for: step).last?.passed == passed)
    }

    @Test("a preview asks for every eviction, and evicts nothing")
    func preview() throws {
        let cluster = try Self.cluster(minAvailable: 2)
        let bench = Bench(cluster)
        let step = try DefaultCatalogue.step("drain-node", Self.drain)
        let before = try bench.executor.captureState(for: step)
        let objects = cluster.objects
        guard case .predicted(let prediction) = try bench.executor.preview(step, before: before) else {
            Issue.record("no prediction")
            return
        }
        #expect(prediction.differences.map(\.field) == ["pods_to_evict", "schedulable"])
        #expect(
            prediction.notes.count == 2 && prediction.notes.allSatisfy { $0.hasPrefix("would evict pod `staging/") })
        #expect(cluster.objects == objects)
        bench.transport.afterSend = { request, response in
            request.target.hasSuffix("/eviction") ? HTTPResponse(status: 500, body: []) : response
        }
        guard case .unavailable = try bench.executor.preview(step, before: before) else {
            Issue.record("a prediction without answers")
            return
        }
    }

    @Test("a drain asks as little as it can")
    func requests() throws {
        let bench = Bench(try Self.cluster(minAvailable: 1))
        try bench.perform("drain-node", Self.drain)
        let asked = bench.transport.requests.map { "\($0.method) \($0.target.prefix { $0 != "?" })" }
        #expect(
            asked.filter { !$0.hasSuffix("/eviction") } == [
                "GET /api/v1/namespaces/kube-system", "GET /api/v1/nodes/node-1", "GET /api/v1/pods", "GET /apis",
                "GET /apis/policy/v1/poddisruptionbudgets", "PATCH /api/v1/nodes/node-1",
                // After the cordon, and until they are gone.
                "GET /api/v1/pods", "GET /api/v1/pods", "GET /api/v1/pods",
                // After-state.
                "GET /api/v1/nodes/node-1", "GET /api/v1/pods",
            ], "\(asked)")
    }
}
