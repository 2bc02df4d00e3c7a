public import ChangeModel

/// What was last done to one real target.
public struct LastExecution: Sendable, Hashable {
    public let change: ChangeID
    /// Whether it did what was planned, by the runner's record or by a person's resolution.
    public let succeeded: Bool
    /// The change that it rolled back, if it was a rollback.
    public let rollbackOf: ChangeID?
}

extension LedgerState {
    /// The newest execution on a locator; nil when there was none.
    public func lastExecution(_ lock: Digest) throws(LedgerError) -> LastExecution? {
        guard let value = try read(Self.executionPath(lock)),
            let change = value["change"]?.stringValue.flatMap({ ChangeID($0) })
        else { return nil }
        return LastExecution(
            change: change,
            succeeded: ["succeeded", Resolution.applied.rawValue].contains(value["outcome"]?.stringValue),
            rollbackOf: value["rollback_of"]?.stringValue.flatMap { ChangeID($0) })
    }
}
