public import ChangeModel
@_spi(VerifiedHistory) public import PolicyEngine

/// What the verified ledger knows of the past of one change: all that the policy may ask about it, votes aside. Taken from
/// `state/` and the change's own folder, never from a walk over history.
public struct RecordedPast: Sendable, Hashable {
    /// Whether the change is the recorded pair of the latest execution on its target, which nothing has undone yet.
    public var isRollback = false
    /// When the first decision on the change was recorded; nil while none was, and where no votes are counted.
    public var firstDecision: Timestamp?

    /// Of a change that the ledger has never heard of, in a ledger where nothing happened.
    public static let nothing = RecordedPast()

    /// The past as the engine takes it.
    ///
    /// - Parameters:
    ///   - votes: verified ones.
    ///   - excluded: who may not approve.
    func history(votes: [VerifiedVote] = [], excluding excluded: Set<String> = []) -> VerifiedHistory {
        VerifiedHistory(
            votes: votes, excludedVoters: excluded, isRollback: isRollback, firstDecision: firstDecision)
    }
}

extension LedgerState {
    /// The past of `change` as this state and main tell it.
    public func past(of change: Change, main: MainState) throws(LedgerError) -> RecordedPast {
        var past = RecordedPast()
        past.isRollback = try isRollback(change, main: main)
        return past
    }

    /// The past of a change whose votes are counted, which its own record tells besides.
    public func past(
        of change: SignedChange, record: ChangeRecord, main: MainState
    ) throws(LedgerError) -> RecordedPast {
        var past = try past(of: change.change, main: main)
        past.firstDecision = record.events.first { $0.kind == .decision && $0.change?.digest == change.digest }?.at
        return past
    }

    /// What the policy may know of the past of a change on which nobody has voted.
    public func history(of change: Change, main: MainState) throws(LedgerError) -> VerifiedHistory {
        try past(of: change, main: main).history()
    }
}
