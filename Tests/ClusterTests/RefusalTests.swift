import ChangeModel
import HTTP
import Runner
import Testing

/// What a real API server says no to, and what is made of it.
@Suite("refusals of a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct RefusalTests {
    @Test("who may do nothing is told so, and what to do")
    func nobody() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster, as: "nobody")
        let error = try #require(try performer.failure("scale-deployment", ["deployment": "web", "replicas": 2]))
        #expect(error.code == .refused && !error.mayHaveBeenApplied)
        #expect(error.message.contains("403") && error.message.contains("Forbidden"))
        #expect(performer.transport.mutations.isEmpty)
    }

    @Test("a service account that may read but not write fails at the patch, and nothing was applied")
    func reader() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let token = try cluster.makeAccount(
            "reader",
            rules: [
                ["apiGroups": ["apps", "autoscaling"], "resources": ["*"], "verbs": ["get", "list"]],
                ["apiGroups": [""], "resources": ["*"], "verbs": ["get", "list"]],
            ])
        let performer = Performer(cluster, over: try RealCluster.transport(token: token))
        let step = try performer.step("restart-deployment", ["deployment": "web"])
        #expect(try !performer.verdicts(on: step).contains(false))
        let before = try performer.executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) {
            try performer.executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .refused && error?.mayHaveBeenApplied == false)
        #expect(error?.message.contains("403") == true)
        #expect(performer.transport.mutations.count == 1)
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 1)
    }

    @Test("a token that is none is told apart from one that may not")
    func badToken() throws {
        let cluster = try RealCluster()
        let performer = Performer(cluster, over: try RealCluster.transport(token: "not-a-token"))
        let error = try #require(try performer.failure("rollout-status", ["deployment": "web"]))
        #expect(error.code == .refused && error.message.contains("401"))
        #expect(!error.message.contains("not-a-token"))
    }

    @Test("another cluster than the pinned one is refused before anything else is asked")
    func wrongCluster() throws {
        let cluster = try RealCluster()
        let uid = try #require(try cluster.get("/api/v1/namespaces/kube-system").at("metadata", "uid")?.stringValue)
        let performer = try Performer(cluster)
        let right = try performer.step("restart-deployment", ["deployment": "web"], locator: ["cluster_uid": uid])
        #expect(try performer.executor.confirmIdentity(of: right) == ["cluster_uid": uid])
        let asked = performer.transport.requests.count
        let other = "00000000-0000-4000-8000-000000000000"
        let wrong = try performer.step("restart-deployment", ["deployment": "web"], locator: ["cluster_uid": other])
        let error = #expect(throws: ExecutionError.self) { try performer.executor.confirmIdentity(of: wrong) }
        #expect(error?.code == .wrongTarget && error?.message.contains(uid) == true)
        #expect(performer.transport.requests.count <= asked + 1)
    }

    @Test("what is not there fails its precheck")
    func missing() throws {
        let cluster = try RealCluster()
        let performer = try Performer(cluster)
        let step = try performer.step("restart-deployment", ["deployment": "web"])
        let results = try performer.executor.runPrechecks(for: step)
        #expect(results.first?.passed == false && results.first?.detail.contains("there is no deployment") == true)
    }
}
