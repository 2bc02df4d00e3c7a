public import Git

extension LedgerHistory {
    /// The newest event that a gate or a runner signed: its signature covers the whole tree, and with it all that this service
    /// had verified. What lies after it is for the caller to verify.
    ///
    /// Anybody who may push to the ledger could have put a commit on top, so that the tip alone vouches for nothing.
    ///
    /// - Parameters:
    ///   - tip: the newest commit of the ledger, which nobody has verified.
    ///   - main: main, verified from its genesis.
    /// - Returns: nil when no service has signed anything yet: then everything is to be verified, which is not much.
    public static func newestVouched(
        from tip: ObjectID, main: MainHistory, in repository: Repository
    ) throws(LedgerError) -> ObjectID? {
        var current = tip
        for _ in 0..<maximumUnvouched {
            let commit = try reading { () throws(GitError) in try repository.commit(current) }
            if let event = try? event(at: current, in: repository), event.kind.isByService,
                let state = try? main.state(of: event.main),
                (try? EventJudge.checkSignature(commit, event, by: state)) != nil,
                try LedgerState(repository: repository, tree: commit.tree).trustVersion()
                    == state.identities.trustVersion
            {
                return current
            }
            guard let parent = commit.parents.first else { return nil }
            current = parent
        }
        throw .notAuthentic(
            VerificationFailure(
                branch: "ledger", commit: tip, reason: "no service that main knows signed it, or what it follows",
                advice: "verify everything instead: leave out `--trust-remote`"))
    }

    /// How many commits of persons may lie on top: resolutions are rare.
    private static let maximumUnvouched = 1000
}

extension EventKind {
    /// Whether only a service may sign it.
    var isByService: Bool { self != .genesis && self != .resolution }
}
