import ChangeModel
import Runner
import Testing

/// Dry runs: the server judges everything, and keeps nothing.
@Suite("dry runs on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct PreviewTests {
    private func prediction(_ performer: Performer, _ step: ExecutionStep) throws -> Prediction {
        _ = try performer.executor.runPrechecks(for: step)
        let before = try performer.executor.captureState(for: step)
        switch try performer.executor.preview(step, before: before) {
        case .predicted(let prediction): return prediction
        case .unavailable(let reason):
            Issue.record("unavailable: \(reason)")
            return Prediction(after: before, differences: [])
        }
    }

    @Test("every change is foretold, and no object is another afterwards")
    func everything() throws {
        let cluster = try RealCluster()
        let node = try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 2)
        let performer = try Performer(cluster)
        try performer.perform(
            "update-image", ["deployment": "web", "container": "web", "image": "registry.example/web:2.0"])
        try cluster.make([
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "settings", "namespace": .string(cluster.namespace)], "data": ["LEVEL": "info"],
        ])
        let pod = try #require(try cluster.pods("app=web").first?.at("metadata", "name"))
        let paths = [
            cluster.deploymentPath(), "/api/v1/nodes/\(node)", cluster.path("configmaps", "settings"),
            "/api/v1/namespaces/\(cluster.namespace)", cluster.path("pods", pod.stringValue ?? ""),
        ]
        func versions() throws -> [JSONValue?] {
            try paths.map { try cluster.get($0).at("metadata", "resourceVersion") }
        }
        let old = try versions()
        let steps: [(String, [String: JSONValue], String?)] = [
            ("scale-deployment", ["deployment": "web", "replicas": 7], "replicas"),
            ("restart-deployment", ["deployment": "web"], "template_digest"),
            (
                "update-image", ["deployment": "web", "container": "web", "image": "registry.example/web:3.0"],
                "current_image"
            ),
            ("rollout-undo", ["deployment": "web"], "template_digest"),
            ("cordon-node", ["node": .string(node)], "schedulable"),
            ("update-configmap", ["configmap": "settings", "key": "LEVEL", "value": "debug"], "data"),
            ("create-namespace", ["namespace": .string(cluster.namespace + "-x")], "exists"),
            ("delete-namespace", [:], "exists"),
            ("delete-pod", ["pod": pod], "exists"),
            ("apply-network-policy", ["policy_name": "isolate", "pod_selector": "app=web"], "exists"),
            ("drain-node", ["node": .string(node)], "schedulable"),
        ]
        for (action, parameters, field) in steps {
            let prediction = try prediction(performer, try performer.step(action, parameters))
            #expect(
                prediction.differences.contains { $0.field == field }, "\(action): \(prediction.differences)")
        }
        #expect(try versions() == old)
        #expect(try cluster.stayingPods("app=web").count == 2)
        #expect(try cluster.ask("GET", "/api/v1/namespaces/\(cluster.namespace)-x").status == 404)
        #expect(
            try cluster.ask("GET", cluster.path("networkpolicies", "isolate", group: "networking.k8s.io/v1")).status
                == 404)
    }

    @Test("what the server would refuse is refused in a dry run, too")
    func refusal() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let token = try cluster.makeAccount(
            "reader",
            rules: [["apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list"]]])
        let performer = Performer(cluster, over: try RealCluster.transport(token: token))
        let step = try performer.step("restart-deployment", ["deployment": "web"])
        let before = try performer.executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) { try performer.executor.preview(step, before: before) }
        #expect(error?.code == .refused && error?.message.contains("403") == true)
    }
}
