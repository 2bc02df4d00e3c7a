import ChangeModel
import HTTP
import OperatingSystem
import Runner
import Testing

/// The target changed between approval and execution: the server's own versions decide.
@Suite("ThreatMovedTarget", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct ThreatMovedTarget {
    private let scaling: [String: JSONValue] = ["deployment": "web", "replicas": 4]

    @Test("an edit after before-state stops the change, and nothing is sent")
    func editedBefore() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster)
        let error = try performer.failure("scale-deployment", scaling) {
            try cluster.patch(cluster.deploymentPath(), ["spec": ["replicas": 2]])
        }
        #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false)
        #expect(try cluster.get(cluster.deploymentPath()).at("spec", "replicas") == 2)
    }

    @Test("an edit in the very moment of the patch is not overwritten: the server refuses the old version")
    func editedDuring() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster)
        var edits = 0
        performer.transport.beforeSend = { request in
            guard request.method == "PATCH", edits == 0 else { return }
            edits += 1
            try? cluster.patch(cluster.deploymentPath(), ["spec": ["replicas": 2]])
        }
        let error = try performer.failure("scale-deployment", scaling)
        #expect(edits == 1 && performer.transport.mutations.count == 1)
        #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false)
        #expect(try cluster.get(cluster.deploymentPath()).at("spec", "replicas") == 2)
    }

    @Test("a controller's own news between the two do not stop it")
    func statusMoved() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster)
        var news = 0
        performer.transport.beforeSend = { request in
            guard request.method == "PATCH", news == 0 else { return }
            news += 1
            // Of just now: the controller takes older progress for a deadline that has passed.
            let now: JSONValue = .string(Timestamp(seconds: Host.real().now()).description)
            let condition: JSONValue = [
                "type": "Progressing", "status": "True", "reason": "Tests", "message": "news", "lastUpdateTime": now,
                "lastTransitionTime": now,
            ]
            try? cluster.patch(
                cluster.deploymentPath() + "/status", ["status": ["conditions": .array([condition])]])
        }
        let done = try performer.perform("scale-deployment", scaling)
        // The controller may answer the news with its own, once more.
        #expect(news == 1 && (2...3).contains(performer.transport.mutations.count))
        #expect(done.after.fields["available_replicas"] == 4)
    }

    @Test("a deployment that was deleted and made anew is another one")
    func madeAnew() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster)
        let error = try performer.failure("restart-deployment", ["deployment": "web"]) {
            try cluster.ask("DELETE", cluster.deploymentPath())
            try cluster.wait(for: "its end") { try cluster.ask("GET", cluster.deploymentPath()).status == 404 }
            try cluster.makeDeployment(replicas: 1)
        }
        #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false)
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 1)
    }

    @Test("an ended lease sends nothing")
    func endedLease() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster)
        performer.mayMutate = false
        #expect(try performer.failure("restart-deployment", ["deployment": "web"])?.code == .leaseEnded)
        #expect(performer.transport.mutations.isEmpty)
    }
}
