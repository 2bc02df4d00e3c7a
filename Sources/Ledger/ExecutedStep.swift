public import ChangeModel

/// A step by which a change did something to its target, or may have, and what undoes it.
public struct ExecutedStep: Sendable, Hashable {
    /// From 1.
    public let number: Int
    public let action: String
    public let target: String
    /// The recorded pair; null when nothing undoes the step.
    public let rollback: JSONValue

    /// `update-image on staging/api-server`
    public var summary: String { "\(action) on \(target)" }
}

extension ChangeRecord {
    func prepared(underClaim height: Int) -> [LedgerEvent] {
        events.filter { $0.kind == .prepared && $0.body["claim"] == .integer(Int64(height)) }
    }

    /// What the last claim of the change led to, in the order of its steps: by its execution, or by what a person found out.
    /// Of a plan's steps, those that left their target as it was are none. Empty when nothing was executed.
    public var executedSteps: [ExecutedStep] {
        guard let claim = last(.claim), let steps = claim.body["steps"]?.arrayValue else { return [] }
        let prepared = prepared(underClaim: claim.height)
        let changed: [Bool]
        if let execution = last(.execution) {
            let records = execution.body["steps"]?.arrayValue ?? []
            changed = steps.count == 1 ? [true] : records.map { $0["changed"] == .bool(true) }
        } else if let resolution = last(.resolution) {
            changed =
                prepared.compactMap { $0.body["done"] }.map { $0["changed"] == .bool(true) }
                + [resolution.outcome != Resolution.notApplied.rawValue]
        } else {
            return []
        }
        return zip(prepared, changed).enumerated().compactMap { index, entry in
            guard entry.1, steps.indices.contains(index) else { return nil }
            return ExecutedStep(
                number: index + 1, action: steps[index]["action"]?.stringValue ?? "",
                target: steps[index]["target"]?.stringValue ?? "", rollback: entry.0.body["rollback"] ?? .null)
        }
    }

    /// How many steps of a plan need not be done any more: those that succeeded, or that a person found applied.
    public var doneSteps: Int {
        if let execution = last(.execution) {
            return (execution.body["steps"]?.arrayValue ?? []).prefix { $0["outcome"] == "succeeded" }.count
        }
        guard let resolution = last(.resolution), let claim = last(.claim) else { return 0 }
        let prepared = prepared(underClaim: claim.height).count
        return resolution.outcome == Resolution.applied.rawValue ? prepared : max(0, prepared - 1)
    }
}
