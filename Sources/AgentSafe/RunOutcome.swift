public import ChangeModel
internal import Ledger
public import PolicyEngine
public import Runner

/// What became of one change in a run.
public struct RunOutcome: Sendable {
    public enum Status: String, Sendable {
        case executed, failed, aborted, locked, unknown, claimed, denied
        case awaitingApproval = "awaiting_approval"
        case recordFailed = "record_failed"
        case notAuthentic = "not_authentic"
    }

    public let id: ChangeID
    public let summary: String
    public let status: Status
    public let detail: String
    public let differences: [StateDifference]
    /// A read's answer, for the caller.
    public let output: JSONValue?
    /// What became of each step of a plan, in order; empty for a change of one step, and where nothing was executed.
    public let steps: [RunStep]
    /// Of a denial that ends by itself: when to run it again.
    public let retryAfter: Timestamp?
    /// What was done to the target, where that is recorded nowhere: whoever sees it must keep it.
    public let unrecorded: JSONValue?
    /// Values that a read found, for whoever asks for them: neither `json` nor any record has them.
    public internal(set) var secretOutput: [JSONValue] = []
    /// Who had it run before its approvals were there; nil for nearly every run.
    public internal(set) var brokenGlass: BrokenGlass?

    /// The exit code that this outcome alone would give.
    public var exitCode: Int32 {
        switch status {
        case .executed: 0
        case .awaitingApproval: 10
        case .denied: 20
        case .notAuthentic: 30
        case .failed, .aborted, .locked, .unknown, .claimed, .recordFailed: 1
        }
    }

    public var json: JSONValue {
        .compact([
            "id": .string(id.text), "summary": .string(summary), "status": .string(status.rawValue),
            "detail": .string(detail), "diff": .array(differences.map(\.json)), "output": output,
            "retry_after": retryAfter.map { .string($0.description) }, "unrecorded": unrecorded,
            "steps": steps.isEmpty ? nil : .array(steps.map(\.json)),
            "break_glass": brokenGlass?.json,
        ])
    }

    init(
        _ change: SignedChange, _ status: Status, _ detail: String, differences: [StateDifference] = [],
        output: JSONValue? = nil, retryAfter: Timestamp? = nil, unrecorded: JSONValue? = nil, steps: [RunStep] = []
    ) {
        self.retryAfter = retryAfter
        id = change.change.id
        summary = change.change.summary
        self.unrecorded = unrecorded
        self.status = status
        self.detail = detail
        self.differences = differences
        self.output = output
        self.steps = steps
    }

    /// A change that was carried out, wholly or in part.
    init(_ change: SignedChange, _ record: ExecutionRecord) {
        let isPlan = change.change.isPlan
        let id = change.change.id
        let isPartial = isPlan && record.outcome == .failed
        self.init(
            change, record.outcome == .succeeded ? .executed : .failed,
            record.summary
                + (isPartial
                    ? "; `agentsafe propose --resume \(id)` proposes the rest, `agentsafe rollback \(id)` what undoes it"
                    : ""),
            differences: record.differences, output: isPlan ? nil : record.steps.first?.output,
            steps: isPlan ? zip(change.change.steps, record.steps).map { RunStep(step: $0, record: $1) } : [])
        secretOutput = record.steps.compactMap(\.secretOutput)
    }

    /// A change that was not even looked at.
    init(unread id: ChangeID, _ error: AgentSafeError) {
        self.id = id
        summary = "not looked at"
        status = error.code == .notAuthentic ? .notAuthentic : .failed
        detail = error.message
        (differences, output, retryAfter, unrecorded, steps) = ([], nil, nil, nil, [])
    }
}

/// What became of one step of a plan.
public struct RunStep: Sendable {
    public let step: ChangeStep
    public let record: StepRecord

    /// As in the `execution` event, with the answer of a read.
    public var json: JSONValue { record.json(of: step, isPlan: true, recordsOutput: true) }
}
