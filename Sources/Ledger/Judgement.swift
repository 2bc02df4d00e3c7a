public import ChangeModel
internal import Git
@_spi(VerifiedHistory) public import PolicyEngine

/// Everything that bears on whether one change may run, each part verified, at one commit of main and one instant.
public struct Judgement {
    public let change: SignedChange
    public let main: MainState
    public let now: Timestamp
    /// Who asks: the proposer, or whoever they act for.
    public let asking: ChangeCaller
    /// Every valid vote, oldest first; of each voter the engine counts the latest.
    public let votes: [VerifiedVote]
    public let authorization: Authorization
    /// The policy's own answer, votes aside.
    public let decision: Decision
    public let plan: Plan?
    /// What counted for the limits on the proposer.
    public let caller: CallerHistory
    /// Whether the ledger takes the decision: of a caller whose denied changes are too many already, it takes no more.
    public let isRecordable: Bool

    /// Judges `change`.
    ///
    /// - Parameters:
    ///   - recorded: the votes that the ledger holds.
    ///   - branchVotes: votes that were verified, but that the ledger does not hold yet.
    ///   - approval: the approval that the change's landing is, if it is one.
    ///   - past: `LedgerState.past` of the change.
    public init(
        _ change: SignedChange, main: MainState, recorded: [RecordedVote] = [], branchVotes: [VerifiedVote] = [],
        approval: MergeApproval? = nil, past: RecordedPast = .nothing, now: Timestamp
    ) throws(LedgerError) {
        self.change = change
        self.main = main
        self.now = now
        let engine: PolicyEngine
        do {
            engine = try main.engine()
            plan = try main.plan(for: change)
        } catch {
            throw .refused("main's catalogue cannot be used: \(error.summary)")
        }
        var all = Set(branchVotes)
        for vote in recorded {
            if let counted = Self.counted(vote, for: change, main: main, now: now) { all.insert(counted) }
        }
        // A merge carries no time that could be believed, so whatever else the same person signed goes before it.
        for approval in Self.mergeApprovals(recorded) + [approval].compactMap({ $0 })
        where !all.contains(where: { $0.voter.id == approval.voter && $0.rejector == nil }) {
            if let counted = Self.counted(approval, main: main, at: now) { all.insert(counted) }
        }
        // A set has no order of its own, and everybody must come to the same list.
        votes = all.sorted {
            ($0.at, $0.voter.id, $0.kind.rawValue, $0.plan.hexadecimal, $0.rejector ?? "")
                < ($1.at, $1.voter.id, $1.kind.rawValue, $1.plan.hexadecimal, $1.rejector ?? "")
        }
        asking = ChangeCaller(of: change.change, signedBy: change.key.publicKey, main: main, now: now)
        let history = past.history(
            votes: votes, excluding: asking.delegators.union([change.change.proposer, change.proposer.id]))
        decision = asking.judged(engine.decide(change.change, by: asking.caller, history: history, now: now))
        caller = past.caller
        isRecordable = engine.takesRecord(of: decision, past.caller, now: now)
        if let objection = Self.objection(to: change, main: main, now: now) {
            authorization = .denied(decision.overruled(.proposerKey, objection))
        } else {
            authorization = asking.judged(
                engine.authorize(
                    change.change, digest: change.digest, caller: asking.caller, history: history, now: now,
                    reusing: plan))
        }
    }

    /// Whether an admin has taken a rejection back since it was given.
    public func isTakenBack(_ vote: VerifiedVote) -> Bool {
        vote.kind == .reject && votes.contains { $0.rejector == vote.voter.id && $0.at > vote.at }
    }

    /// Why the proposer's signature counts for nothing now, though it is genuine.
    private static func objection(to change: SignedChange, main: MainState, now: Timestamp) -> String? {
        guard let owner = main.identities.owner(ofKey: change.key.publicKey),
            owner.identity.id == change.change.proposer
        else { return "`\(change.change.proposer)` is no identity of this repository any more; propose it again" }
        guard !owner.key.revoked else {
            return "the key that signed the proposal was revoked; propose it again with a valid key"
        }
        guard owner.key.isValid(at: now) else {
            return "the key that signed the proposal is not valid at \(now); propose it again with a valid key"
        }
        return nil
    }

    private static func mergeApprovals(_ recorded: [RecordedVote]) -> [MergeApproval] {
        recorded.compactMap { if case .merge(_, let approval) = $0.form { approval } else { nil } }
    }

    /// What a recorded vote counts for now: an approval, and whatever takes a rejection back, only with a key and a right that
    /// still hold; what stops the change for ever.
    private static func counted(
        _ vote: RecordedVote, for change: SignedChange, main: MainState, now: Timestamp
    ) -> VerifiedVote? {
        switch vote.form {
        case .statement(let signed) where !signed.statement.stops(change.change):
            return try? signed.verified(
                for: change, repository: main.repositoryID, identities: main.identities, at: now)
        case .statement(let signed):
            // The ledger's own rules checked it when it was recorded; it outlives its author's key and role.
            let voter =
                main.identities.identity(signed.statement.voter)
                ?? Identity(id: signed.statement.voter, kind: .person)
            var standing = voter
            if signed.statement.kind != .withdraw { standing.kind = .person }
            if signed.statement.kind != .withdraw, !standing.has(role: Role.approver) {
                standing.roles.append(Role.approver)
            }
            return VerifiedVote(
                voter: standing, kind: signed.statement.kind, plan: signed.statement.plan, at: signed.statement.at)
        case .merge:
            return nil
        }
    }

    private static func counted(_ approval: MergeApproval, main: MainState, at instant: Timestamp) -> VerifiedVote? {
        guard let (voter, key) = main.identities.owner(ofKey: approval.key), voter.id == approval.voter,
            voter.kind == .person, voter.has(role: Role.approver), key.isValid(at: instant)
        else { return nil }
        return VerifiedVote(voter: voter, kind: .approve, plan: approval.plan, at: instant)
    }
}
