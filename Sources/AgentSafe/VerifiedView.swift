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
    ///   - end: a commit to take for main's newest; nil: the one that the branch points at.
    public func view(
        base: ObjectID? = nil, full: Bool = false, until end: ObjectID? = nil, progress: (Int) -> Void = { _ in }
    ) throws(AgentSafeError) -> VerifiedView {
        let mainTip = if let end { end } else { try branch("main") }
        if mainTip == nil, try branch("ledger") == nil, try remoteURL() == nil {
            throw AgentSafeError(
                .failed,
                "this repository has no branch `main` and no remote; clone a governance repository, or make one with "
                    + "`agentsafe init`")
        }
        let genesis = try pinnedGenesis()
        let path = try marksPath()
        let marks = try ledger { () throws(LedgerError) in try HighWaterMarks.read(path) }
        guard let newest = mainTip else { throw missing("main", accepted: marks?.main) }
        guard let ledgerTip = try branch("ledger") else { throw missing("ledger", accepted: marks?.ledger) }
        let isTrusting = marks == nil && !full && settings.trustsRemote
        let known = full ? nil : marks ?? trustedTips
        let moment = clock.latest
        let chain = full ? LedgerChain(walking: repository, from: ledgerTip, downTo: nil) : nil
        let main = try mainHistory(
            tip: newest, start: known?.ledgerMain ?? genesis, genesis: genesis, progress: progress)
        try check(main, against: known ?? marks)
        let start = isTrusting && known == nil ? try vouched(ledgerTip, main) : known?.ledger
        let history = try ledger { () throws(LedgerError) in
            if let chain {
                return try LedgerHistory(
                    chain: chain, repository: repository, main: main, now: moment, progress: progress)
            }
            return try LedgerHistory(
                repository: repository, main: main, tip: ledgerTip, start: start, now: moment, progress: progress)
        }
        if full, let marks { try check(history, against: marks) }
        try mark(main: main, ledger: history, over: marks, at: isTrusting ? nil : path)
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

    /// Whoever acts on the newest state must be able to tell it from an old one, or say that the remote is trusted with that:
    /// after a server was restored from a backup, everything that ran since then would run again.
    func requireMemory() throws(AgentSafeError) {
        // Without a pin there is more to say, and `view` says it.
        guard !settings.trustsRemote, try pinnedGenesisText() != nil, try marks() == nil else { return }
        throw AgentSafeError(
            .failed,
            "no high-water marks here, so an old state could not be told from the newest; run `agentsafe setup` once on a "
                + "machine that keeps its state folder, or pass `--trust-remote`")
    }

    /// Where to start on a machine that remembers nothing and cannot verify everything each time: what the gate or a runner
    /// vouches for. That it is the newest is the remote's word.
    private func vouched(_ tip: ObjectID, _ main: MainHistory) throws(AgentSafeError) -> ObjectID? {
        notify("warning: no high-water marks here, so the remote is trusted to show the newest main and ledger")
        return try ledger { () throws(LedgerError) in
            try LedgerHistory.newestVouched(from: tip, main: main, in: repository)
        }
    }

    /// Moves the high-water marks to what was just recorded.
    func mark(_ view: VerifiedView) throws(AgentSafeError) {
        let isTrusting = trustedTips != nil
        try mark(main: view.main, ledger: view.ledger, over: nil, at: isTrusting ? nil : try marksPath())
    }

    /// - Parameter path: nil for what was not verified from the beginning: it is a mark for this process alone.
    private func mark(
        main: MainHistory, ledger history: LedgerHistory, over known: HighWaterMarks?, at path: String?
    ) throws(AgentSafeError) {
        // A reader that starts here must find every trust commit that is still to be recorded on its part of main: while one
        // is, it starts where this reader did.
        let isComplete = try ledger { () throws(LedgerError) in
            try history.state.trustVersion() == main.state(of: history.tip.event.main).identities.trustVersion
        }
        let reached = HighWaterMarks(
            main: main.tip, ledger: history.tip.commit.id,
            ledgerMain: isComplete ? history.tip.event.main : main.commits[0].commit.id)
        if reached == known { return }
        guard let path else {
            trustedTips = reached
            return
        }
        try ledger { () throws(LedgerError) in
            // Another process may have seen more meanwhile: marks only ever move on.
            try reached.write(path) { current in
                main.position(of: current.main) != nil && history.contains(current.ledger)
            }
        }
    }

    private func missing(_ branch: String, accepted: ObjectID?) -> AgentSafeError {
        guard let accepted else {
            return AgentSafeError(
                .failed,
                "there is no branch `\(branch)`; run `git fetch`. If the remote has none, it is no governance repository, or "
                    + "somebody deleted the branch: it is never made anew silently")
        }
        return AgentSafeError(
            .notAuthentic,
            "there is no branch `\(branch)`, though \(accepted.short) was accepted before; run `git fetch`. If the remote has "
                + "none, somebody deleted it: find out who, and push \(accepted.short) back")
    }

    private func check(_ main: MainHistory, against marks: HighWaterMarks?) throws(AgentSafeError) {
        guard let marks, main.position(of: marks.main) == nil else { return }
        throw AgentSafeError(
            .notAuthentic,
            "main is at \(main.tip.short), which does not contain \(marks.main.short), accepted before: it is stale, or was "
                + "rewound; run `git fetch`, and if that changes nothing, find out who pushed")
    }

    private func check(_ history: LedgerHistory, against marks: HighWaterMarks) throws(AgentSafeError) {
        if history.contains(marks.ledger) { return }
        throw AgentSafeError(
            .notAuthentic,
            "the ledger is at \(history.tip.commit.id.short), which does not contain \(marks.ledger.short), accepted before: it "
                + "is stale, or was rewound; run `git fetch`, and if that changes nothing, find out who pushed")
    }

    /// The signed change with this identifier: on main, or on its branch.
    func find(_ id: ChangeID, in view: VerifiedView) throws(AgentSafeError) -> FoundChange? {
        // What landed stays a change when its key is taken back; the judgement says that it may not run.
        let landed = try ledger { () throws(LedgerError) in
            try SignedChange.read(id, in: view.state.tree, of: repository, by: view.state, evenRevoked: true)
        }
        if let landed { return FoundChange(change: landed, isLanded: true, branchTip: nil) }
        var tip = try branch(id.branch)
        if tip == nil { tip = try git { () throws(GitError) in try repository.reference("refs/heads/\(id.branch)") } }
        guard let tip else { return nil }
        let tree = try git { () throws(GitError) in try repository.commit(tip) }.tree
        let proposed = try ledger { () throws(LedgerError) in
            try SignedChange.read(id, in: tree, of: repository, by: view.state, evenRevoked: true)
        }
        return proposed.map { FoundChange(change: $0, isLanded: false, branchTip: tip) }
    }

    /// Judges a change with every vote that is known: recorded ones and those on branches.
    ///
    /// - Parameter ahead: decisions that will be recorded before this one.
    func judge(
        _ found: SignedChange, in view: VerifiedView, ahead: DecisionsAhead = DecisionsAhead()
    ) throws(AgentSafeError) -> Judgement {
        let votes = try branchVotes(on: found, in: view)
        return try ledger { () throws(LedgerError) in
            let record = try view.ledger.record(of: found.change.id)
            let state = try view.ledger.currentState()
            var judgement = try Judgement(
                found, main: view.state, recorded: record.votes, branchVotes: votes.map(\.verified),
                approval: try state.pending(found.change)?.approval,
                past: try state.past(of: found, main: view.state, at: now, ahead: ahead), now: now)
            judgement.preview = record.last(.preview)
            return judgement
        }
    }

    func branchVotes(
        on found: SignedChange, in view: VerifiedView
    ) throws(AgentSafeError) -> [(signed: SignedVote, verified: VerifiedVote)] {
        let (id, remote) = (found.change.id, try remoteName())
        let isAlone = try remoteURL() == nil
        let branches = try git { () throws(GitError) in
            var found: [(name: String, id: ObjectID)] = []
            for base in ["refs/remotes/\(remote)/"] + (isAlone ? ["refs/heads/"] : []) {
                for prefix in VoteBranch.prefixes(id) {
                    found += try repository.references(under: base + prefix).map {
                        (String($0.name.dropFirst(base.count)), $0.id)
                    }
                }
            }
            return found
        }
        return try ledger { () throws(LedgerError) in
            try VoteBranch.collect(
                found, branches: branches, main: view.state, now: now, in: repository,
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
