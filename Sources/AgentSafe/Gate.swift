internal import ChangeModel
internal import Git
internal import Ledger

extension Workspace {
    /// Judges what `head` would bring onto main, as CI does: identities and policy come from `base`'s verified main, never
    /// from the branch. Nothing of the head is ever run or checked out.
    ///
    /// A head that is on main already, after `base`, is judged as what landed.
    ///
    /// - Parameter isMerged: `head` is what main would become, merge commits of a forge included: a merge queue's branch.
    public func gate(base: String?, head: String, isMerged: Bool = false) throws(AgentSafeError) -> GateReport {
        // Without a verified main there is nothing to judge by; `view` says what is missing.
        if base == nil, try branch("main") == nil { _ = try view() }
        let baseName: String
        if let base { baseName = base } else { baseName = try defaultBase() }
        let baseTip = try resolve(baseName)
        let headTip = try resolve(head)
        let newest: VerifiedView
        do throws(AgentSafeError) {
            newest = try view()
        } catch {
            guard let foreign = error.foreign else { throw error }
            return try gateAdoption(
                of: foreign, base: baseTip, head: headTip, isMerged: isMerged, otherwise: error)
        }
        if isMerged || newest.main.position(of: headTip) != nil {
            return try gateMerged(head: headTip, onto: baseTip, in: newest)
        }
        let view = try view(newest, asOf: baseTip)
        if headTip == baseTip { return GateReport(base: baseTip, head: headTip, content: .nothing) }
        let bases = try mergeBases(baseTip, headTip)
        guard bases.count == 1, let fork = bases.first else {
            throw AgentSafeError(
                .notAuthentic,
                "`\(head)` and `\(baseName)` have \(bases.count) merge bases, where there must be one; rebase the branch onto main"
            )
        }
        if fork == headTip { return GateReport(base: baseTip, head: headTip, content: .nothing) }
        let grammar = BranchGrammar(repository: repository, main: view.state)
        let commits = try grammar.commits(from: headTip, to: fork)
        let steps = try commits.map { (commit) throws(AgentSafeError) in try grammar.step(commit) }
        if let power = steps.firstIndex(where: { $0 == nil }) {
            return try gateTrust(commits, blamed: commits[power], fork: fork, view: view, base: baseTip)
        }
        let changes = steps.flatMap { $0 ?? [] }
        if !changes.isEmpty { try grammar.checkNothingBesides(commits) }
        if changes.isEmpty { return GateReport(base: baseTip, head: headTip, content: .free) }
        if changes.count > LandingGrammar.maximumChanges {
            throw AgentSafeError(
                .notAuthentic,
                "`\(head)` proposes \(changes.count) changes; one branch may propose \(LandingGrammar.maximumChanges)")
        }
        return GateReport(base: baseTip, head: headTip, content: .changes(try judge(proposed: changes, in: view)))
    }

    /// The newest view with the state of `base`, which must not be older than what was accepted before: its policy would be.
    func view(_ newest: VerifiedView, asOf base: ObjectID) throws(AgentSafeError) -> VerifiedView {
        guard newest.main.position(of: base) != nil else { return try view(base: base) }
        let state = try ledger { () throws(LedgerError) in try newest.main.state(of: base) }
        return VerifiedView(main: newest.main, ledger: newest.ledger, state: state)
    }

    /// Judges what is not on main yet. An identifier that the ledger knows with another content was edited, or is
    /// somebody's second use of it: neither is ever recorded, so neither is judged.
    func judge(proposed changes: [SignedChange], in view: VerifiedView) throws(AgentSafeError) -> [Judgement] {
        for change in changes {
            let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: change.change.id) }
            try record.checkContent(of: change)
        }
        return try judge(inOrder: changes, in: view)
    }

    /// Judges changes one after the other as they will be recorded: each counts for the next.
    func judge(inOrder changes: [SignedChange], in view: VerifiedView) throws(AgentSafeError) -> [Judgement] {
        var ahead = DecisionsAhead()
        return try changes.map { (change) throws(AgentSafeError) in
            let judgement = try judge(change, in: view, ahead: ahead)
            ahead.note(judgement)
            return judgement
        }
    }

    func defaultBase() throws(AgentSafeError) -> String {
        let remote = try remoteName()
        let tracked = try git { () throws(GitError) in try repository.reference("refs/remotes/\(remote)/main") }
        return tracked == nil ? "refs/heads/main" : "refs/remotes/\(remote)/main"
    }

    /// A commit by any name that git knows, the remote's branches included.
    func resolve(_ name: String) throws(AgentSafeError) -> ObjectID {
        let remote = try remoteName()
        let found = try git { () throws(GitError) -> ObjectID? in
            // To git, a tag of the same name goes before the branch that is meant, and anybody may push tags.
            for folder in ["refs/remotes/", "refs/heads/"] {
                if let tip = try repository.reference(folder + name) { return tip }
            }
            if let found = try repository.resolve(name) { return found }
            return try repository.resolve("refs/remotes/\(remote)/\(name)")
        }
        guard let found else {
            throw AgentSafeError(.usage, "`\(name.prefix(100))` names no commit here; fetch it, or check the spelling")
        }
        return found
    }

    func readCommit(_ id: ObjectID) throws(AgentSafeError) -> Commit {
        try git { () throws(GitError) in try repository.commit(id) }
    }

    func changes(from old: ObjectID, to new: ObjectID) throws(AgentSafeError) -> [TreeChange] {
        try git { () throws(GitError) in try repository.changes(from: old, to: new) }
    }

    func mergeBases(_ one: ObjectID, _ other: ObjectID) throws(AgentSafeError) -> [ObjectID] {
        try git { () throws(GitError) in try repository.mergeBases(one, other) }
    }

    /// A branch that changes files that give power: every commit must be one that main accepts, with enough admins'
    /// statements.
    private func gateTrust(
        _ commits: [Commit], blamed: Commit, fork: ObjectID, view: VerifiedView, base: ObjectID
    ) throws(AgentSafeError) -> GateReport {
        let touched = try changes(from: try readCommit(blamed.parents[0]).tree, to: blamed.tree)
        let path = touched.first { !LandingGrammar.isFree($0) && !$0.path.hasPrefix("changes/") }?.path ?? ""
        guard fork == base else {
            throw AgentSafeError(
                .notAuthentic,
                "commit \(blamed.id.short) touches `\(path)`, which gives power, and the branch is behind main; rebase it onto "
                    + "main, without that file if it proposes a change")
        }
        var state = view.state
        var result: (version: Int, signers: [String])?
        for commit in commits {
            if commit.id == commits.last?.id, let open = try openTrust(commit, after: state, base: base) { return open }
            let (kind, next) = try follow(commit, after: state, base: base)
            if case .trust(let version, let signers) = kind { result = (version, signers) }
            if case .landing = kind {
                throw AgentSafeError(
                    .notAuthentic,
                    "commit \(blamed.id.short) touches `\(path)`, which gives power, and the branch proposes changes besides; "
                        + "give each a branch of its own")
            }
            state = next
        }
        let head = commits.last?.id ?? fork
        guard let result else { return GateReport(base: base, head: head, content: .free) }
        return GateReport(
            base: base, head: head, content: .trust(version: result.version, signers: result.signers))
    }
}
