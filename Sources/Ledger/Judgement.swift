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
    /// When the first decision on the change was recorded.
    public let firstDecision: Timestamp?
    /// What counted for the limits on the proposer.
    public let caller: CallerHistory
    /// Whether the ledger takes the decision: of a caller whose denied changes are too many already, it takes no more.
    public let isRecordable: Bool
    /// The newest recorded preview; it bears on nothing.
    public var preview: LedgerEvent?

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
        firstDecision = past.firstDecision
        let engine: PolicyEngine
        do {
            engine = try main.engine()
            plan = try main.plan(for: change)
        } catch {
            throw .refused("main's catalogue cannot be used: \(error.summary)")
        }
        var counted = CountedVotes(on: change, main: main, now: now)
        for vote in branchVotes { counted.enter(vote) }
        counted.enter(recorded, approval: approval)
        votes = counted.sorted
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

    /// By when the approvals must be complete; nil where nothing says so, or before a decision was recorded.
    public var reviewBy: Timestamp? {
        guard let firstDecision, let seconds = decision.terms.reviewBy else { return nil }
        return firstDecision + .seconds(seconds)
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
}
