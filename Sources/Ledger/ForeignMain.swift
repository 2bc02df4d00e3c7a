public import Git

/// A main that goes on from its last accepted commit with one that is neither landing, free nor trust.
///
/// There are two ways out: main is reset to `accepted`, or admins adopt what lies between by a trust commit on top of it.
public struct ForeignMain: Error, Sendable, Hashable {
    /// The newest commit that can be believed.
    public let accepted: ObjectID
    /// The first foreign commit; whatever follows it counts for nothing either.
    public let first: ObjectID
    /// Where main is.
    public let tip: ObjectID
    /// How many commits there are from `first` to `tip`.
    public let count: Int
    /// Why the newest commit that brings a statement of the next version adopts nothing; nil when none brings one.
    public let attempt: String?
}

/// A foreign commit that admins adopted: it has no position and no state, lands nothing, and no event may name it.
public struct SkippedCommit: Sendable {
    public let commit: Commit
    /// Why it is foreign.
    public let reason: String
}
