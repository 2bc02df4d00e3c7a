internal import Git
internal import Ledger

/// What a branch that proposes changes may hold, commit by commit: stricter than what main takes, so that it may land in
/// every way, and so that what is done and undone again is seen.
struct BranchGrammar {
    let repository: Repository
    /// The commit of main that the branch is judged by.
    let main: MainState

    /// The most commits that a change branch may have.
    static let maximumLength = 1000

    /// The commits of a branch, oldest first: a line without merges that starts at `fork`. A merge could hide what it reverts.
    func commits(from head: ObjectID, to fork: ObjectID) throws(AgentSafeError) -> [Commit] {
        var commits: [Commit] = []
        var current = head
        while current != fork {
            let commit = try read(current)
            guard commit.parents.count == 1 else {
                throw AgentSafeError(
                    .notAuthentic,
                    "commit \(commit.id.short) on the branch has \(commit.parents.count) parents, where there must be one; "
                        + "rebase the branch onto main")
            }
            commits.append(commit)
            guard commits.count <= Self.maximumLength else {
                throw AgentSafeError(
                    .notAuthentic,
                    "the branch has more than \(Self.maximumLength) commits; start a new one from main")
            }
            current = commit.parents[0]
        }
        return commits.reversed()
    }

    /// The changes that one commit brings, if it brings nothing else; none for README, LICENSE and `docs/`; nil for
    /// anything that gives power. Each commit must stand by itself.
    func step(_ commit: Commit) throws(AgentSafeError) -> [SignedChange]? {
        let changes = try touched(by: commit)
        if changes.allSatisfy(LandingGrammar.isFree) { return [] }
        guard changes.allSatisfy({ $0.path.hasPrefix("changes/") }) else { return nil }
        if let stray = changes.first(where: {
            LandingGrammar.changeIDs([$0]) == nil || $0.new?.mode != TreeEntry.fileMode
        }) {
            throw AgentSafeError(
                .notAuthentic,
                "commit \(commit.id.short) touches `\(stray.path)`; a commit on a change branch adds whole new change folders of "
                    + "two plain files, and a proposal is never edited: propose anew, and withdraw the old one")
        }
        return try (LandingGrammar.changeIDs(changes) ?? []).map { (id) throws(AgentSafeError) in
            let there = try git { () throws(GitError) in try repository.folder(id.folder, in: main.tree) }
            guard there.isEmpty else {
                throw AgentSafeError(.notAuthentic, "\(id) is on main already; an id never returns. Propose anew")
            }
            let change = try ledger { () throws(LedgerError) in
                try SignedChange.read(id, in: commit.tree, of: repository, by: main)
            }
            guard let change else { throw AgentSafeError(.notAuthentic, "`\(id.folder)` is not whole") }
            return change
        }
    }

    /// A branch that proposes changes brings nothing else, not even documentation: squashed, it would be no landing.
    func checkNothingBesides(_ commits: [Commit]) throws(AgentSafeError) {
        for commit in commits {
            guard let stray = LandingGrammar.firstStray(try touched(by: commit)) else { continue }
            throw AgentSafeError(
                .notAuthentic,
                "commit \(commit.id.short) touches `\(stray.path)`, and the branch proposes changes; a change branch brings "
                    + "nothing but its change, so give the rest a branch of its own")
        }
    }

    private func touched(by commit: Commit) throws(AgentSafeError) -> [TreeChange] {
        let parent = try read(commit.parents[0])
        return try git { () throws(GitError) in try repository.changes(from: parent.tree, to: commit.tree) }
    }

    private func read(_ id: ObjectID) throws(AgentSafeError) -> Commit {
        try git { () throws(GitError) in try repository.commit(id) }
    }
}

extension ChangeRecord {
    /// What the ledger has of a change stands: an identifier with another content was edited, or is somebody's second use of it.
    func checkContent(of change: SignedChange) throws(AgentSafeError) {
        guard let known = events.compactMap(\.change).first(where: { $0.digest != change.digest }) else { return }
        throw AgentSafeError(
            .notAuthentic,
            "\(id) is recorded with digest \(known.digest), and this is another content; a proposal is never edited, and an "
                + "identifier never returns: propose anew")
    }
}
