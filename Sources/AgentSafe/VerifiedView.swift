internal import ChangeModel
public import Git
public import Ledger
internal import PolicyEngine

/// main and ledger of one moment, both verified.
public struct VerifiedView {
    public let main: MainHistory
    public let ledger: LedgerHistory
    public let state: MainState
}

extension Workspace {
    /// Verifies what is new since the high-water marks, or everything.
    ///
    /// - Parameters:
    ///   - base: a commit of main to verify up to; nil: the newest.
    ///   - full: from the pinned genesis, marks aside.
    public func view(
        base: ObjectID? = nil, full: Bool = false, progress: (Int) -> Void = { _ in }
    ) throws(AgentSafeError) -> VerifiedView {
        let genesis = try pinnedGenesis()
        guard let newest = try branch("main") else {
            throw AgentSafeError(
                .failed, "there is no branch `main`; fetch it with `git fetch`, or make a repository with `agentsafe init`")
        }
        guard let ledgerTip = try branch("ledger") else {
            throw AgentSafeError(
                .failed,
                "there is no branch `ledger`; fetch it with `git fetch`. If the remote has none, it was deleted: a ledger is "
                    + "never made anew silently")
        }
        let path = HighWaterMarks.path(stateFolder: try stateFolder(), genesis: genesis)
        let marks = try ledger { () throws(LedgerError) in try HighWaterMarks.read(path) }
        let usable = full ? nil : marks
        let moment = now
        let main = try ledger { () throws(LedgerError) in
            try MainHistory(
                repository: repository, tip: newest, start: usable?.ledgerMain ?? genesis, genesis: genesis,
                progress: progress)
        }
        try check(main, against: marks)
        let history = try ledger { () throws(LedgerError) in
            try LedgerHistory(
                repository: repository, main: main, tip: ledgerTip, start: usable?.ledger, now: moment, progress: progress)
        }
        if full, let marks { try check(history, against: marks) }
        let reached = HighWaterMarks(main: main.tip, ledger: history.tip.commit.id, ledgerMain: history.tip.event.main)
        if reached != marks { try ledger { () throws(LedgerError) in try reached.write(path) } }
        let state = try ledger { () throws(LedgerError) in
            guard let base else { return try main.tipState() }
            guard main.position(of: base) == nil else { return try main.state(of: base) }
            throw .notAuthentic(
                VerificationFailure(
                    branch: "main", commit: base,
                    reason: "it is not on main's verified first-parent chain, or older than what was accepted before",
                    advice: "take a freshly fetched main as the base"))
        }
        return VerifiedView(main: main, ledger: history, state: state)
    }

    private func check(_ main: MainHistory, against marks: HighWaterMarks?) throws(AgentSafeError) {
        guard let marks, main.position(of: marks.main) == nil else { return }
        throw AgentSafeError(
            .notAuthentic,
            "main is at \(main.tip.short), which does not contain \(marks.main.short), accepted before: it is stale, or was "
                + "rewound; run `git fetch`, and if that changes nothing, find out who pushed")
    }

    private func check(_ history: LedgerHistory, against marks: HighWaterMarks) throws(AgentSafeError) {
        if history.verified.contains(where: { $0.commit.id == marks.ledger }) { return }
        throw AgentSafeError(
            .notAuthentic,
            "the ledger is at \(history.tip.commit.id.short), which does not contain \(marks.ledger.short), accepted before: it "
                + "is stale, or was rewound; run `git fetch`, and if that changes nothing, find out who pushed")
    }

    /// The signed change with this identifier: on main, or on its branch.
    func find(_ id: ChangeID, in view: VerifiedView) throws(AgentSafeError) -> FoundChange? {
        let landed = try ledger { () throws(LedgerError) in
            try SignedChange.read(id, in: view.state.tree, of: repository, by: view.state)
        }
        if let landed { return FoundChange(change: landed, isLanded: true, branchTip: nil) }
        var tip = try branch(id.branch)
        if tip == nil { tip = try git { () throws(GitError) in try repository.reference("refs/heads/\(id.branch)") } }
        guard let tip else { return nil }
        let tree = try git { () throws(GitError) in try repository.commit(tip) }.tree
        let proposed = try ledger { () throws(LedgerError) in
            try SignedChange.read(id, in: tree, of: repository, by: view.state)
        }
        return proposed.map { FoundChange(change: $0, isLanded: false, branchTip: tip) }
    }

    /// Judges a change with every vote that is known: recorded ones and those on branches.
    func judge(_ found: SignedChange, in view: VerifiedView) throws(AgentSafeError) -> Judgement {
        let votes = try branchVotes(on: found, in: view)
        return try ledger { () throws(LedgerError) in
            let record = try view.ledger.record(of: found.change.id)
            let pending = try view.ledger.currentState().pending(found.change.id)
            return try Judgement(
                found, main: view.state, recorded: record.votes, branchVotes: votes.map(\.verified),
                landing: pending, now: now)
        }
    }

    func branchVotes(
        on found: SignedChange, in view: VerifiedView
    ) throws(AgentSafeError) -> [(signed: SignedVote, verified: VerifiedVote)] {
        let remote = try remoteName()
        let prefix = VoteBranch.prefix(found.change.id)
        var references = try git { () throws(GitError) in try repository.references(under: "refs/remotes/\(remote)/\(prefix)") }
        if try remoteURL() == nil {
            references += try git { () throws(GitError) in try repository.references(under: "refs/heads/\(prefix)") }
        }
        return try ledger { () throws(LedgerError) in
            try VoteBranch.collect(
                found, references: references, main: view.state, now: now, in: repository,
                warn: { notify("warning: \($0)") })
        }
    }
}

/// A change, and where it was found.
struct FoundChange {
    let change: SignedChange
    let isLanded: Bool
    let branchTip: ObjectID?
}
