public import ChangeModel
internal import PolicyEngine

/// One authorised step as an executor sees it: names resolved, params effective, nothing left to decide.
public struct ExecutionStep: Sendable {
    public var action: ActionDefinition
    public var target: TargetEntry
    /// Defaults applied, and filled from the locator.
    public var parameters: [String: JSONValue]

    public init(action: ActionDefinition, target: TargetEntry, parameters: [String: JSONValue]) {
        self.action = action
        self.target = target
        self.parameters = parameters
    }

    init(_ step: PlannedStep) { self.init(action: step.action, target: step.target, parameters: step.parameters) }
}

/// What a precheck of the action found.
public struct PrecheckResult: Sendable, Hashable {
    public var name: String
    public var passed: Bool
    /// What was seen, for people; never an object's content.
    public var detail: String
    /// Of one that fails: whether the policy lets the step go on all the same.
    public var isAdvisory = false

    public init(name: String, passed: Bool, detail: String) {
        self.name = name
        self.passed = passed
        self.detail = detail
    }

    /// Whether the step ends here.
    public var stops: Bool { !passed && !isAdvisory }

    /// `{"name", "passed", "detail"}`, and `"advisory": true` of one that fails and stops nothing.
    public var json: JSONValue {
        .compact([
            "name": .string(name), "passed": .bool(passed), "detail": .string(detail),
            "advisory": !passed && isAdvisory ? .bool(true) : nil,
        ])
    }
}

/// What a target was like at one moment.
public struct CapturedState: Sendable, Hashable {
    /// The action's declared `state_fields`, and what a rollback needs.
    public var fields: [String: JSONValue]
    /// Keyed hash (`EvidenceKey`) of the object without `managedFields` and status noise; nil where there is no object.
    public var objectDigest: String?
    /// The object's version, on which the mutation is conditional where the API can do that.
    public var version: String?

    public init(fields: [String: JSONValue], objectDigest: String? = nil, version: String? = nil) {
        self.fields = fields
        self.objectDigest = objectDigest
        self.version = version
    }
}

/// What the execution did.
public struct ExecutionReport: Sendable, Hashable {
    /// One line for people.
    public var summary: String
    /// The answer of a read, for the caller's eyes; recorded only when the action says `record_output`.
    public var output: JSONValue?
    /// What the caller sees only on asking for it: values of a secret. Never recorded, whatever the action says.
    public var secretOutput: JSONValue?

    public init(summary: String, output: JSONValue? = nil, secretOutput: JSONValue? = nil) {
        self.summary = summary
        self.output = output
        self.secretOutput = secretOutput
    }
}

/// What a step would do, found out without doing it.
public enum Preview: Sendable, Hashable {
    /// What the target answered when it was asked to do everything but keep the result.
    case predicted(Prediction)
    /// It cannot be told, and why. This is not the same as that nothing would change.
    case unavailable(reason: String)
}

/// What a target would be like right after a step, before anything that follows from it has taken effect.
public struct Prediction: Sendable, Hashable {
    /// Its digest is another than before-state's where the object would change, even where no field shows it; nil where there
    /// would be no object.
    public var after: CapturedState
    public var differences: [StateDifference]
    /// What the fields do not show, one line each: Pods that would be evicted, objects that would be lost.
    public var notes: [String]

    public init(after: CapturedState, differences: [StateDifference], notes: [String] = []) {
        self.after = after
        self.differences = differences
        self.notes = notes
    }
}

/// Why a step could not be done. `mayHaveBeenApplied` decides between *failed* and *unknown*.
public struct ExecutionError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The target is not the one that the inventory pins.
        case wrongTarget = "wrong_target"
        case precheckFailed = "precheck_failed"
        case notFound = "not_found"
        /// The target changed since before-state was taken.
        case conflict
        case refused
        case notConverged = "not_converged"
        case unreachable
        case unsupported
        case invalid
        /// A credential or a secret could not be had, or cannot do what the step needs.
        case noCredential = "no_credential"
        /// The lease ended before the mutation could be sent.
        case leaseEnded = "lease_ended"
    }

    public var code: Code
    /// Says what happened and what to do; holds no content of objects and no secret.
    public var message: String
    public var mayHaveBeenApplied: Bool
    /// What a command printed before it failed; it goes where `ExecutionReport.output` goes.
    public var output: JSONValue?

    public init(code: Code, message: String, mayHaveBeenApplied: Bool = false, output: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.mayHaveBeenApplied = mayHaveBeenApplied
        self.output = output
    }

    public var description: String { message }
}

/// Something that can carry out actions on one kind of target. Called by the runner in this order: `use` where there is a
/// credential, `confirmIdentity`, `runPrechecks`, `captureState`, `execute`, `captureState`, `forgetCredential`.
public protocol Executor: AnyObject {
    /// A short name for the record: `kubernetes`, `embedded`.
    var name: String { get }

    /// Whether this executor can do that action at all.
    func supports(action: String) -> Bool

    /// From here on speaks to the target with this credential, and with nothing else that says who asks.
    func use(_ credential: Credential) throws(ExecutionError)

    /// Speaks as it did before `use`. Keeps nothing of the credential.
    func forgetCredential()

    /// Asks the target who it is and compares with what the locator pins (`cluster_uid`, `account`).
    /// - Returns: what the target said, for the record.
    func confirmIdentity(of step: ExecutionStep) throws(ExecutionError) -> [String: String]

    /// Runs every precheck that the action lists. A failing precheck is a result; an error means it could not be asked.
    func runPrechecks(for step: ExecutionStep) throws(ExecutionError) -> [PrecheckResult]

    func captureState(for step: ExecutionStep) throws(ExecutionError) -> CapturedState

    /// Asks the target what `execute` would do, without doing it (a server-side dry run).
    ///
    /// - Parameter before: the state as it is now.
    /// - Throws: what the target would refuse for real, too.
    func preview(_ step: ExecutionStep, before: CapturedState) throws(ExecutionError) -> Preview

    /// Mutates the target and waits until it converged.
    ///
    /// - Parameters:
    ///   - before: the state as of `prepared`; the mutation is conditional on its version where the API can.
    ///   - mayMutate: asked right before each mutating request; false means the lease has ended, and nothing is sent.
    ///   - progress: called with one line each time the wait has news.
    func execute(
        _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport
}

extension Executor {
    public func use(_ credential: Credential) throws(ExecutionError) {
        throw ExecutionError(
            code: .noCredential,
            message:
                "the executor `\(name)` cannot use credentials of type `\(credential.record.type)`; remove the backend "
                + "`\(credential.record.backend)` from agentsafe.yaml, or choose another executor")
    }

    public func forgetCredential() {}

    public func preview(_ step: ExecutionStep, before: CapturedState) throws(ExecutionError) -> Preview {
        .unavailable(reason: "the executor `\(name)` has no dry run of `\(step.action.name)`")
    }
}
