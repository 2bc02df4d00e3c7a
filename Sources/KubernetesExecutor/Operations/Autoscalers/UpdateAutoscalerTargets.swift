internal import ChangeModel
internal import Runner

/// `update-hpa-limits`: at which use of CPU or memory the autoscaler adds replicas. Other metrics stay as they are.
struct UpdateAutoscalerTargets: AutoscalerOperation {
    let autoscaler: NamespacedName
    /// Percent by the resource's name.
    let targets: [String: Int64]

    init(_ parameters: StepParameters) throws(ExecutionError) {
        autoscaler = try parameters.namespaced("hpa")
        var targets: [String: Int64] = [:]
        targets["cpu"] = try parameters.optionalInteger("target_cpu_percent", in: 1...Int64(Int32.max))
        targets["memory"] = try parameters.optionalInteger("target_memory_percent", in: 1...Int64(Int32.max))
        guard !targets.isEmpty else {
            throw ExecutionError(
                code: .invalid,
                message: "give `target_cpu_percent`, `target_memory_percent`, or both; nothing was sent")
        }
        self.targets = targets
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        let metrics = AutoscalerMetrics(object ?? [:], version: try version(in: session))
        return [
            "target_cpu_percent": metrics.utilization(of: "cpu").map { .integer($0) } ?? .null,
            "target_memory_percent": metrics.utilization(of: "memory").map { .integer($0) } ?? .null,
            "metrics": .integer(Int64(metrics.count)),
        ]
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        var metrics = AutoscalerMetrics(current ?? [:], version: try version(in: session))
        if targets.allSatisfy({ metrics.utilization(of: $0.key) == $0.value }) { return nil }
        for (resource, percent) in targets.sorted(by: { $0.key < $1.key }) {
            if let fault = metrics.set(resource, percent) {
                throw ExecutionError(
                    code: .refused, message: "autoscaler `\(autoscaler.text)` \(fault); nothing was sent")
            }
        }
        return .patch(
            try object(in: session), .merge,
            ["metadata": (current ?? [:]).versionCondition, "spec": metrics.specification])
    }

    func unchanged(_ current: JSONValue?) -> String {
        "autoscaler `\(autoscaler.text)` has these targets already; nothing was changed"
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let metrics = AutoscalerMetrics(applied.answer, version: try version(in: execution.session))
        guard targets.allSatisfy({ metrics.utilization(of: $0.key) == $0.value }) else {
            throw ExecutionError(
                code: .notConverged,
                message: "autoscaler `\(autoscaler.text)` took the patch and has other targets; look for an admission "
                    + "webhook",
                mayHaveBeenApplied: true)
        }
        let text = targets.sorted { $0.key < $1.key }.map { "\($0.value) % of \($0.key)" }.joined(separator: ", ")
        return ExecutionReport(summary: "autoscaler `\(autoscaler.text)` aims at \(text)")
    }
}
