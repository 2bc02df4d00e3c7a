public import ChangeModel

/// The judgement of a change, votes included.
public enum Authorization: Sendable {
    case authorized(AuthorizedChange)
    /// `missing`: roles and the number of people still needed; a smallest such list.
    case awaitingApproval(Decision, plan: Plan, missing: [ApprovalRequirement])
    case denied(Decision)

    /// The decision in each case: the policy's own, or a deny that expiry or a vote made of it.
    public var decision: Decision {
        switch self {
        case .authorized(let change): change.decision
        case .awaitingApproval(let decision, _, _), .denied(let decision): decision
        }
    }
}

/// A change that may run now. Only `PolicyEngine` makes one, and the runner takes nothing else.
public struct AuthorizedChange: Sendable {
    public let change: Change
    public let digest: Digest
    public let plan: Plan
    /// The policy's own decision: `allow`, or `require_approval` that votes have met.
    public let decision: Decision
    /// Ids of the people whose approvals met the requirement; empty for a plain allow.
    public let approvedBy: [String]

    fileprivate init(change: Change, digest: Digest, plan: Plan, decision: Decision, approvedBy: [String]) {
        self.change = change
        self.digest = digest
        self.plan = plan
        self.decision = decision
        self.approvedBy = approvedBy
    }
}

extension PolicyEngine {
    /// Judges a change at `now`: its life time, the policy, and the votes. Always under `target_binding: enforce`.
    ///
    /// - Parameters:
    ///   - digest: SHA-256 of the change file's bytes.
    ///   - caller: the proposer as the identities of `main` know it. Anybody else is judged as anonymous.
    ///   - known: the change's plan, where it was asked for before; one that is not this engine's, of this change, is not
    ///     used.
    public func authorize(
        _ change: Change, digest: Digest, caller: Caller, history: VerifiedHistory, now: Timestamp,
        reusing known: Plan? = nil
    ) -> Authorization {
        let decision = decide(
            change, by: caller.id == change.proposer ? caller : .anonymous, history: history, now: now,
            binding: .enforce)
        guard now <= change.expires else {
            return .denied(decision.denied(.expired, "the change expired at \(change.expires); propose it again"))
        }
        // `created` is the proposer's word alone: dated back it shortens the life, dated ahead it is refused.
        let longest = catalogue.configuration.maximumExpiry
        guard change.created <= now + .seconds(300) else {
            return .denied(decision.denied(.lifetimeTooLong, "the change is dated \(change.created), in the future"))
        }
        guard change.expires <= change.created + .seconds(longest) else {
            return .denied(
                decision.denied(
                    .lifetimeTooLong,
                    "the change would live until \(change.expires); \(longest) seconds is the longest here"))
        }
        guard change.repository == catalogue.configuration.repository else {
            return .denied(
                decision.denied(
                    .wrongRepository, "the change names repository \(Excerpt.quoted(change.repository)), not this one"))
        }
        guard decision.result != .deny else { return .denied(decision) }
        let excluded = history.excludedVoters.union([change.proposer])
        let isOurs = known?.maker === maker && known?.change == digest
        let plan = isOurs ? known : plan(for: change, digest: digest)
        let votes = LatestVotes(history.votes, on: plan?.digest, excluding: excluded)
        if let objection = votes.objection(to: change) {
            return .denied(decision.denied(objection.code, objection.reason))
        }
        guard let plan else {
            // A rule may allow an unknown target, but nothing can be done to it.
            return .denied(decision.denied(.unknownTarget, UnknownTarget.words(unknownTarget(of: change))))
        }
        guard decision.result == .requireApproval else {
            return .authorized(
                AuthorizedChange(change: change, digest: digest, plan: plan, decision: decision, approvedBy: []))
        }
        let assignment = ApprovalAssignment(decision.approvals, voters: votes.approvers(of: plan.digest))
        guard assignment.missing.isEmpty else {
            return .awaitingApproval(decision, plan: plan, missing: assignment.missing)
        }
        return .authorized(
            AuthorizedChange(
                change: change, digest: digest, plan: plan, decision: decision, approvedBy: assignment.approvers))
    }
}

/// Each voter's latest vote; of two at one instant, the stricter. A rejection that an admin took back is none any more.
private struct LatestVotes {
    private let votes: [VerifiedVote]
    private let excluded: Set<String>

    /// - Parameters:
    ///   - plan: what approvals are needed for. Of two approvals at one instant, one for another plan is the stricter.
    ///   - excluded: who may neither approve nor take a rejection back.
    init(_ all: [VerifiedVote], on plan: Digest?, excluding excluded: Set<String>) {
        self.excluded = excluded
        var latest: [String: VerifiedVote] = [:]
        for vote in all where vote.rejector == nil {
            if let other = latest[vote.voter.id],
                (other.at, other.strictness(on: plan)) >= (vote.at, vote.strictness(on: plan))
            {
                continue
            }
            latest[vote.voter.id] = vote
        }
        let takenBack = all.filter {
            $0.rejector != nil && $0.kind == .withdraw && $0.voter.isPerson(with: Role.admin)
                && !excluded.contains($0.voter.id)
        }
        votes = latest.values.filter { vote in
            vote.kind != .reject || !takenBack.contains { $0.rejector == vote.voter.id && $0.at > vote.at }
        }.sorted { $0.voter.id < $1.voter.id }
    }

    /// A rejection stands whatever the plan, and before everything else; then the proposer's own withdrawal, and a
    /// cancellation by a person in charge.
    func objection(to change: Change) -> (code: DecisionCode, reason: String)? {
        if let vote = votes.first(where: { $0.kind == .reject && $0.voter.isPerson(with: Role.approver) }) {
            return (.rejected, "rejected by `\(vote.voter.id)` at \(vote.at)")
        }
        let withdrawals: [VerifiedVote.Kind] = [.withdraw, .cancel]
        if let vote = votes.first(where: { $0.voter.id == change.proposer && withdrawals.contains($0.kind) }) {
            return (.withdrawn, "withdrawn by its proposer at \(vote.at)")
        }
        if let vote = votes.first(where: {
            $0.kind == .cancel && ($0.voter.isPerson(with: Role.approver) || $0.voter.isPerson(with: Role.admin))
        }) {
            return (.withdrawn, "cancelled by `\(vote.voter.id)` at \(vote.at)")
        }
        return nil
    }

    func approvers(of plan: Digest) -> [Identity] {
        votes.filter {
            $0.kind == .approve && $0.plan == plan && $0.voter.kind == .person && !excluded.contains($0.voter.id)
        }.map(\.voter)
    }
}

extension VerifiedVote {
    fileprivate func strictness(on wanted: Digest?) -> Int {
        switch kind {
        case .approve: plan == wanted ? 0 : 1
        case .withdraw: 2
        case .cancel: 3
        case .reject: 4
        }
    }
}

extension Identity {
    fileprivate func isPerson(with role: String) -> Bool { kind == .person && has(role: role) }
}

extension Decision {
    /// The same judgement of risk, overruled.
    fileprivate func denied(_ code: DecisionCode, _ reason: String) -> Decision {
        var denied = Decision(
            result: .deny, code: code, reason: reason, riskClass: riskClass, effectiveRisk: effectiveRisk,
            warnings: warnings)
        denied.steps = steps
        return denied
    }
}
