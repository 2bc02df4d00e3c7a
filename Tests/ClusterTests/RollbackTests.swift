import ChangeModel
import Runner
import Testing

/// Every pair of an action and its rollback action, rolled back for real.
@Suite("rollbacks on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct RollbackTests {
    @Test("scaling goes back to the recorded number", arguments: [0, 1, 5] as [Int64])
    func scale(replicas: Int64) throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 3)
        let performer = try Performer(cluster)
        let done = try performer.perform("scale-deployment", ["deployment": "web", "replicas": .integer(replicas)])
        #expect(done.checked == ["deployment-exists", "hpa-check"])
        #expect(done.passed, "\(done.prechecks)")
        #expect(done.before.fields["replicas"] == 3 && done.before.fields["available_replicas"] == 3)
        for field in ["replicas", "available_replicas", "ready_replicas"] {
            #expect(done.after.fields[field] == .integer(replicas))
        }
        #expect(done.before.objectDigest != done.after.objectDigest)
        let back = try performer.rollBack(done)
        #expect(back.step.action.name == "scale-deployment")
        #expect(back.after.fields["replicas"] == 3 && back.after.fields["available_replicas"] == 3)
        #expect(back.after.fields["template_digest"] == done.before.fields["template_digest"])
        #expect(try cluster.stayingPods("app=web").count == 3)
    }

    @Test("an image update is undone to the very template, and the undo itself is undone")
    func image() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment()
        let template = try cluster.get(cluster.deploymentPath()).at("spec", "template")
        let performer = try Performer(cluster)
        let done = try performer.perform(
            "update-image", ["deployment": "web", "container": "web", "image": "registry.example/web:2.0"])
        #expect(done.checked == ["deployment-exists", "container-exists", "image-pullable"])
        #expect(done.passed, "\(done.prechecks)")
        #expect(done.before.fields["current_image"] == "registry.example/web:1.0")
        #expect(done.after.fields["current_image"] == "registry.example/web:2.0")
        #expect(done.progress.first?.contains("waiting for the controller") == true || !done.progress.isEmpty)

        let undone = try performer.rollBack(done)
        #expect(undone.step.action.name == "rollout-undo" && undone.passed)
        #expect(try cluster.get(cluster.deploymentPath()).at("spec", "template") == template)
        #expect(undone.after.fields["template_digest"] == done.before.fields["template_digest"])

        let redone = try performer.rollBack(undone)
        #expect(redone.after.fields["template_digest"] == done.after.fields["template_digest"])
        let images = try cluster.stayingPods("app=web").map { $0.at("spec", "containers")?.arrayValue?.first?["image"] }
        #expect(images == ["registry.example/web:2.0", "registry.example/web:2.0"])
    }

    @Test("an undo goes to the revision that is named")
    func undoToRevision() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let performer = try Performer(cluster)
        for tag in ["2.0", "3.0"] {
            try performer.perform(
                "update-image",
                ["deployment": "web", "container": "web", "image": .string("registry.example/web:\(tag)")])
        }
        let missing = try performer.step("rollout-undo", ["deployment": "web", "revision": 9])
        #expect(try performer.verdicts(on: missing) == [true, false])
        let done = try performer.perform("rollout-undo", ["deployment": "web", "revision": 1])
        #expect(done.report.summary.contains("revision 1"))
        #expect(done.after.fields["images"]?["web"] == "registry.example/web:1.0")
    }

    @Test("cordon and uncordon undo each other")
    func cordon() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeNode("b")
        let performer = try Performer(cluster)
        let cordoned = try performer.perform("cordon-node", ["node": .string(node)])
        #expect(cordoned.checked == ["node-exists", "capacity-check"])
        #expect(cordoned.passed, "\(cordoned.prechecks)")
        #expect(cordoned.before.fields["schedulable"] == true && cordoned.after.fields["schedulable"] == false)
        let uncordoned = try performer.rollBack(cordoned)
        #expect(uncordoned.step.action.name == "uncordon-node")
        #expect(uncordoned.checked == ["node-exists", "node-cordoned"])
        #expect(uncordoned.passed && uncordoned.after.fields["schedulable"] == true)
        #expect(uncordoned.after.objectDigest == cordoned.before.objectDigest)
        let again = try performer.rollBack(uncordoned)
        #expect(again.step.action.name == "cordon-node" && again.after.fields["schedulable"] == false)
    }

    @Test("a config map's key goes back to its recorded value")
    func configMap() throws {
        let cluster = try RealCluster()
        try cluster.make([
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "settings", "namespace": .string(cluster.namespace)],
            "data": ["LEVEL": "info", "PASSWORD": "hunter2"],
        ])
        let performer = try Performer(cluster)
        let done = try performer.perform(
            "update-configmap", ["configmap": "settings", "key": "LEVEL", "value": "debug"])
        #expect(done.checked == ["configmap-exists", "dependent-pods"])
        #expect(done.passed, "\(done.prechecks)")
        #expect(done.before.fields["previous_value"] == "info")
        #expect(try cluster.get(cluster.path("configmaps", "settings")).at("data", "LEVEL") == "debug")
        let back = try performer.rollBack(done)
        #expect(back.after.objectDigest == done.before.objectDigest)
        #expect(
            try cluster.get(cluster.path("configmaps", "settings"))["data"] == ["LEVEL": "info", "PASSWORD": "hunter2"])
        // The neighbour's value is in no record.
        for state in [done.before, done.after, back.before, back.after] {
            #expect(!state.fields.values.contains { $0.canonicalText.contains("hunter2") })
        }
    }
}
