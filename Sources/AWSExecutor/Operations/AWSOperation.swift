internal import ChangeModel
internal import HTTP
internal import Runner

/// One action as this executor carries it out: a step's params read, every name checked. Nothing is sent before `init` is
/// through.
protocol AWSOperation: Sendable {
    init(_ parameters: StepParameters) throws(ExecutionError)

    /// For messages: ``instance `i-1` ``.
    var subject: String { get }
    /// Whether there may be nothing left after it.
    var endsResource: Bool { get }

    /// The resource as it is; nil when there is none.
    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource?

    /// Answers one precheck of the catalogue; nil for one that is none of this operation's own.
    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding?

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport
    func preview(_ session: AWSSession, before: CapturedState) throws(ExecutionError) -> Preview
}

extension AWSOperation {
    var endsResource: Bool { false }

    func preview(_ session: AWSSession, before: CapturedState) throws(ExecutionError) -> Preview {
        .unavailable(reason: "AWS has no dry run of this action")
    }

    func exists(_ resource: AWSResource?) -> AWSFinding {
        resource == nil
            ? AWSFinding(passed: false, detail: "there is no \(subject)")
            : AWSFinding(passed: true, detail: "\(subject) exists")
    }
}

/// What is known of a resource at one moment.
struct AWSResource {
    /// The catalogue's state fields, and what makes a difference readable.
    var fields: [String: JSONValue]
    /// What makes it the one that was looked at; its keyed hash is compared. Never recorded itself.
    var identity: JSONValue
    /// On which a mutation is conditional where the API can do that.
    var version: String?
}

struct AWSFinding {
    let passed: Bool
    let detail: String
}

/// One execution: the resource was read a moment ago and is the one of before-state.
struct AWSExecution {
    let session: AWSSession
    let current: AWSResource?
    let mayMutate: () -> Bool
    let progress: (String) -> Void

    func send(_ call: ServiceCall, in region: String) throws(ExecutionError) -> HTTPResponse {
        try session.send(call, in: region, mayMutate: mayMutate)
    }
}
