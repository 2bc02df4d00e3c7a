public import ChangeModel
internal import Git
@_spi(VerifiedHistory) public import PolicyEngine

/// Everything that bears on whether one change may run, each part verified, at one commit of main and one instant.
public struct Judgement {
    public let change: SignedChange
    public let main: MainState
    public let now: Timestamp
    /// Every valid vote, oldest first; of each voter the engine counts the latest.
    public let votes: [VerifiedVote]
    public let authorization: Authorization
    /// The policy's own answer, votes aside.
    public let decision: Decision
    public let plan: Plan?

    /// Judges `change`.
    ///
    /// - Parameters:
    ///   - recorded: the votes that the ledger holds.
    ///   - branchVotes: votes that were verified, but that the ledger does not hold yet.
    ///   - landing: how the change came onto main, which may be an approval that is not recorded yet.
    public init(
        _ change: SignedChange, main: MainState, recorded: [RecordedVote] = [], branchVotes: [VerifiedVote] = [],
        landing: PendingChange? = nil, now: Timestamp
    ) throws(LedgerError) {
        self.change = change
        self.main = main
        self.now = now
        let catalogue: Catalogue
        do {
            catalogue = try main.catalogue()
        } catch {
            throw .refused("main's catalogue cannot be used: \(error.summary)")
        }
        guard let proposer = main.identities.identity(change.change.proposer) else {
            throw .notAuthentic("`\(change.change.proposer)` is no identity of this repository any more")
        }
        guard let key = main.identities.owner(ofKey: change.key.publicKey)?.key, key.isValid(at: now) else {
            throw .notAuthentic(
                "the key that signed \(change.change.id) is revoked or not valid at \(now)",
                advice: "propose again with a valid key")
        }
        var all = branchVotes
        var merges: [VerifiedVote] = []
        for vote in recorded {
            guard let counted = Self.counted(vote, for: change, main: main, now: now) else { continue }
            if case .merge = vote.form { merges.append(counted) } else { all.append(counted) }
        }
        if let landing, let approval = landing.approval,
            let counted = Self.counted(approval, by: landing.landed, main: main, at: now, now: now)
        {
            merges.append(counted)
        }
        // Nobody knows when a merge was made, so what its author signed against the change goes before it.
        let objectors = Set(all.filter { $0.kind != .approve }.map(\.voter.id))
        all += merges.filter { !objectors.contains($0.voter.id) }
        votes = Set(all).sorted { ($0.at, $0.voter.id) < ($1.at, $1.voter.id) }
        let engine = PolicyEngine(catalogue: catalogue)
        let history = VerifiedHistory(votes: votes, excludedVoters: [change.change.proposer, change.proposer.id])
        authorization = engine.authorize(
            change.change, digest: change.digest, caller: Caller(proposer), history: history, now: now)
        decision = engine.decide(change.change.request(by: proposer), now: now)
        plan = engine.plan(for: change.change, digest: change.digest)
    }

    /// What a recorded vote counts for now: an approval only with a key and a right that still hold; a rejection for ever.
    private static func counted(
        _ vote: RecordedVote, for change: SignedChange, main: MainState, now: Timestamp
    ) -> VerifiedVote? {
        switch vote.form {
        case .statement(let signed) where signed.statement.kind == .approve:
            return try? signed.verified(
                for: change, repository: main.repositoryID, identities: main.identities, at: now)
        case .statement(let signed):
            // The ledger's own rules checked it when it was recorded; it outlives its author's key and role.
            guard signed.statement.digest == change.digest else { return nil }
            let voter =
                main.identities.identity(signed.statement.voter)
                ?? Identity(id: signed.statement.voter, kind: .person)
            var standing = voter
            if signed.statement.kind != .withdraw, !standing.has(role: Role.approver) {
                standing.roles.append(Role.approver)
            }
            return VerifiedVote(
                voter: standing, kind: signed.statement.kind, plan: signed.statement.plan, at: signed.statement.at)
        case .merge(let commit, let approval):
            return counted(approval, by: commit, main: main, at: vote.at, now: now)
        }
    }

    /// An approving merge counts like an approving vote: with a right, and the key of its signature, that hold now.
    private static func counted(
        _ approval: MergeApproval, by commit: ObjectID, main: MainState, at instant: Timestamp, now: Timestamp
    ) -> VerifiedVote? {
        guard let landing = try? main.repository.commit(commit),
            let signatory = try? main.identities.signatory(of: landing), signatory.key.isValid(at: now)
        else { return nil }
        let voter = signatory.identity
        guard voter.id == approval.voter, voter.kind == .person, voter.has(role: Role.approver) else { return nil }
        return VerifiedVote(voter: voter, kind: .approve, plan: approval.plan, at: instant)
    }
}

extension Change {
    /// The question that this change puts to the policy.
    public func request(by caller: Identity) -> DecisionRequest {
        DecisionRequest(
            action: step.action, target: step.target, caller: Caller(caller), parameters: step.parameters, ticket: ticket)
    }
}
