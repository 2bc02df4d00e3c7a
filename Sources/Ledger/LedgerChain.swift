public import Git
internal import OperatingSystem

/// The ledger's commits from a tip down to a start.
public struct LedgerChain {
    let tip: ObjectID
    let start: ObjectID?
    private let walk: Threads.Started<Result<FirstParentChain, GitError>>?

    /// A chain that is walked when it is needed.
    init(from tip: ObjectID, downTo start: ObjectID?) {
        self.tip = tip
        self.start = start
        walk = nil
    }

    /// Begins to walk a long chain in a thread of its own: nobody can tell where a commit leads before it was read, and
    /// meanwhile there is main to verify.
    ///
    /// - Parameter start: where the walk ends; nil: at the root.
    public init(walking repository: Repository, from tip: ObjectID, downTo start: ObjectID?) {
        self.tip = tip
        self.start = start
        nonisolated(unsafe) let original = repository
        walk = Threads.start {
            Result { () throws(GitError) in try FirstParentChain(original.reopened(), from: tip, downTo: start) }
        }
    }

    func walked(in repository: Repository) throws(LedgerError) -> FirstParentChain {
        // What went wrong there is said by whoever meets it here.
        if let walk, case .success(let chain) = walk.value() { return chain }
        return try reading { () throws(GitError) in try FirstParentChain(repository, from: tip, downTo: start) }
    }
}
