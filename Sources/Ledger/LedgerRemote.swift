public import Git
internal import OperatingSystem

/// Publishes ledger commits: push under a lease on the verified tip, then fetch back and look. Only what is found at the
/// remote has been recorded, whatever the push said.
public struct LedgerRemote {
    public let connection: RemoteConnection
    public let repository: Repository
    /// The name below `refs/remotes/`.
    public let remote: String
    let sleep: @Sendable (Int) -> Void

    public init(
        connection: RemoteConnection, repository: Repository, remote: String, sleep: @escaping @Sendable (Int) -> Void
    ) {
        self.connection = connection
        self.repository = repository
        self.remote = remote
        self.sleep = sleep
    }

    public enum Outcome: Sendable, Equatable {
        /// The remote's ledger contains the commit.
        case recorded
        /// Somebody else's commit follows the old tip.
        case overtaken(by: ObjectID)
    }

    static let attempts = 6

    /// Pushes `tip`, whose history starts at `expected`, until the remote shows it or something else.
    public func publish(_ tip: ObjectID, expecting expected: ObjectID) throws(LedgerError) -> Outcome {
        var words = ""
        for attempt in 0..<Self.attempts {
            if attempt > 0 { sleep(min(4000, 200 << attempt)) }
            do {
                let item = RemoteConnection.PushItem(source: tip, reference: "refs/heads/ledger", expected: expected)
                if case .rejected(let reason) = try connection.push([item]).first { words = reason }
            } catch {
                // Nobody knows whether it arrived: the fetch tells.
                words = error.message
            }
            guard let seen = try? fetchedTip() else { continue }
            if seen == tip { return .recorded }
            if seen == expected { continue }
            return try contains(seen, tip, down: expected) ? .recorded : .overtaken(by: seen)
        }
        throw .git(GitError(.remote, "the ledger could not be pushed: \(words)"))
    }

    private func fetchedTip() throws(GitError) -> ObjectID? {
        // main too: whoever overtook us may have named a newer one.
        try connection.fetch(["ledger", "main"], into: remote, tidies: false)
        return try repository.reference("refs/remotes/\(remote)/ledger")
    }

    private func contains(_ tip: ObjectID, _ commit: ObjectID, down limit: ObjectID) throws(LedgerError) -> Bool {
        var current = tip
        while current != limit {
            if current == commit { return true }
            guard let parent = try reading({ () throws(GitError) in try repository.commit(current) }).parents.first
            else {
                return false
            }
            current = parent
        }
        return false
    }
}
