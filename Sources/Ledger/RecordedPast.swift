public import ChangeModel
@_spi(VerifiedHistory) public import PolicyEngine

/// What the verified ledger knows of the past of one change: all that the policy may ask about it, votes aside. Taken from
/// `state/` and the change's own folder, never from a walk over history.
public struct RecordedPast: Sendable, Hashable {
    /// Whether the change is the recorded pair of the latest execution on its target, which nothing has undone yet.
    public var isRollback = false
    /// When the first decision on the change was recorded; nil while none was.
    public var firstDecision: Timestamp?
    /// What counts for the limits on its proposer.
    public var caller = CallerHistory()

    /// Of a change that the ledger has never heard of, in a ledger where nothing happened.
    public static let nothing = RecordedPast()

    /// The past as the engine takes it.
    ///
    /// - Parameters:
    ///   - votes: verified ones.
    ///   - excluded: who may not approve.
    func history(votes: [VerifiedVote] = [], excluding excluded: Set<String> = []) -> VerifiedHistory {
        VerifiedHistory(
            votes: votes, excludedVoters: excluded, isRollback: isRollback, firstDecision: firstDecision, caller: caller
        )
    }
}

extension LedgerState {
    /// The past of `change` as this state and main tell it.
    ///
    /// - Parameters:
    ///   - now: the moment of judgement.
    ///   - ahead: decisions that will be recorded first.
    public func past(
        of change: SignedChange, main: MainState, at now: Timestamp, ahead: DecisionsAhead = DecisionsAhead()
    ) throws(LedgerError) -> RecordedPast {
        var past = RecordedPast()
        past.isRollback = try isRollback(change.change, main: main)
        let record = try record(of: change.change.id)
        past.firstDecision = record.events.first { $0.kind == .decision && $0.change?.digest == change.digest }?.at
        past.caller.standing = record.standing(of: change.digest)
        // What has passed before is not counted again, and nothing else is asked for.
        if case .passed = past.caller.standing { return past }
        past.caller.recent = try recent(of: change.account(at: now), at: now)
        past.caller = ahead.added(to: past.caller, of: change, at: now)
        return past
    }

    /// What the policy may know of the past of a change that nobody has signed yet.
    public func history(
        of change: Change, by proposer: Identity, main: MainState, at now: Timestamp
    ) throws(LedgerError) -> VerifiedHistory {
        var past = RecordedPast()
        past.isRollback = try isRollback(change, main: main)
        past.caller.recent = try recent(of: proposer.id, at: now)
        return past.history()
    }

    /// What is at hand of a caller, for people who want to know how near the limits are.
    public func callerHistory(of id: String, at now: Timestamp) throws(LedgerError) -> CallerHistory {
        CallerHistory(recent: try recent(of: id, at: now))
    }
}
