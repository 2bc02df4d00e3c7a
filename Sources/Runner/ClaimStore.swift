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
    /// Called for each step, in order, right before its target is changed.
    func recordPrepared(_ record: PreparedRecord) throws(RunStop)
    func recordExecution(_ record: ExecutionRecord) throws(RunStop)
    func recordAborted(reason: String) throws(RunStop)
}

/// What is known right before a target is changed.
public struct PreparedRecord: Sendable {
    /// The step's number, from 0.
    public var step: Int
    /// What became of the step before it, so that this is recorded whatever happens next; nil for the first.
    public var done: StepRecord?
    public var executor: String
    /// What the target said of itself.
    public var identity: [String: String]
    public var prechecks: [PrecheckResult]
    /// What it will be changed with; never the secrets themselves.
    public var credentials: [CredentialRecord] = []
    public var before: CapturedState
    /// The change that undoes this one; nil when nothing can.
    public var rollback: ChangeStep?
    public var leaseEnd: Timestamp
}
