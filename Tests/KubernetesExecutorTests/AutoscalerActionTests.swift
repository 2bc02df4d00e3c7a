import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// The limits and targets of autoscalers, in the versions of their API.
@Suite("actions on autoscalers")
struct AutoscalerActionTests {
    static func autoscaler(_ metrics: JSONValue? = nil) -> JSONValue {
        [
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": "api", "namespace": "staging"],
            "spec": .compact([
                "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "api"], "minReplicas": 2,
                "maxReplicas": 6,
                "metrics": metrics ?? [
                    ["type": "Pods", "pods": ["metric": ["name": "queue"], "target": ["type": "AverageValue"]]],
                    resource("cpu", 70),
                ],
            ]),
        ]
    }

    static func resource(_ name: String, _ percent: Int64) -> JSONValue {
        [
            "type": "Resource",
            "resource": [
                "name": .string(name), "target": ["type": "Utilization", "averageUtilization": .integer(percent)],
            ],
        ]
    }

    @Test("an autoscaler's limits go up, and back by the recorded values", arguments: [ServerRelease.v1_36, .v1_20])
    func scaleAutoscaler(release: ServerRelease) throws {
        let bench = Bench(try Fixture.cluster([Self.autoscaler()], release: release))
        let name: [String: JSONValue] = ["namespace": "staging", "hpa": "api"]
        let done = try bench.perform("scale-hpa", name.merging(["min_replicas": 3, "max_replicas": 9]) { $1 })
        #expect(done.before.fields["min_replicas"] == 2 && done.before.fields["max_replicas"] == 6)
        #expect(done.after.fields["min_replicas"] == 3 && done.after.fields["max_replicas"] == 9)
        let version = release == .v1_36 ? "v2" : "v2beta2"
        #expect(bench.transport.mutations.first?.target.hasPrefix("/apis/autoscaling/\(version)/") == true)
        // What the server has is asked once.
        #expect(bench.transport.requests.count { $0.target == "/apis" } == 1)
        let back = try bench.rollBack(done.rollback)
        #expect(back.after.fields["min_replicas"] == 2 && back.after.fields["max_replicas"] == 6)
        let wrong = try DefaultCatalogue.step("scale-hpa", name.merging(["min_replicas": 4, "max_replicas": 3]) { $1 })
        #expect(try bench.executor.runPrechecks(for: wrong).map(\.passed) == [true, false])
        #expect(try bench.failure(wrong)?.code == .invalid)
    }

    @Test("a target changes and goes back, other metrics stay", arguments: [ServerRelease.v1_36, .v1_20])
    func updateTargets(release: ServerRelease) throws {
        let bench = Bench(try Fixture.cluster([Self.autoscaler()], release: release))
        let name: [String: JSONValue] = ["namespace": "staging", "hpa": "api"]
        let done = try bench.perform("update-hpa-limits", name.merging(["target_cpu_percent": 55]) { $1 })
        #expect(done.before.fields["target_cpu_percent"] == 70 && done.after.fields["target_cpu_percent"] == 55)
        #expect(done.before.fields["target_memory_percent"] == .null)
        let version = release == .v1_36 ? "v2" : "v2beta2"
        let path = "/apis/autoscaling/\(version)/namespaces/staging/horizontalpodautoscalers/api"
        let metrics = Self.autoscaler().at("spec", "metrics")?.arrayValue ?? []
        #expect(try bench.get(path).at("spec", "metrics") == [metrics[0], Self.resource("cpu", 55)])
        try bench.rollBack(done.rollback)
        #expect(try bench.get(path).at("spec", "metrics") == .array(metrics))
        // A target that was not there cannot be taken away by setting it, so there is no pair.
        let added = try bench.perform("update-hpa-limits", name.merging(["target_memory_percent": 80]) { $1 })
        #expect(added.after.fields["target_memory_percent"] == 80 && added.rollback == nil)
        #expect(try bench.get(path).at("spec", "metrics")?.arrayValue?.count == 3)
    }

    @Test("an absolute target is not replaced by a percentage, and nothing to do is said so")
    func absoluteTarget() throws {
        let absolute: JSONValue = [
            [
                "type": "Resource",
                "resource": ["name": "cpu", "target": ["type": "AverageValue", "averageValue": "500m"]],
            ]
        ]
        let name: [String: JSONValue] = ["namespace": "staging", "hpa": "api", "target_cpu_percent": 55]
        let bench = Bench(try Fixture.cluster([Self.autoscaler(absolute)]))
        #expect(try bench.failure(try DefaultCatalogue.step("update-hpa-limits", name))?.code == .refused)
        let same = Bench(try Fixture.cluster([Self.autoscaler([Self.resource("cpu", 55)])]))
        #expect(try same.perform("update-hpa-limits", name).report.summary.contains("already"))
        #expect(bench.transport.mutations.isEmpty && same.transport.mutations.isEmpty)
        let none = try DefaultCatalogue.step("update-hpa-limits", ["namespace": "staging", "hpa": "api"])
        let error = #expect(throws: ExecutionError.self) { try bench.executor.captureState(for: none) }
        #expect(error?.code == .invalid)
    }

    @Test("a server that has only autoscaling/v1 knows the CPU alone")
    func firstVersion() throws {
        let groups: JSONValue = ["groups": [["name": "autoscaling", "versions": [["version": "v1"]]]]]
        let object: JSONValue = [
            "metadata": ["name": "api", "uid": "u", "resourceVersion": "7"],
            "spec": ["maxReplicas": 6, "targetCPUUtilizationPercentage": 70],
        ]
        let transport = ScriptedTransport { request in
            let changed = object.setting(["spec", "targetCPUUtilizationPercentage"], 50)
            let body = request.target == "/apis" ? groups : request.method == "GET" ? object : changed
            return HTTPResponse(status: 200, body: body.canonicalBytes)
        }
        let bench = Bench(transport)
        let name: [String: JSONValue] = ["namespace": "staging", "hpa": "api"]
        let step = try DefaultCatalogue.step("update-hpa-limits", name.merging(["target_cpu_percent": 50]) { $1 })
        #expect(try bench.executor.captureState(for: step).fields["target_cpu_percent"] == 70)
        _ = try bench.execute(step)
        let patch = try #require(bench.transport.mutations.first)
        #expect(patch.target.hasPrefix("/apis/autoscaling/v1/"))
        #expect(try JSONValue(parsing: patch.body)["spec"] == ["targetCPUUtilizationPercentage": 50])
        let memory = try DefaultCatalogue.step("update-hpa-limits", name.merging(["target_memory_percent": 50]) { $1 })
        #expect(try bench.failure(memory)?.code == .refused)
    }
}
