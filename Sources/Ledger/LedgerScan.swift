public import ChangeModel
public import Git

/// What the commits of the ledger say of themselves: read without any judgement, so that there is something to look at where
/// verification refuses the whole.
public struct LedgerScan: Sendable {
    /// One event, and the commit that carries it.
    public struct Entry: Sendable {
        public let commit: Commit
        public let event: LedgerEvent
        /// What is wrong with the form of the event, which was read all the same.
        public let fault: String?
    }

    /// Oldest first.
    public private(set) var entries: [Entry] = []
    /// The commits that carry no event that could be read, and why; oldest first.
    public private(set) var unreadable: [(commit: ObjectID, reason: String)] = []

    /// Reads the events from the ledger's first commit to `tip` that are wanted.
    ///
    /// - Parameter isWanted: asked of each event's kind, change and height, as its message says them.
    public init(
        _ repository: Repository, through tip: ObjectID,
        where isWanted: (_ kind: EventKind, _ change: ChangeID?, _ height: Int) -> Bool
    ) throws(LedgerError) {
        let chain = try reading { () throws(GitError) in try FirstParentChain(repository, from: tip, downTo: nil) }
        for index in chain.ids.indices.reversed() {
            do throws(LedgerError) {
                let commit = try reading { () throws(GitError) in try chain.commit(index, in: repository) }
                let announced = try AnnouncedEvent(commit)
                guard isWanted(announced.kind, announced.change?.id, announced.height) else { continue }
                entries.append(try Self.entry(announced, in: repository))
            } catch {
                if case .git = error { throw error }
                unreadable.append((chain.ids[index], error.description))
            }
        }
    }

    private static func entry(_ announced: AnnouncedEvent, in repository: Repository) throws(LedgerError) -> Entry {
        let bytes = try announced.file(in: repository)
        do throws(LedgerError) {
            return Entry(commit: announced.commit, event: try announced.read(bytes), fault: nil)
        } catch {
            return Entry(
                commit: announced.commit, event: try LedgerEvent(parsing: bytes), fault: error.description)
        }
    }
}
