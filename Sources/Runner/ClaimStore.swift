public import ChangeModel
public import PolicyEngine

/// Why a run stopped before anything was changed.
public struct RunStop: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Somebody else claimed the change or holds its target.
        case locked
        /// The change may not run any more.
        case notAuthorized = "not_authorized"
        /// The record could not be written; the change must not run without it.
        case recordFailed = "record_failed"
        /// What was read back is not authentic.
        case notAuthentic = "not_authentic"
    }

    public let code: Code
    public let message: String
    /// What was done to the target, where that is recorded nowhere: whoever sees it must keep it.
    public let unrecorded: JSONValue?

    public init(code: Code, message: String, unrecorded: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.unrecorded = unrecorded
    }

    public var description: String { message }
}

/// Where a run is recorded. Each call returns only when the record is where everybody can see it.
public protocol ClaimStore: AnyObject {
    /// Records the claim, and with it whatever decision and votes are not recorded yet.
    func claim(_ change: AuthorizedChange, leaseEnd: Timestamp) throws(RunStop)
    /// Judges the claimed change again, at main's newest verified commit.
    func authorizeAgain() throws(RunStop) -> Authorization
    /// The catalogue as of that judgement.
    func catalogue() throws(RunStop) -> Catalogue
    func recordPrepared(_ record: PreparedRecord) throws(RunStop)
    func recordExecution(_ record: ExecutionRecord) throws(RunStop)
    func recordAborted(reason: String) throws(RunStop)
}

/// What is known right before a target is changed.
public struct PreparedRecord: Sendable {
    public var executor: String
    /// What the target said of itself.
    public var identity: [String: String]
    public var prechecks: [PrecheckResult]
    public var before: CapturedState
    /// The change that undoes this one; nil when nothing can.
    public var rollback: ChangeStep?
    public var leaseEnd: Timestamp
}

/// What became of the change.
public struct ExecutionRecord: Sendable {
    public enum Outcome: String, Sendable {
        case succeeded, failed
    }

    public var outcome: Outcome
    public var started: Timestamp
    public var ended: Timestamp
    /// One line for people: what was done, or why it failed.
    public var summary: String
    public var errorCode: String?
    /// Whether a failed mutation may have reached the target all the same.
    public var mayHaveBeenApplied: Bool
    /// Whether the target may be another than before: false for reads, for what never reached it, and for what left the
    /// object as it was.
    public var changed: Bool
    /// nil when the target could not be read afterwards.
    public var after: CapturedState?
    public var differences: [StateDifference]
    /// The answer of a read, for the caller; it is recorded only when the action says `record_output`.
    public var output: JSONValue?
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
