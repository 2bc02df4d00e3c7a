import ChangeModel
import Runner
import Testing

/// This server's newest autoscaling API is `v2beta2`: discovery has to find that.
@Suite("autoscalers on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct AutoscalerTests {
    private func makeAutoscaler(_ cluster: RealCluster) throws {
        try cluster.make([
            "apiVersion": "autoscaling/v2beta2", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": "web", "namespace": .string(cluster.namespace)],
            "spec": [
                "minReplicas": 2, "maxReplicas": 5,
                "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"],
                "metrics": [
                    [
                        "type": "Resource",
                        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]],
                    ],
                    [
                        "type": "Pods",
                        "pods": [
                            "metric": ["name": "queue"], "target": ["type": "AverageValue", "averageValue": "30"],
                        ],
                    ],
                ],
            ],
        ])
    }

    private func specification(_ cluster: RealCluster) throws -> JSONValue? {
        try cluster.get(cluster.path("horizontalpodautoscalers", "web", group: "autoscaling/v2beta2"))["spec"]
    }

    @Test("limits are set and go back to the recorded ones")
    func limits() throws {
        let cluster = try RealCluster()
        try makeAutoscaler(cluster)
        let original = try specification(cluster)
        let performer = try Performer(cluster)
        let done = try performer.perform("scale-hpa", ["hpa": "web", "min_replicas": 3, "max_replicas": 9])
        #expect(done.checked == ["hpa-exists", "min-max-valid"] && done.passed, "\(done.prechecks)")
        #expect(done.before.fields["min_replicas"] == 2 && done.before.fields["max_replicas"] == 5)
        #expect(try specification(cluster)?["maxReplicas"] == 9)
        let back = try performer.rollBack(done)
        #expect(back.step.action.name == "scale-hpa" && back.passed)
        #expect(try specification(cluster) == original)
        #expect(back.after.objectDigest == done.before.objectDigest)
        let wrong = try performer.step("scale-hpa", ["hpa": "web", "min_replicas": 9, "max_replicas": 3])
        #expect(try performer.verdicts(on: wrong) == [true, false])
    }

    @Test("targets are set, other metrics stay, and the rollback brings the recorded ones back")
    func targets() throws {
        let cluster = try RealCluster()
        try makeAutoscaler(cluster)
        let original = try specification(cluster)
        let performer = try Performer(cluster)
        let done = try performer.perform("update-hpa-limits", ["hpa": "web", "target_cpu_percent": 60])
        #expect(done.before.fields["target_cpu_percent"] == 80 && done.after.fields["target_cpu_percent"] == 60)
        let metrics = try specification(cluster)?["metrics"]?.arrayValue ?? []
        #expect(metrics.count == 2 && Set(metrics) != Set(original?["metrics"]?.arrayValue ?? []))
        let back = try performer.rollBack(done)
        #expect(back.after.fields["target_cpu_percent"] == 80)
        // The server may have sorted them.
        #expect(
            Set(try specification(cluster)?["metrics"]?.arrayValue ?? []) == Set(original?["metrics"]?.arrayValue ?? [])
        )
    }
}
