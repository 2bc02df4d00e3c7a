import ChangeModel
import Runner
import Testing

/// Draining nodes: the API's own evictions, budgets and controllers.
@Suite("drains on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct DrainTests {
    private func makeBudget(_ cluster: RealCluster, minimum: Int64, name: String = "web") throws {
        try cluster.make([
            "apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget",
            "metadata": ["name": .string(name), "namespace": .string(cluster.namespace)],
            "spec": ["minAvailable": .integer(minimum), "selector": ["matchLabels": ["app": "web"]]],
        ])
        try cluster.wait(for: "the budget's controller") {
            let budget = try cluster.get(cluster.path("poddisruptionbudgets", name, group: "policy/v1beta1"))
            return budget.at("status", "observedGeneration") == budget.at("metadata", "generation")
                && budget.at("status", "expectedPods")?.integerValue ?? 0 > 0
        }
    }

    private func podsOn(_ node: String, _ cluster: RealCluster) throws -> [JSONValue] {
        try cluster.get("/api/v1/pods?fieldSelector=spec.nodeName%3D\(node)")["items"]?.arrayValue ?? []
    }

    @Test("a drained node is cordoned and empty, its pods run elsewhere, and uncordon is the way back")
    func drain() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 3)
        try cluster.makeNode("b")
        #expect(try podsOn(node, cluster).count == 3)
        let performer = try Performer(cluster)
        let done = try performer.perform("drain-node", ["node": .string(node)])
        #expect(done.checked == ["node-exists", "workload-check", "pdb-check"] && done.passed, "\(done.prechecks)")
        #expect(try podsOn(node, cluster).isEmpty)
        #expect(try cluster.get("/api/v1/nodes/\(node)").at("spec", "unschedulable") == true)
        #expect(done.before.fields["pods_to_evict"]?.arrayValue?.count == 3)
        #expect(done.after.fields["pods_to_evict"] == [] && done.after.fields["schedulable"] == false)
        try cluster.wait(for: "the deployment elsewhere") {
            try cluster.get(cluster.deploymentPath()).at("status", "availableReplicas") == 3
        }
        let back = try performer.rollBack(done)
        #expect(back.step.action.name == "uncordon-node" && back.passed)
        #expect(try cluster.get("/api/v1/nodes/\(node)").at("spec", "unschedulable") == nil)
    }

    @Test("a budget is kept while pods move one after the other")
    func budget() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 3)
        try makeBudget(cluster, minimum: 2)
        try cluster.makeNode("b")
        let performer = try Performer(cluster)
        var fewest: Int64 = 3
        performer.transport.beforeSend = { request in
            guard request.target.contains("/eviction") else { return }
            let ready = try? cluster.get(cluster.deploymentPath()).at("status", "availableReplicas")?.integerValue
            fewest = min(fewest, (ready ?? nil) ?? 0)
        }
        try performer.perform("drain-node", ["node": .string(node)])
        #expect(try podsOn(node, cluster).isEmpty)
        #expect(fewest >= 2)
    }

    @Test("a budget that forbids every eviction fails the precheck, and names what is left behind when time is up")
    func forbidden() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 2)
        try makeBudget(cluster, minimum: 2)
        let performer = try Performer(cluster, patience: 1)
        let step = try performer.step("drain-node", ["node": .string(node)])
        #expect(try performer.verdicts(on: step) == [true, true, false])
        let error = try performer.failure("drain-node", ["node": .string(node)])
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true)
        #expect(error?.message.contains("left behind: `\(cluster.namespace)/web-") == true)
        #expect(error?.message.contains("budget forbids") == true && error?.message.contains("stays cordoned") == true)
        #expect(try podsOn(node, cluster).count == 2)
        #expect(try cluster.get("/api/v1/nodes/\(node)").at("spec", "unschedulable") == true)
    }

    @Test("two budgets over one pod are named before anything is evicted")
    func twoBudgets() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        try makeBudget(cluster, minimum: 0, name: "one")
        try makeBudget(cluster, minimum: 0, name: "two")
        let performer = try Performer(cluster)
        let step = try performer.step("drain-node", ["node": .string(node)])
        let results = try performer.executor.runPrechecks(for: step)
        #expect(results.last?.passed == false && results.last?.detail.contains("2 budgets") == true)
        // All the same: the server answers 500 to such an eviction, which says nothing was done only to those who know.
        let error = try #require(try performer.failure("drain-node", ["node": .string(node)]))
        #expect(error.mayHaveBeenApplied)
        #expect(try podsOn(node, cluster).count == 1)
    }

    @Test("a bare pod, and one with data that dies with it, stop the drain before anything is changed")
    func refusals() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "bare", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ])
        var spec = cluster.podSpec()
        spec["volumes"] = [["name": "cache", "emptyDir": [:]]]
        try cluster.make([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": "cached", "namespace": .string(cluster.namespace)],
            "spec": [
                "replicas": 1, "selector": ["matchLabels": ["app": "cached"]],
                "template": ["metadata": ["labels": ["app": "cached"]], "spec": spec],
            ],
        ])
        try cluster.wait(for: "both") { try podsOn(node, cluster).count == 2 }
        let performer = try Performer(cluster)
        let step = try performer.step("drain-node", ["node": .string(node)])
        let results = try performer.executor.runPrechecks(for: step)
        #expect(results.map { $0.passed } == [true, false, true])
        #expect(results[1].detail.contains("/bare`: nothing would start") && results[1].detail.contains("emptyDir"))
        let error = try performer.failure("drain-node", ["node": .string(node)])
        #expect(error?.code == .refused && error?.mayHaveBeenApplied == false)
        #expect(try cluster.get("/api/v1/nodes/\(node)").at("spec", "unschedulable") == nil)
    }

    @Test("pods of daemon sets stay where the params say so, and stop the drain where not")
    func daemons() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeNode("b")
        try cluster.make([
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": ["name": "agent", "namespace": .string(cluster.namespace)],
            "spec": [
                "selector": ["matchLabels": ["app": "agent"]],
                "template": ["metadata": ["labels": ["app": "agent"]], "spec": cluster.podSpec()],
            ],
        ])
        try cluster.makeDeployment(replicas: 2)
        try cluster.wait(for: "the daemons") { try cluster.pods("app=agent").count == 2 }
        let performer = try Performer(cluster)
        #expect(try performer.failure("drain-node", ["node": .string(node)])?.code == .refused)
        let done = try performer.perform("drain-node", ["node": .string(node), "ignore_daemonsets": true])
        #expect(done.passed, "\(done.prechecks)")
        #expect(try podsOn(node, cluster).map { $0.at("metadata", "labels", "app") } == ["agent"])
        #expect(done.after.fields["pods_that_stay"]?.arrayValue?.count == 1)
    }

    @Test("a pod that does not want to go is waited for, and named")
    func lingering() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1, annotations: ["standin/lingers": "true"])
        try cluster.makeNode("b")
        let error = try Performer(cluster, patience: 1).failure("drain-node", ["node": .string(node)])
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true)
        #expect(error?.message.contains("still stopping") == true)
        for pod in try podsOn(node, cluster) {
            let name = pod.at("metadata", "name")?.stringValue ?? ""
            try cluster.ask("DELETE", cluster.path("pods", name) + "?gracePeriodSeconds=0")
        }
    }
}
