internal import ChangeModel
internal import Git
internal import Ledger

/// main and ledger as a server keeps them, verified from what its hook proved before.
struct ServerHistory {
    let repository: Repository
    let genesis: ObjectID
    /// nil: nothing was proved before.
    let marks: ServerMarks?
    let now: Timestamp

    init(repository: Repository, now: Timestamp) throws(AgentSafeError) {
        self.repository = repository
        self.now = now
        genesis = try Self.pin(of: repository)
        marks = try ServerMarks.read(repository, genesis: genesis)
    }

    /// A history that believes nothing but the pin.
    init(repository: Repository, genesis: ObjectID, now: Timestamp) {
        self.repository = repository
        self.genesis = genesis
        self.now = now
        marks = nil
    }

    static func pin(of repository: Repository) throws(AgentSafeError) -> ObjectID {
        let text = try git { () throws(GitError) in try repository.localConfiguration("agentsafe.genesis") }
        guard let text else {
            throw AgentSafeError(
                .notAuthentic,
                "this server pins no genesis, so nothing can be judged; on the server, run `git config agentsafe.genesis "
                    + "<commit>` in the repository, with main's first commit as `agentsafe init` printed it")
        }
        guard let genesis = ObjectID(text) else {
            throw AgentSafeError(
                .failed,
                "`agentsafe.genesis` in the repository's settings on the server is no commit name of 40 digits; correct it with "
                    + "`git config agentsafe.genesis <commit>`")
        }
        return genesis
    }

    /// main up to `tip`.
    ///
    /// - Parameters:
    ///   - forLedger: from the commit on that the ledger needs.
    ///   - brought: the commits that are not there yet.
    func mainHistory(
        through tip: ObjectID, forLedger: Bool, brought: Set<ObjectID> = []
    ) throws(AgentSafeError) -> MainHistory {
        var start = genesis
        if let marks { start = forLedger ? marks.ledger?.main ?? genesis : marks.main }
        if let marks { try check(tip, contains: marks.main, branch: "main") }
        return try Self.judging(brought) { () throws(LedgerError) in
            try MainHistory(repository: repository, tip: tip, start: start, genesis: genesis)
        }
    }

    func ledgerHistory(
        through tip: ObjectID, main: MainHistory, brought: Set<ObjectID> = []
    ) throws(AgentSafeError) -> LedgerHistory {
        if let marked = marks?.ledger?.tip { try check(tip, contains: marked, branch: "ledger") }
        return try Self.judging(brought) { () throws(LedgerError) in
            try LedgerHistory(repository: repository, main: main, tip: tip, start: marks?.ledger?.tip, now: now)
        }
    }

    /// A clone that finds a bad commit is told how to get rid of it. Here it is refused, or it was there before.
    private static func judging<Value>(
        _ brought: Set<ObjectID>, _ body: () throws(LedgerError) -> Value
    ) throws(AgentSafeError) -> Value {
        do {
            return try body()
        } catch {
            guard case .notAuthentic(var failure) = error, let commit = failure.commit else {
                throw AgentSafeError(error)
            }
            if brought.contains(commit) {
                failure.advice = nil
            } else {
                failure.reason += " (it was here before this push)"
            }
            throw AgentSafeError(.notAuthentic, failure.description)
        }
    }

    /// Somebody who has the server at hand may have reset a branch.
    private func check(_ tip: ObjectID, contains accepted: ObjectID, branch: String) throws(AgentSafeError) {
        guard try !FirstParentPath.leads(from: tip, to: accepted, in: repository) else { return }
        throw AgentSafeError(
            .notAuthentic,
            "\(branch) at \(tip.short) does not contain \(accepted.short), which this server's hook accepted before: the branch "
                + "was reset on the server; bring it back there, or, if that was meant, remove `\(ServerMarks.fileName)` in the "
                + "repository")
    }

    /// The marks that `main` and `history` justify for the tips that the references hold now.
    func marks(
        main: MainHistory?, at mainTip: ObjectID?, ledger history: LedgerHistory?, at ledgerTip: ObjectID?
    ) throws(AgentSafeError) -> ServerMarks? {
        guard let main, let mainTip, main.position(of: mainTip) != nil else { return marks }
        var reached = ServerMarks(main: mainTip, ledger: marks?.ledger)
        guard let history, let ledgerTip, history.contains(ledgerTip) else { return reached }
        return try ledger { () throws(LedgerError) in
            let named = try LedgerHistory.event(at: ledgerTip, in: repository).main
            // A reader that starts there must find every trust commit that is still to be recorded on its part of main.
            let tree = try reading(ledgerTip).tree
            let recorded = try LedgerState(repository: repository, tree: tree).trustVersion()
            guard main.position(of: named) != nil, try main.state(of: named).identities.trustVersion == recorded else {
                return reached
            }
            reached.ledger = ServerMarks.Ledger(tip: ledgerTip, main: named)
            return reached
        }
    }

    private func reading(_ id: ObjectID) throws(LedgerError) -> Commit {
        do { return try repository.commit(id) } catch { throw .git(error) }
    }
}
