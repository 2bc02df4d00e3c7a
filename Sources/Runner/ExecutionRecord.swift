public import ChangeModel

/// What became of one step.
public struct StepRecord: Sendable {
    public enum Outcome: String, Sendable {
        case succeeded, failed
        /// An earlier step failed, or this one could not be prepared: its target was left alone.
        case notRun = "not_run"
    }

    public var outcome: Outcome
    /// nil for a step that was not run.
    public var started: Timestamp?
    public var ended: Timestamp?
    /// One line for people: what was done, or why it failed.
    public var summary: String
    public var errorCode: String?
    /// Whether a failed mutation may have reached the target all the same.
    public var mayHaveBeenApplied = false
    /// Whether the target may be another than before: false for reads, for what never reached it, and for what left the
    /// object as it was.
    public var changed = false
    /// nil when the target could not be read afterwards.
    public var after: CapturedState?
    public var differences: [StateDifference] = []
    /// The answer of a read, for the caller; it is recorded only when the action says `record_output`.
    public var output: JSONValue?
    /// Values of a secret, for a caller who asks for them; never recorded.
    public var secretOutput: JSONValue?

    static func notRun(_ reason: String) -> StepRecord { StepRecord(outcome: .notRun, summary: reason) }
}

/// What became of the change.
public struct ExecutionRecord: Sendable {
    public enum Outcome: String, Sendable {
        case succeeded, failed
    }

    /// One for each step of the change, in order: those that succeeded, the one that failed, and those that were not run.
    public var steps: [StepRecord]

    public var outcome: Outcome { steps.allSatisfy { $0.outcome == .succeeded } ? .succeeded : .failed }
    /// Whether any target may be another than before.
    public var changed: Bool { steps.contains { $0.changed } }
    /// The state after the last step that was run; those of the others are recorded with the step that followed them.
    public var after: CapturedState? { steps.last { $0.outcome != .notRun }?.after }
    public var differences: [StateDifference] { steps.flatMap(\.differences) }
    /// One line for people.
    public var summary: String {
        Self.summary(of: steps.map { (outcome: $0.outcome.rawValue, text: $0.summary) })
    }

    /// One line about steps, from their outcomes and their own lines.
    public static func summary(of steps: [(outcome: String, text: String)]) -> String {
        guard steps.count > 1 else { return steps.first?.text ?? "" }
        guard let stop = steps.firstIndex(where: { $0.outcome != Outcome.succeeded.rawValue }) else {
            return steps.map(\.text).joined(separator: "; ")
        }
        let place = "step \(stop + 1) of \(steps.count)"
        return steps[stop].outcome == StepRecord.Outcome.notRun.rawValue
            ? "stopped before \(place): \(steps[stop].text)" : "\(place) failed: \(steps[stop].text)"
    }
}

/// One state field that is not what it was.
public struct StateDifference: Sendable, Hashable {
    public let field: String
    public let before: JSONValue
    public let after: JSONValue

    /// Compares two states field by field, in the order of the fields' names.
    public static func between(_ before: CapturedState, _ after: CapturedState) -> [StateDifference] {
        Set(before.fields.keys).union(after.fields.keys).sorted().compactMap { field in
            let (old, new) = (before.fields[field] ?? .null, after.fields[field] ?? .null)
            return old == new ? nil : StateDifference(field: field, before: old, after: new)
        }
    }

    public var json: JSONValue { ["field": .string(field), "before": before, "after": after] }
    /// `replicas: 3 -> 6`
    public var text: String { "\(field): \(before.canonicalText.prefix(80)) -> \(after.canonicalText.prefix(80))" }

    /// The text, where it may stand in a commit's message: numbers, flags, and the names of images. What a config map holds
    /// is in the evidence files alone.
    public var note: String? {
        let isPlain = [before, after].allSatisfy { value in
            switch value {
            case .null, .bool, .integer, .number: true
            case .string: field == "current_image"
            case .array, .object: false
            }
        }
        return isPlain ? text : nil
    }
}
