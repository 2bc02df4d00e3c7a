internal import ChangeModel
internal import Runner

/// One action as this executor carries it out: a step's params read, every name checked, every number in range.
///
/// Each conformance is a file below `Operations/` and a line in `OperationTable`. Nothing is sent before `init` is through.
protocol Operation: Sendable {
    init(_ parameters: StepParameters) throws(ExecutionError)

    /// Whether there may be no object, before or after: what creates and what deletes.
    static var allowsAbsence: Bool { get }

    /// The object that before-state, after-state and the digest are about.
    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress

    /// Answers one precheck of the catalogue. Reads only.
    ///
    /// - Parameter object: as it is; nil, only where `allowsAbsence`, when there is none.
    /// - Returns: nil for a precheck that is none of this operation's own.
    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding?

    /// The state fields of the object: those that the catalogue declares, and what makes a difference readable.
    ///
    /// - Parameter object: nil, only where `allowsAbsence`, when there is none.
    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue]

    /// The whole record of before- or after-state; by default the fields, the object's keyed hash and its version.
    func state(
        of object: JSONValue?, at address: ResourceAddress, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> CapturedState

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport

    /// What `execute` would do, by asking the server to do it without storing the result.
    func preview(_ rehearsal: Rehearsal) throws(ExecutionError) -> Preview
}

extension Operation {
    static var allowsAbsence: Bool { false }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? { nil }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] { [:] }

    func state(
        of object: JSONValue?, at address: ResourceAddress, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> CapturedState {
        let digest = try object.map { (object) throws(ExecutionError) in
            try ObjectDigest.of(object, at: address, key: session.key)
        }
        return CapturedState(
            fields: try fields(of: object, for: action, in: session), objectDigest: digest, version: object?.version)
    }
}

/// An operation that only looks.
protocol ReadOperation: Operation {}

extension ReadOperation {
    func preview(_ rehearsal: Rehearsal) throws(ExecutionError) -> Preview {
        .predicted(Prediction(after: rehearsal.before, differences: [], notes: ["this action only reads"]))
    }
}

/// What a precheck found.
struct Finding {
    let passed: Bool
    /// Never an object's content.
    let detail: String

    static func passed(_ detail: String) -> Finding { Finding(passed: true, detail: detail) }
    static func failed(_ detail: String) -> Finding { Finding(passed: false, detail: detail) }
}
