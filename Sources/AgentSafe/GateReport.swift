public import ChangeModel
public import Git
public import Ledger
public import PolicyEngine

/// What the gate found in a range of commits, and what it did about it.
public struct GateReport {
    public enum Content {
        /// Proposed or landed changes, each judged.
        case changes([Judgement])
        /// README, LICENSE and `docs/` only.
        case free
        /// A trust commit that enough admins signed.
        case trust(version: Int, signers: [String])
        case nothing
    }

    public let base: ObjectID
    public let head: ObjectID
    public let content: Content
    /// How many admins' signatures a trust commit still lacks.
    public var missingAdmins = 0
    /// How many foreign commits of main it adopts.
    public var adopts = 0
    /// What was recorded; nil when nobody asked for that.
    public var recorded: [RecordedEvent]?
    /// How many events are still owed, because one invocation records a bounded number.
    public var owed = 0
    /// What came onto main by this gate; nil when nobody asked for that.
    public var landed: [LandedChange]?
    /// What ran by broken glass and still lacks its review.
    public var openReviews: [OpenReview] = []
    /// The moment by which these are overdue or not.
    public var now = Timestamp(seconds: 0)

    init(base: ObjectID, head: ObjectID, content: Content, missingAdmins: Int = 0) {
        self.missingAdmins = missingAdmins
        self.base = base
        self.head = head
        self.content = content
    }

    /// The judged changes; none for another content.
    public var judgements: [Judgement] {
        if case .changes(let judgements) = content { return judgements }
        return []
    }
}

/// One event that the gate recorded.
public struct RecordedEvent: Sendable {
    public let kind: EventKind
    /// nil for a trust commit's event.
    public let change: ChangeID?
    public let height: Int
    public let commit: ObjectID

    init(_ accepted: AcceptedEvent) {
        kind = accepted.event.kind
        change = accepted.event.change?.id
        height = accepted.event.height
        commit = accepted.commit.id
    }

    public var json: JSONValue {
        [
            "event": .string(kind.rawValue), "change": change.map { .string($0.text) } ?? .null,
            "height": .integer(Int64(height)), "commit": .string(commit.description),
        ]
    }
}

/// One change that the gate brought onto main, and by which commit.
public struct LandedChange: Sendable {
    public let change: ChangeID
    public let commit: ObjectID

    public var json: JSONValue {
        ["change": .string(change.text), "commit": .string(commit.description)]
    }
}

extension GateReport {
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "base": .string(base.description), "head": .string(head.description), "result": .string(result),
        ]
        switch content {
        case .changes(let judgements): members["changes"] = .array(judgements.map(\.json))
        case .trust(let version, let signers):
            members["trust_version"] = .integer(Int64(version))
            members["signers"] = .strings(signers)
            members["missing_admins"] = .integer(Int64(missingAdmins))
            if adopts > 0 { members["adopts"] = .integer(Int64(adopts)) }
        case .free, .nothing: break
        }
        if let recorded {
            members["recorded"] = .array(recorded.map(\.json))
            members["owed"] = .integer(Int64(owed))
        }
        if !openReviews.isEmpty { members["open_reviews"] = .array(openReviews.map { $0.json(at: now) }) }
        if let landed { members["landed"] = .array(landed.map(\.json)) }
        return .object(members)
    }

    /// `allow`, `require_approval` or `deny`: the strictest of all that the range holds.
    public var result: String {
        if missingAdmins > 0 { return "require_approval" }
        guard case .changes(let judgements) = content else { return "allow" }
        let outcomes = judgements.map(\.outcome)
        return outcomes.contains("deny") ? "deny" : outcomes.contains("require_approval") ? "require_approval" : "allow"
    }
}

extension Judgement {
    /// `allow` (by the policy or by approval), `require_approval`, or `deny`.
    public var outcome: String {
        switch authorization {
        case .authorized: "allow"
        case .awaitingApproval: "require_approval"
        case .denied: "deny"
        }
    }

    public var missing: [ApprovalRequirement] {
        if case .awaitingApproval(_, _, let missing) = authorization { return missing }
        return []
    }

    /// Why the change may not run; nil where it may, or waits.
    var standingCode: DecisionCode? {
        if case .denied(let decision) = authorization { return decision.code }
        return nil
    }

    /// Who has it run before its approvals are there.
    public var brokenGlass: BrokenGlass? {
        if case .authorized(let authorized) = authorization { return authorized.brokenGlass }
        return nil
    }

    /// Until when it may be prepared, where its approvals set a limit.
    public var executeBy: Timestamp? {
        if case .authorized(let authorized) = authorization { return authorized.executeBy }
        return nil
    }

    public var approvedBy: [String] {
        if case .authorized(let authorized) = authorization { return authorized.approvedBy }
        return []
    }

    public var json: JSONValue {
        .compact([
            "id": .string(change.change.id.text), "digest": .string(change.digest.description),
            "proposer": .string(change.change.proposer),
            "reason": .string(change.change.reason), "ticket": change.change.ticket.map { .string($0) },
            "expires": .string(change.change.expires.description),
            "delegated_by": asking.chain.map { .strings($0.delegators) },
            "rollback_of": change.change.rollbackOf.map { .string($0.text) },
            "result": .string(outcome), "decision": standing.json,
            "plan": plan.map { .string($0.digest.description) } ?? .null,
            "missing": .requirements(missing),
            "review_due": reviewBy.map { .string($0.description) },
            "execute_by": executeBy.map { .string($0.description) },
            "break_glass": brokenGlass?.json,
            "votes": .array(
                votes.map {
                    .compact([
                        "by": .string($0.voter.id), "verdict": .string($0.kind.rawValue),
                        "at": .string($0.at.description), "of": $0.rejector.map { .string($0) },
                        "reason": $0.reason.map { .string($0) },
                    ])
                }),
            "approved_by": .strings(approvedBy),
            "preview": previewJSON,
        ]).merging(change.change.work)
    }
}
