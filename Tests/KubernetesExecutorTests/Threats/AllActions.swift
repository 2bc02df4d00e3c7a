import ChangeModel
import EmbeddedCluster
import Runner
import Testing

/// Every action of the catalogue that this executor does over HTTP, on one cluster that holds secrets wherever an object can.
enum AllActions {
    static let secret = "aHVudGVyMg"

    static let parameters: [String: [String: JSONValue]] = [
        "apply-network-policy": ["namespace": "staging", "policy_name": "isolate", "pod_selector": "app=api"],
        "cordon-node": ["node": "node-1"],
        "create-namespace": ["namespace": "fresh"],
        "delete-namespace": ["namespace": "staging"],
        "delete-pod": ["namespace": "staging", "pod": "worker"],
        "drain-node": ["node": "node-1", "timeout": 60],
        "get-configmap": ["namespace": "staging", "configmap": "settings"],
        "get-pod-logs": ["namespace": "staging", "pod": "worker"],
        "get-secret": ["namespace": "staging", "secret": "db"],
        "restart-deployment": Fixture.target,
        "rollout-status": Fixture.target,
        "rollout-undo": Fixture.target,
        "scale-deployment": Fixture.target.merging(["replicas": 5]) { $1 },
        "scale-hpa": ["namespace": "staging", "hpa": "api", "min_replicas": 3, "max_replicas": 9],
        "uncordon-node": ["node": "node-2"],
        "update-configmap": ["namespace": "staging", "configmap": "settings", "key": "LOG_LEVEL", "value": "x"],
        "update-hpa-limits": ["namespace": "staging", "hpa": "api", "target_cpu_percent": 55],
        "update-image": Fixture.target.merging(["container": "api", "image": "registry.example/api:9"]) { $1 },
    ]

    static let names = parameters.keys.sorted()
    static let reads: Set<String> = ["get-configmap", "get-pod-logs", "get-secret", "rollout-status"]
    static let mutating = names.filter { !reads.contains($0) }

    static func step(_ action: String) throws -> ExecutionStep {
        try DefaultCatalogue.step(action, parameters[action] ?? [:])
    }

    /// The objects that the actions change, by path; what is not there yet is left out.
    static let objects: [String: String] = [
        "cordon-node": "/api/v1/nodes/node-1", "delete-namespace": "/api/v1/namespaces/staging",
        "delete-pod": "/api/v1/namespaces/staging/pods/worker", "drain-node": "/api/v1/nodes/node-1",
        "restart-deployment": deployment, "rollout-undo": deployment, "scale-deployment": deployment,
        "scale-hpa": autoscaler, "uncordon-node": "/api/v1/nodes/node-2",
        "update-configmap": "/api/v1/namespaces/staging/configmaps/settings", "update-hpa-limits": autoscaler,
        "update-image": deployment,
    ]
    private static let deployment = "/apis/apps/v1/namespaces/staging/deployments/api"
    private static let autoscaler = "/apis/autoscaling/v2/namespaces/staging/horizontalpodautoscalers/api"

    static func cluster() throws -> EmbeddedCluster {
        func hiding(_ object: JSONValue) -> JSONValue {
            let annotations = object.at("metadata", "annotations")?.objectValue ?? [:]
            return object.setting(
                ["metadata", "annotations"], .object(annotations.merging(["note": .string(secret)]) { $1 }))
        }
        let worker = Fixture.pod("worker", labels: ["app": "worker"], controller: "ReplicaSet")
            .setting(
                ["spec", "containers"],
                [
                    ["name": "web", "image": "a", "env": [["name": "TOKEN", "value": .string(secret)]]]
                ]
            )
            .setting(["metadata", "annotations"], ["embedded.agentsafe/log-web": .string("said \(secret)\n")])
        let configMap = Fixture.configMap.setting(["data", "PASSWORD"], .string(secret))
        let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "staging"]]
        let deployment = Fixture.deployment().setting(
            ["spec", "template", "metadata", "annotations"], ["t": .string(secret)])
        let cluster = try EmbeddedCluster(
            objects: Fixture.list(
                [
                    deployment, Fixture.node("node-1"), Fixture.node("node-2", unschedulable: true), configMap,
                    Fixture.kubeSystem, namespace, worker, ActionTests.secret, AutoscalerActionTests.autoscaler(),
                ]
                .map(hiding)), clock: { Fixture.now })
        // Something to undo.
        let bench = Bench(cluster)
        _ = try bench.execute(
            Fixture.step(
                "update-image", Fixture.target.merging(["container": "api", "image": "registry.example/api:2"]) { $1 }))
        return cluster
    }
}
