import ChangeModel
import EmbeddedCluster
import KubernetesExecutor
import OperatingSystem
import Runner
import Testing

/// The cluster that comes with the examples, and the catalogue's actions on it.
@Suite("the example cluster")
struct DemoClusterTests {
    private func bench(_ file: String = #filePath) throws -> Bench {
        let root = Files.parent(of: Files.parent(of: Files.parent(of: file)))
        let content = try JSONValue(parsing: try Files.read("\(root)/examples/clusters/demo.json"))
        return Bench(try EmbeddedCluster(objects: content, clock: { Fixture.now }))
    }

    @Test("a node is taken out of service and back, as the template `node-maintenance` has it")
    func nodeMaintenance() throws {
        let bench = try bench()
        let node: [String: JSONValue] = ["node": "node-2"]
        let cordon = try bench.perform("cordon-node", node)
        let drain = try bench.perform("drain-node", node.merging(["timeout": 120, "ignore_daemonsets": true]) { $1 })
        #expect(drain.before.fields["pods_to_evict"] != [] && drain.after.fields["pods_to_evict"] == [])
        #expect(drain.rollback?.action == "uncordon-node" && cordon.rollback == drain.rollback)
        #expect(try bench.rollBack(drain.rollback).after.fields["schedulable"] == true)
    }

    @Test("deployments are restarted, scaled, given an image and brought back")
    func deployments() throws {
        let bench = try bench()
        let target: [String: JSONValue] = ["namespace": "staging", "deployment": "api-server"]
        let before = try bench.get("/apis/apps/v1/namespaces/staging/deployments/api-server").at("spec", "template")
        let scaled = try bench.perform("scale-deployment", target.merging(["replicas": 5]) { $1 })
        try bench.rollBack(scaled.rollback)
        let container = try #require(before?.at("spec", "containers")?.arrayValue?.first?["name"])
        let updated = try bench.perform(
            "update-image", target.merging(["container": container, "image": "registry.example/api:9"]) { $1 })
        let back = try bench.rollBack(updated.rollback)
        #expect(
            try bench.get("/apis/apps/v1/namespaces/staging/deployments/api-server").at("spec", "template") == before)
        // Undoing the undoing leads to the update again.
        let again = try bench.rollBack(back.rollback)
        #expect(again.after.fields["images"]?[container.stringValue ?? ""] == "registry.example/api:9")
        try bench.perform("restart-deployment", target)
        try bench.perform("rollout-status", target)
        #expect(
            try bench.executor.captureState(for: try DefaultCatalogue.step("rollout-status", target)).fields["replicas"]
                == scaled.before.fields["replicas"])
    }

    @Test("a config map's value goes back to what it was")
    func configMap() throws {
        let bench = try bench()
        let path = "/api/v1/namespaces/staging/configmaps/app-config"
        let data = try bench.get(path)["data"]
        let key = try #require(data?.objectValue?.keys.sorted().first)
        let done = try bench.perform(
            "update-configmap",
            ["namespace": "staging", "configmap": "app-config", "key": .string(key), "value": "\"other\": {}"])
        #expect(try bench.get(path)["data"] != data)
        try bench.rollBack(done.rollback)
        #expect(try bench.get(path)["data"] == data)
    }
}
