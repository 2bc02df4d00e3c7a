internal import ChangeModel

/// Each voter's latest vote; of two at one instant, the stricter. A rejection that an admin took back is none any more.
struct LatestVotes {
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

    /// Rejections by persons who may reject.
    var rejections: [VerifiedVote] {
        votes.filter { $0.kind == .reject && $0.voter.isPerson(with: Role.approver) }
    }

    /// A rejection stands whatever the plan, and before everything else; then the proposer's own withdrawal, and a
    /// cancellation by a person in charge.
    func objection(to change: Change) -> (code: DecisionCode, reason: String)? {
        if let vote = rejections.first { return (.rejected, "rejected by `\(vote.voter.id)` at \(vote.at)") }
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

    /// Approvals of `plan` by persons who are not excluded.
    func approvals(of plan: Digest) -> [VerifiedVote] {
        votes.filter {
            $0.kind == .approve && $0.plan == plan && $0.voter.kind == .person && !excluded.contains($0.voter.id)
        }
    }

    /// Persons with one of `roles` who broke the glass for `plan`. Nobody is excluded: it is no approval.
    func brokenGlass(for plan: Digest, roles: [String]) -> [VerifiedVote] {
        votes.filter { vote in
            vote.kind == .breakGlass && vote.plan == plan && roles.contains { vote.voter.isPerson(with: $0) }
        }
    }
}

extension VerifiedVote {
    fileprivate func strictness(on wanted: Digest?) -> Int {
        switch kind {
        case .breakGlass: plan == wanted ? 0 : 2
        case .approve: plan == wanted ? 1 : 2
        case .withdraw: 3
        case .cancel: 4
        case .reject: 5
        }
    }
}

extension Identity {
    func isPerson(with role: String) -> Bool { kind == .person && has(role: role) }
}
