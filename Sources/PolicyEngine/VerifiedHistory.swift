public import ChangeModel

/// One vote whose signature, key and voter were verified.
public struct VerifiedVote: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case approve, reject, withdraw, cancel
        case breakGlass = "break-glass"
    }

    public var voter: Identity
    public var kind: Kind
    /// The plan that the vote was given for; an approval for another plan counts for nothing.
    public var plan: Digest
    /// When the voter says that it was cast: of each voter the latest counts.
    public var at: Timestamp
    /// When the ledger recorded it; nil while it has not.
    public var recorded: Timestamp?
    /// Of an admin's withdrawal: whose rejection it takes back. nil of every other vote.
    public var rejector: String?
    /// Why the glass is broken; nil of every other vote.
    public var reason: String?

    public init(
        voter: Identity, kind: Kind, plan: Digest, at: Timestamp, recorded: Timestamp? = nil, rejector: String? = nil,
        reason: String? = nil
    ) {
        self.voter = voter
        self.kind = kind
        self.plan = plan
        self.at = at
        self.recorded = recorded
        self.rejector = rejector
        self.reason = reason
    }
}

/// All that the engine may know of the past. Its initialiser is SPI for `Ledger` alone, so that no other code can hand
/// the engine a past that nobody verified.
public struct VerifiedHistory: Sendable {
    /// The latest vote of each voter on the change.
    public let votes: [VerifiedVote]
    /// Who may not approve: the proposer and whoever signed the change.
    public let excludedVoters: Set<String>
    /// Whether the change is the recorded pair of the latest execution on its target, which nothing has undone yet.
    public let isRollback: Bool
    /// When the first decision on the change was recorded; nil while none was.
    public let firstDecision: Timestamp?
    /// What counts for the limits on the caller; nil where there is no ledger, and so no limits.
    public let caller: CallerHistory?

    @_spi(VerifiedHistory)
    public init(
        votes: [VerifiedVote], excludedVoters: Set<String>, isRollback: Bool = false, firstDecision: Timestamp? = nil,
        caller: CallerHistory? = nil
    ) {
        self.caller = caller
        self.votes = votes
        self.excludedVoters = excludedVoters
        self.isRollback = isRollback
        self.firstDecision = firstDecision
    }

    /// No past at all, as in a folder without a ledger.
    public static let none = VerifiedHistory(votes: [], excludedVoters: [])
}
