internal import ChangeModel
internal import Git
internal import Ledger

extension PushJudge {
    // MARK: - change/<id>

    /// A change's branch holds that change and nothing else. It may be written anew and may go away: votes name a digest, and
    /// lie elsewhere.
    func judgeChange(_ id: ChangeID, at head: ObjectID) throws(AgentSafeError) {
        let state = try mainState()
        let bases = try git { () throws(GitError) in try repository.mergeBases(state.commit, head) }
        guard bases.count == 1, let fork = bases.first else {
            throw AgentSafeError(
                .notAuthentic,
                "the branch and main have \(bases.count) merge bases, where there must be one; rebase it onto main")
        }
        if fork == head {
            // Landed as it is, by this push or an earlier one.
            let landed = try git { () throws(GitError) in try repository.folder(id.folder, in: state.tree) }
            guard landed.isEmpty else { return }
            throw AgentSafeError(
                .notAuthentic, "the branch proposes nothing that main does not hold; commit \(id) on it")
        }
        let grammar = BranchGrammar(repository: repository, main: state)
        let commits = try grammar.commits(from: head, to: fork)
        var changes: [SignedChange] = []
        for commit in commits {
            guard let step = try grammar.step(commit) else { break }
            changes += step
        }
        // What gives power is among the strays.
        try grammar.checkNothingBesides(commits)
        guard changes.count == 1, let change = changes.first, change.change.id == id else {
            let found = changes.isEmpty ? "nothing" : changes.map(\.change.id.text).joined(separator: ", ").prefix(200)
            throw AgentSafeError(
                .notAuthentic,
                "the branch proposes \(found), and by its name it is for \(id) alone; give each change its own")
        }
        try checkRecord(of: change)
        try noteDenial(of: change, by: state)
    }

    /// What the ledger has of a change stands, though its branch was not merged yet.
    private func checkRecord(of change: SignedChange) throws(AgentSafeError) {
        guard let tree = try recordedTree() else { return }
        let record = try AgentSafe.ledger { () throws(LedgerError) in
            try ChangeRecord(change.change.id, in: tree, of: repository)
        }
        try record.checkContent(of: change)
    }

    /// The ledger's files as they are before the push. Readers prove them; here they only say no, or a word.
    private func recordedTree() throws(AgentSafeError) -> ObjectID? {
        guard let tip = ledger.old else { return nil }
        return try git { () throws(GitError) in try repository.commit(tip) }.tree
    }

    /// A denied change is no fault: it may land, and is known to be denied.
    private func noteDenial(of change: SignedChange, by state: MainState) throws(AgentSafeError) {
        let tree = try recordedTree()
        let judgement = try AgentSafe.ledger { () throws(LedgerError) in
            let recorded = try LedgerState(repository: repository, tree: tree)
            let past = try recorded.past(of: change, main: state, at: now)
            return try Judgement(change, main: state, past: past, now: now)
        }
        guard judgement.outcome == "deny" else { return }
        let outlook =
            judgement.standing.limits?.retryAfter == nil
            ? "it may land, and it never runs as long as main says so" : "it may land, and it waits until then"
        note(
            "deny: \(change.change.id): \(judgement.standing.reason); \(outlook)"
        )
    }

    // MARK: - vote/<id>/<voter>-<random>

    /// A vote is made once, stays as it is, and goes away when the ledger has it.
    func judgeVote(_ name: VoteBranchName, _ update: ReferenceUpdate) throws(AgentSafeError) {
        switch (update.old, update.new) {
        case (nil, let new?): try judgeNewVote(name, at: new)
        case (let old?, nil): try judgeVoteRemoval(name, at: old)
        default:
            throw AgentSafeError(
                .notAuthentic, "a vote is never rewritten; cast another one, and of each person the latest counts")
        }
    }

    private func judgeNewVote(_ name: VoteBranchName, at commit: ObjectID) throws(AgentSafeError) {
        let state = try mainState()
        var cast = castVotes[name.change, default: 0]
        for prefix in VoteBranch.prefixes(name.change) {
            cast += try git { () throws(GitError) in try repository.references(under: "refs/heads/" + prefix) }.count
        }
        guard cast < VoteBranch.maximumVotes else {
            throw AgentSafeError(
                .notAuthentic,
                "\(name.change) has \(cast) vote branches, which is as many as are read; have the gate record them, and delete "
                    + "them then")
        }
        let change = try change(name.change, by: state)
        _ = try AgentSafe.ledger { () throws(LedgerError) in
            try VoteBranch.receive(commit, as: name, main: state, change: change, in: repository)
        }
        castVotes[name.change, default: 0] += 1
    }

    private func judgeVoteRemoval(_ name: VoteBranchName, at commit: ObjectID) throws(AgentSafeError) {
        let vote: SignedVote
        do {
            vote = try VoteBranch.read(commit, in: repository)
        } catch {
            throw AgentSafeError(
                .notAuthentic,
                "it holds no vote that can be read (\(error)), so nobody can say that the ledger has it; remove it on the server"
            )
        }
        // As of before the push: git may take the removal and still refuse the ledger that came with it.
        var recorded = false
        if let tip = ledger.old, let tree = try recordedTree() {
            _ = try ledgerHistory(through: ledger.new ?? tip)
            let record = try AgentSafe.ledger { () throws(LedgerError) in
                try ChangeRecord(name.change, in: tree, of: repository)
            }
            recorded = record.votes.contains {
                if case .statement(let signed) = $0.form { signed.statement == vote.statement } else { false }
            }
        }
        guard recorded else {
            throw AgentSafeError(
                .notAuthentic,
                "the ledger does not hold this vote yet, and a vote that is not recorded would be lost; it may be deleted once "
                    + "the gate or a run has recorded it")
        }
    }

    /// The change as it stands, on main or on its branch; nil when there is none that holds.
    private func change(_ id: ChangeID, by state: MainState) throws(AgentSafeError) -> SignedChange? {
        let landed = try AgentSafe.ledger { () throws(LedgerError) in
            try SignedChange.read(id, in: state.tree, of: repository, by: state, evenRevoked: true)
        }
        if let landed { return landed }
        let name = "refs/heads/\(id.branch)"
        let standing = try git { () throws(GitError) in try repository.reference(name) }
        guard let tip = pushed[name] ?? standing,
            let tree = try? repository.commit(tip).tree
        else { return nil }
        return try? SignedChange.read(id, in: tree, of: repository, by: state)
    }
}
