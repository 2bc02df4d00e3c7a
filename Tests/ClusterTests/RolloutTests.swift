import ChangeModel
import Runner
import Testing

/// "Rolled out" as a real controller has it.
@Suite("rollouts on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct RolloutTests {
    @Test("a restart replaces every pod and waits for the new ones")
    func restart() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 3)
        let old = Set(try cluster.pods("app=web").compactMap { $0.at("metadata", "uid")?.stringValue })
        let performer = try Performer(cluster)
        let done = try performer.perform("restart-deployment", ["deployment": "web"])
        #expect(done.checked == ["deployment-exists", "minimum-replicas"])
        #expect(done.passed, "\(done.prechecks)")
        #expect(done.before.fields["generation"] == 1 && done.after.fields["generation"] == 2)
        #expect(done.after.fields["observed_generation"] == 2 && done.after.fields["available_replicas"] == 3)
        #expect(done.rollback == nil)
        let new = Set(
            try cluster.stayingPods("app=web")
                .compactMap { $0.at("metadata", "uid")?.stringValue })
        #expect(old.isDisjoint(with: new) && new.count == 3)
        #expect(performer.transport.mutations.count == 1)
    }

    @Test("an image that cannot be pulled is reported with the pods' own reason, and the change is known to be made")
    func brokenImage() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        try cluster.patch(cluster.deploymentPath(), ["spec": ["progressDeadlineSeconds": 2]])
        try cluster.wait(for: "the controller") {
            let deployment = try cluster.get(cluster.deploymentPath())
            return deployment.at("status", "observedGeneration") == deployment.at("metadata", "generation")
        }
        let performer = try Performer(cluster)
        let error = try performer.failure(
            "update-image", ["deployment": "web", "container": "web", "image": "registry.example/missing:1"])
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true)
        #expect(error?.message.contains("ImagePullBackOff") == true, "\(error?.message ?? "")")
    }

    @Test("the status of a rollout is read, and nothing is changed")
    func status() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 2)
        let performer = try Performer(cluster)
        let done = try performer.perform("rollout-status", ["deployment": "web"])
        #expect(done.report.output?["available_replicas"] == 2)
        #expect(done.before.objectDigest == done.after.objectDigest && performer.transport.mutations.isEmpty)
    }

    @Test("an autoscaler that would undo a scaling fails the precheck")
    func autoscaler() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        try cluster.make([
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": "web", "namespace": .string(cluster.namespace)],
            "spec": [
                "minReplicas": 1, "maxReplicas": 3,
                "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"],
            ],
        ])
        let performer = try Performer(cluster)
        let step = try performer.step("scale-deployment", ["deployment": "web", "replicas": 2])
        let results = try performer.verdicts(on: step)
        #expect(results == [true, false])
    }

    @Test("a config map is read for the caller")
    func configMap() throws {
        let cluster = try RealCluster()
        try cluster.make([
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "settings", "namespace": .string(cluster.namespace)], "data": ["LEVEL": "info"],
        ])
        let done = try Performer(cluster).perform("get-configmap", ["configmap": "settings"])
        #expect(done.report.output?.at("data", "LEVEL") == "info")
        #expect(!done.report.summary.contains("info"))
    }
}
