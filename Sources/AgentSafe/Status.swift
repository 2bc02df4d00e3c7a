public import ChangeModel
public import Ledger
internal import Runner

/// Where a change is on its way.
public enum ChangeState: String, Sendable, CaseIterable {
    case proposed, approved, landed, claimed, executed, failed, unknown, denied, rejected, expired, withdrawn
    case awaitingApproval = "awaiting_approval"
    /// Denied by a limit on its proposer, and only for a time.
    case limited

    /// Whether nothing more will happen to the change by itself.
    public var isFinal: Bool {
        switch self {
        case .executed, .failed, .unknown, .denied, .rejected, .expired, .withdrawn: true
        case .proposed, .approved, .landed, .claimed, .awaitingApproval, .limited: false
        }
    }
}

public struct ChangeStatus {
    public let id: ChangeID
    public let state: ChangeState
    public let isLanded: Bool
    /// nil when the change cannot be judged any more, for example because its proposer's key was revoked.
    public let judgement: Judgement?
    public let record: ChangeRecord
    public let detail: String
    /// The proposal itself, wherever it was found; nil when its branch is gone and it never landed.
    public let proposal: Change?
    /// What it owes since somebody broke the glass; nil for nearly every change.
    public internal(set) var openReview: OpenReview?
    var now = Timestamp(seconds: 0)

    public var json: JSONValue {
        .compact([
            "id": .string(id.text), "state": .string(state.rawValue), "final": .bool(state.isFinal),
            "landed": .bool(isLanded), "detail": .string(detail), "change": judgement?.json ?? proposal?.json,
            "open_review": openReview?.json(at: now),
            "events": .array(
                record.events.map {
                    [
                        "event": .string($0.kind.rawValue), "height": .integer(Int64($0.height)),
                        "at": .string($0.at.description),
                    ]
                }),
        ])
    }
}

extension Change {
    /// What was asked for, without any judgement of it.
    var json: JSONValue {
        .compact([
            "id": .string(id.text), "proposer": .string(proposer), "reason": .string(reason),
            "ticket": ticket.map { .string($0) }, "expires": .string(expires.description),
            "rollback_of": rollbackOf.map { .string($0.text) },
        ]).merging(work)
    }

    /// `action`, `target` and `params`; of a plan `steps`, a list of objects with these.
    var work: [String: JSONValue] {
        guard steps.count == 1, let members = steps[0].json.objectValue else {
            return ["steps": .array(steps.map(\.json))]
        }
        return members
    }
}

extension JSONValue {
    /// An object with further members, which win.
    func merging(_ others: [String: JSONValue]) -> JSONValue {
        .object((objectValue ?? [:]).merging(others) { $1 })
    }
}

extension Workspace {
    /// Where `id` is, by what was fetched last.
    public func status(of id: ChangeID) throws(AgentSafeError) -> ChangeStatus {
        try status(of: id, in: try view())
    }

    /// Where a change is; what it owes besides is for `status` to add.
    func way(of id: ChangeID, in view: VerifiedView) throws(AgentSafeError) -> ChangeStatus {
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        let found = try find(id, in: view)
        guard found != nil || !record.events.isEmpty else {
            throw AgentSafeError(.failed, "there is no change `\(id)` here; fetch, or check the identifier")
        }
        let claim = try ledger { () throws(LedgerError) in try view.ledger.state.claim(id) }
        if let execution = record.last(.execution) {
            let succeeded = execution.outcome == "succeeded"
            let steps = execution.body["steps"]?.arrayValue ?? []
            let summary = ExecutionRecord.summary(
                of: steps.map { ($0["outcome"]?.stringValue ?? "", $0["summary"]?.stringValue ?? "") })
            return ChangeStatus(
                id: id, state: succeeded ? .executed : .failed, isLanded: true, judgement: nil, record: record,
                detail: summary, proposal: found?.change.change)
        }
        if let resolution = record.last(.resolution) {
            // Of a plan a person says what became of the step that was prepared last.
            let count = record.last(.claim)?.body["steps"]?.arrayValue?.count ?? 1
            let prepared = record.events.last { $0.kind == .prepared }?.body["step"]?.integerValue
            let applied = resolution.outcome == Resolution.applied.rawValue && record.doneSteps >= count
            let what = prepared.map { "step \($0) of \(count)" } ?? "it"
            return ChangeStatus(
                id: id, state: applied ? .executed : .failed, isLanded: true, judgement: nil, record: record,
                detail: "`\(resolution.by)` found that \(what) was \(resolution.outcome ?? ""): "
                    + (resolution.body["reason"]?.stringValue ?? ""), proposal: found?.change.change)
        }
        if let claim {
            let isUnknown = claim.isPrepared && now > claim.leaseEnd
            return ChangeStatus(
                id: id, state: isUnknown ? .unknown : .claimed, isLanded: true, judgement: nil, record: record,
                detail: isUnknown
                    ? "`\(claim.by)` prepared \(claim.place) and recorded no execution; look at the target, then `agentsafe resolve \(id)`"
                    : "claimed by `\(claim.by)` until \(claim.leaseEnd)", proposal: found?.change.change)
        }
        guard let found else {
            return ChangeStatus(
                id: id, state: .withdrawn, isLanded: false, judgement: nil, record: record,
                detail: "its branch is gone, and it never landed", proposal: nil)
        }
        let judgement = try judge(found.change, in: view)
        let (state, detail) = Self.state(of: judgement, isLanded: found.isLanded)
        return ChangeStatus(
            id: id, state: state, isLanded: found.isLanded, judgement: judgement, record: record, detail: detail,
            proposal: found.change.change)
    }

    private static func state(of judgement: Judgement, isLanded: Bool) -> (ChangeState, String) {
        switch judgement.authorization {
        case .authorized(let authorized):
            if isLanded {
                let glass = authorized.brokenGlass.map { ", the glass being broken by \($0.summary)" } ?? ""
                return (.landed, "it waits for a runner" + glass)
            }
            if let glass = authorized.brokenGlass {
                return (.approved, "the glass was broken by \(glass.summary); it waits to be landed")
            }
            return authorized.approvedBy.isEmpty
                ? (.proposed, "the policy allows it; it waits to be landed")
                : (.approved, "approved by \(authorized.approvedBy.joined(separator: ", ")); it waits to be landed")
        case .awaitingApproval(let decision, _, let missing):
            let needed = missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
            return (.awaitingApproval, "still missing: \(needed) (\(decision.reason))")
        case .denied(let decision):
            switch decision.code {
            case .expired: return (.expired, decision.reason)
            case .rejected: return (.rejected, decision.reason)
            case .withdrawn: return (.withdrawn, decision.reason)
            default: return (decision.limits?.retryAfter == nil ? .denied : .limited, decision.reason)
            }
        }
    }

    /// Waits until the change's state is final or `timeout` seconds have passed, fetching in between.
    public func waitForStatus(
        of id: ChangeID, timeout: Int64?, changed: (ChangeStatus) -> Void
    ) throws(AgentSafeError) -> ChangeStatus {
        let start = host.now()
        var last: ChangeState?
        while true {
            try fetchIfPossible(.change(id))
            let status = try status(of: id)
            if status.state != last { changed(status) }
            last = status.state
            let elapsed = host.now() - start
            if status.state.isFinal || timeout.map({ elapsed >= $0 }) == true { return status }
            host.sleep(2000)
        }
    }
}
