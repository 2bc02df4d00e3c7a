internal import ChangeModel
internal import Runner

extension ExecutionRecord {
    /// The `execution` event's own member.
    func body(claim: Int?, steps: [JSONValue]) -> JSONValue {
        [
            "claim": .integer(Int64(claim ?? 0)), "outcome": .string(outcome.rawValue), "changed": .bool(changed),
            "steps": .array(steps),
        ]
    }
}

extension StepRecord {
    /// What became of a step, as events and `run` say it.
    ///
    /// - Parameter isPlan: whether it says for itself if it changed its target.
    func json(of step: ChangeStep, isPlan: Bool, recordsOutput: Bool) -> JSONValue {
        .compact([
            "action": .string(step.action), "target": .string(step.target), "outcome": .string(outcome.rawValue),
            "started": started.map { .string($0.description) }, "ended": ended.map { .string($0.description) },
            "summary": .string(summary), "error": errorCode.map { .string($0) },
            "may_have_been_applied": outcome == .failed ? .bool(mayHaveBeenApplied) : nil,
            "changed": isPlan ? .bool(changed) : nil, "diff": .array(differences.map(\.json)),
            "output": recordsOutput ? output : nil,
        ])
    }
}
