import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// A change through `run` costs the API server no more requests than the same through kubectl, by the server's own audit log. kubectl
/// has its discovery cache warm, and follows the change to its end, as `run` does.
@Suite("requests through run", .enabled(if: RealCluster.isThere, RealCluster.isMissing), .serialized)
struct RequestCountTests {
    private static let (ours, theirs) = ("counted-a", "counted-b")

    private func kubectl(_ home: TemporaryDirectory, _ words: [String]) throws {
        let path = try RealCluster.path("bin/kubectl")
        let kubeconfig = try RealCluster.path("\(Self.theirs).kubeconfig")
        let result = try Program.run(
            [path, "--kubeconfig=\(kubeconfig)"] + words, environment: ["PATH": "/usr/bin:/bin", "HOME": home.path],
            timeout: 300)
        try #require(result.status == 0, "\(words): \(result.errorText)")
    }

    /// The requests of one change and of the kubectl commands that do the same.
    private func compare(
        _ action: String, on target: String, _ parameters: [String], _ governed: GovernedCluster,
        inBetween: () throws -> Void,
        with commands: [[String]]
    ) throws -> (ours: [String], theirs: [String]) {
        let id = try governed.propose(action, on: target, parameters)
        try governed.land(id)
        let before = try AuditLog.requests(of: Self.ours).count
        try governed.execute(id, as: Self.ours)
        let own = try AuditLog.requests(of: Self.ours, after: before)
        try inBetween()
        let home = try TemporaryDirectory()
        try kubectl(home, ["api-resources"])
        let start = try AuditLog.requests(of: Self.theirs).count
        for command in commands { try kubectl(home, command) }
        return (own, try AuditLog.requests(of: Self.theirs, after: start))
    }

    @Test("a restart")
    func restart() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 3)
        let governed = try GovernedCluster(cluster)
        let space = "--namespace=\(cluster.namespace)"
        let (own, other) = try compare(
            "restart-deployment", on: "staging/web", [], governed, inBetween: { Host.real().sleep(1100) },
            with: [["rollout", "restart", space, "deployment/web"], ["rollout", "status", space, "deployment/web"]])
        #expect(own.count <= other.count, "\(own) against \(other)")
        #expect(own.filter { $0.hasPrefix("patch ") }.count == 1)
    }

    @Test("a scaling")
    func scale() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 2)
        let governed = try GovernedCluster(cluster)
        let space = "--namespace=\(cluster.namespace)"
        let (own, other) = try compare(
            "scale-deployment", on: "staging/web", ["replicas=5"], governed, inBetween: {},
            with: [
                // An operator looks for an autoscaler, too.
                ["get", "hpa", space], ["scale", space, "--replicas=2", "deployment/web"],
                ["rollout", "status", space, "deployment/web"],
            ])
        #expect(own.count <= other.count, "\(own) against \(other)")
        #expect(own.filter { $0.hasPrefix("patch ") }.count == 1)
    }

    @Test("a drain")
    func drain() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        let governed = try GovernedCluster(cluster, node: node)
        try cluster.makeDeployment(replicas: 6)
        let other = try cluster.makeNode("b")
        let id = try governed.propose("drain-node", on: "staging/node", [])
        try governed.agentsafe("bob", ["approve", id, "--yes"])
        try governed.agentsafe("carol", ["approve", id, "--yes"])
        try governed.land(id)
        let before = try AuditLog.requests(of: Self.ours).count
        try governed.execute(id, as: Self.ours)
        let own = try AuditLog.requests(of: Self.ours, after: before)
        try cluster.ask(
            "PATCH", "/api/v1/nodes/\(node)", ["spec": ["unschedulable": nil]], type: "application/merge-patch+json")
        try cluster.wait(for: "the pods on the other node") {
            try cluster.get(cluster.deploymentPath()).at("status", "availableReplicas") == 6
        }
        let home = try TemporaryDirectory()
        try kubectl(home, ["api-resources"])
        let start = try AuditLog.requests(of: Self.theirs).count
        try kubectl(home, ["drain", other])
        let foreign = try AuditLog.requests(of: Self.theirs, after: start)
        #expect(own.count <= foreign.count, "\(own) against \(foreign)")
        #expect(own.filter { $0.contains("/eviction") }.count == 6)
    }
}
