internal import ChangeModel

/// What votes make of a change that needs approval: who approved, whether in time, and whether somebody broke the glass.
///
/// A vote counts from its event in the ledger on, and from `now` while it has none; what it says of its own time can make it
/// older, and never earlier recorded. So everybody who knows the ledger, main and `now` comes to the same answer.
struct ApprovalStanding {
    enum Outcome {
        case met
        case brokenGlass(BrokenGlass)
        case missing([ApprovalRequirement])
        case overdue(DecisionCode, String)
    }

    let outcome: Outcome
    /// Those whose approvals fill a place.
    let approvers: [String]
    /// Until when the change may be prepared; nil where nothing limits that, or nothing is authorised.
    private(set) var executeBy: Timestamp?

    /// - Parameters:
    ///   - decision: the policy's, which requires approval.
    ///   - votes: `history`'s as they stand now.
    init(
        _ decision: Decision, plan: Digest, history: VerifiedHistory, votes: LatestVotes,
        excluding excluded: Set<String>,
        now: Timestamp
    ) {
        let terms = decision.terms
        let approvals = votes.approvals(of: plan)
        let assignment = ApprovalAssignment(decision.approvals, voters: approvals.map(\.voter))
        approvers = assignment.approvers
        if let within = terms.reviewBy {
            let end = (history.firstDecision ?? now) + .seconds(within)
            let recorded = history.votes.filter { ($0.recorded ?? now) <= end }
            let inTime = LatestVotes(recorded, on: plan, excluding: excluded).approvals(of: plan)
            if now > end, !ApprovalAssignment(decision.approvals, voters: inTime.map(\.voter)).missing.isEmpty {
                outcome = .overdue(
                    .reviewOverdue, "it was to be approved by \(end), and was not; propose it again")
                return
            }
        }
        if assignment.missing.isEmpty {
            outcome = Self.executionDeadline(decision, approvals, now) ?? .met
            executeBy = Self.executeBy(decision, approvals, now)
            return
        }
        if let glass = terms.breakGlass {
            let lifetime = Duration.seconds(terms.executeWithin ?? BreakGlassTerms.usualLifetime)
            // By what they say themselves, so that it makes no difference when they were recorded.
            let newest = votes.brokenGlass(for: plan, roles: glass.roles).filter { now <= $0.age(at: now) + lifetime }
                .max { ($0.at, $0.voter.id) < ($1.at, $1.voter.id) }
            if let newest {
                executeBy = newest.age(at: now) + lifetime
                outcome = .brokenGlass(
                    BrokenGlass(
                        by: newest.voter.id, reason: newest.reason ?? "", missing: assignment.missing,
                        reviewWithin: glass.reviewWithin))
                return
            }
        }
        outcome = .missing(assignment.missing)
    }

    /// The newest approval by somebody who has a role that is required sets it: whoever renews their word renews the time.
    private static func executeBy(_ decision: Decision, _ approvals: [VerifiedVote], _ now: Timestamp) -> Timestamp? {
        guard let within = decision.terms.executeWithin else { return nil }
        let newest = approvals.filter { vote in decision.approvals.contains { vote.voter.has(role: $0.role) } }
            .map { $0.age(at: now) }.max()
        return newest.map { $0 + .seconds(within) }
    }

    private static func executionDeadline(
        _ decision: Decision, _ approvals: [VerifiedVote], _ now: Timestamp
    ) -> Outcome? {
        guard let end = executeBy(decision, approvals, now), now > end else { return nil }
        return .overdue(
            .executionOverdue, "its approvals held until \(end), and it was not prepared by then; approve it again")
    }
}

extension VerifiedVote {
    /// From when on the vote grows old: when it was recorded, or when it says that it was cast, if that is earlier.
    func age(at now: Timestamp) -> Timestamp { min(at, recorded ?? now) }
}
