internal import ChangeModel
internal import PolicyEngine

/// What votes count for by the identities of one main commit and at one instant, each once, with the time at which the ledger
/// recorded it first.
struct CountedVotes {
    private let change: SignedChange
    private let main: MainState
    private let now: Timestamp
    /// By the vote as it would be unrecorded.
    private var votes: [VerifiedVote: VerifiedVote] = [:]

    init(on change: SignedChange, main: MainState, now: Timestamp) {
        self.change = change
        self.main = main
        self.now = now
    }

    /// Oldest first. A dictionary has no order of its own, and everybody must come to the same list.
    var sorted: [VerifiedVote] {
        votes.values.sorted { Self.order($0) < Self.order($1) }
    }

    private static func order(_ vote: VerifiedVote) -> (Timestamp, String, String, String, String) {
        (
            vote.at, vote.voter.id, vote.kind.rawValue, vote.plan.hexadecimal,
            (vote.rejector ?? "") + " " + (vote.reason ?? "")
        )
    }

    /// A verified vote. What was recorded twice counts from the first time on.
    mutating func enter(_ vote: VerifiedVote) {
        var key = vote
        key.recorded = nil
        if let known = votes[key]?.recorded, vote.recorded.map({ known <= $0 }) ?? true { return }
        votes[key] = vote
    }

    /// What the ledger holds, statements first: a merge counts where nothing else of the same person does.
    ///
    /// - Parameter approval: the approval that the change's landing is, if it is one.
    mutating func enter(_ recorded: [RecordedVote], approval: MergeApproval? = nil) {
        for vote in recorded {
            if case .statement(let signed) = vote.form, let counted = counted(signed, at: vote.at) { enter(counted) }
        }
        // A merge carries no time that could be believed, so whatever else the same person signed goes before it.
        var merges: [(approval: MergeApproval, at: Timestamp?)] = recorded.compactMap { vote in
            if case .merge(_, let approval) = vote.form { (approval, vote.at) } else { nil }
        }
        if let approval { merges.append((approval, nil)) }
        for merge in merges
        where !votes.values.contains(where: { $0.voter.id == merge.approval.voter && $0.rejector == nil }) {
            if let counted = counted(merge.approval, at: merge.at) { enter(counted) }
        }
    }

    /// What a recorded vote counts for now: an approval, and whatever takes a rejection back, only with a key and a right that
    /// still hold; what stops the change for ever.
    private func counted(_ signed: SignedVote, at recorded: Timestamp) -> VerifiedVote? {
        let statement = signed.statement
        guard statement.stops(change.change) else {
            var vote = try? signed.verified(
                for: change, repository: main.repositoryID, identities: main.identities, at: now)
            vote?.recorded = recorded
            return vote
        }
        // The ledger's own rules checked it when it was recorded; it outlives its author's key and role.
        var voter = main.identities.identity(statement.voter) ?? Identity(id: statement.voter, kind: .person)
        if statement.kind != .withdraw { voter.kind = .person }
        if statement.kind != .withdraw, !voter.has(role: Role.approver) { voter.roles.append(Role.approver) }
        return VerifiedVote(
            voter: voter, kind: statement.kind, plan: statement.plan, at: statement.at, recorded: recorded)
    }

    private func counted(_ approval: MergeApproval, at recorded: Timestamp?) -> VerifiedVote? {
        guard let (voter, key) = main.identities.owner(ofKey: approval.key), voter.id == approval.voter,
            voter.kind == .person, voter.has(role: Role.approver), key.isValid(at: now)
        else { return nil }
        return VerifiedVote(voter: voter, kind: .approve, plan: approval.plan, at: now, recorded: recorded)
    }
}
