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
    /// Ids of the people whose approvals met the requirement, or what of it was met when somebody broke the glass; empty for a
    /// plain allow.
    public let approvedBy: [String]
    /// Who had it run before its approvals were there; nil where they were, or none were needed.
    public let brokenGlass: BrokenGlass?
    /// Until when it may be prepared, its votes being as they are; nil where nothing but its life limits that.
    public let executeBy: Timestamp?

    fileprivate init(
        change: Change, digest: Digest, plan: Plan, decision: Decision, approvedBy: [String] = [],
        brokenGlass: BrokenGlass? = nil, executeBy: Timestamp? = nil
    ) {
        self.change = change
        self.digest = digest
        self.plan = plan
        self.decision = decision
        self.approvedBy = approvedBy
        self.brokenGlass = brokenGlass
        self.executeBy = executeBy
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
                AuthorizedChange(change: change, digest: digest, plan: plan, decision: decision))
        }
        let standing = ApprovalStanding(
            decision, plan: plan.digest, history: history, votes: votes, excluding: excluded, now: now)
        var glass: BrokenGlass?
        switch standing.outcome {
        case .met: break
        case .brokenGlass(let broken): glass = broken
        case .missing(let missing): return .awaitingApproval(decision, plan: plan, missing: missing)
        case .overdue(let code, let reason): return .denied(decision.denied(code, reason))
        }
        return .authorized(
            AuthorizedChange(
                change: change, digest: digest, plan: plan, decision: decision, approvedBy: standing.approvers,
                brokenGlass: glass, executeBy: standing.executeBy))
    }
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
