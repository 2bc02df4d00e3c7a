internal import ChangeModel
internal import Runner

/// `scale-hpa`: between how many replicas the autoscaler may choose.
struct ScaleAutoscaler: AutoscalerOperation {
    let autoscaler: NamespacedName
    let minimum: Int64
    let maximum: Int64

    init(_ parameters: StepParameters) throws(ExecutionError) {
        autoscaler = try parameters.namespaced("hpa")
        minimum = try parameters.integer("min_replicas", in: 1...Int64(Int32.max))
        maximum = try parameters.integer("max_replicas", in: 1...Int64(Int32.max))
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "min-max-valid" else { return nil }
        return minimum <= maximum
            ? .passed("\(minimum) is not above \(maximum)")
            : .failed("the minimum \(minimum) is above the maximum \(maximum)")
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        [
            "min_replicas": .integer(Self.minimum(of: object)),
            "max_replicas": object?.at("spec", "maxReplicas") ?? .null,
            "current_replicas": object?.at("status", "currentReplicas") ?? 0,
        ]
    }

    /// 1 is the API's default.
    private static func minimum(of object: JSONValue?) -> Int64 { object?.at("spec", "minReplicas")?.integerValue ?? 1 }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        guard minimum <= maximum else {
            throw ExecutionError(
                code: .invalid, message: "the minimum \(minimum) is above the maximum \(maximum); nothing was sent")
        }
        if Self.minimum(of: current) == minimum, current?.at("spec", "maxReplicas")?.integerValue == maximum {
            return nil
        }
        return .patch(
            try object(in: session), .merge,
            [
                "metadata": (current ?? [:]).versionCondition,
                "spec": ["minReplicas": .integer(minimum), "maxReplicas": .integer(maximum)],
            ])
    }

    func unchanged(_ current: JSONValue?) -> String {
        "autoscaler `\(autoscaler.text)` has these limits already; nothing was changed"
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        guard Self.minimum(of: applied.answer) == minimum,
            applied.answer.at("spec", "maxReplicas")?.integerValue == maximum
        else {
            throw ExecutionError(
                code: .notConverged,
                message:
                    "autoscaler `\(autoscaler.text)` took the patch and has other limits; look for an admission webhook",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(
            summary: "autoscaler `\(autoscaler.text)` chooses between \(minimum) and \(maximum) replicas")
    }
}
