internal import ChangeModel
internal import Git
internal import Ledger

/// A trust branch: the one commit that waits for admins' signatures.
struct TrustBranch {
    /// `trust/<version>`
    let name: String
    let commit: Commit
    /// What the remote has; nil when the branch is local only.
    let remoteTip: ObjectID?
}

extension Workspace {
    /// The most trust branches that are looked at; there is one for each trust version, and rarely another.
    static let maximumTrustBranches = 100

    /// The trust branches that bring a statement of the next version, by name.
    func openTrustBranches(on base: TrustBase) throws(AgentSafeError) -> [TrustBranch] {
        let remote = "refs/remotes/\(try remoteName())/"
        let (theirs, ours) = try git { () throws(GitError) in
            (try repository.references(under: remote + "trust/"), try repository.references(under: "refs/heads/trust/"))
        }
        var names = Set(theirs.map { String($0.name.dropFirst(remote.count)) })
        names.formUnion(ours.map { String($0.name.dropFirst("refs/heads/".count)) })
        // The one that is named as it should be comes first, however many others somebody pushed.
        var ordered = names.subtracting([base.branch]).sorted()
        if names.contains(base.branch) { ordered.insert(base.branch, at: 0) }
        if ordered.count > Self.maximumTrustBranches {
            notify("warning: there are \(names.count) trust branches; only \(Self.maximumTrustBranches) are looked at")
        }
        var branches: [TrustBranch] = []
        for name in ordered.prefix(Self.maximumTrustBranches) {
            if let branch = try readTrustBranch(name, on: base) { branches.append(branch) }
        }
        return branches
    }

    /// One branch, as the remote has it or else as it is here; nil when it brings no statement of the next version.
    private func readTrustBranch(_ name: String, on base: TrustBase) throws(AgentSafeError) -> TrustBranch? {
        let remote = try remoteName()
        let (theirs, ours) = try git { () throws(GitError) in
            (
                try repository.reference("refs/remotes/\(remote)/\(name)"),
                try repository.reference("refs/heads/\(name)")
            )
        }
        guard let tip = theirs ?? ours else { return nil }
        let file = "\(TrustStatement.folder(version: base.nextVersion))/\(TrustStatement.fileName)"
        do throws(GitError) {
            let commit = try repository.commit(tip)
            guard try repository.entry(at: file, in: commit.tree) != nil else { return nil }
            return TrustBranch(name: name, commit: commit, remoteTip: theirs)
        } catch {
            // Anybody can push such a one: it is nobody's proposal, and in nobody's way.
            notify("warning: branch `\(name)` cannot be read: \(error.message)")
            return nil
        }
    }

    /// The branch of this name, or the only one that waits.
    func trustBranch(_ name: String?, on base: TrustBase) throws(AgentSafeError) -> TrustBranch {
        if let name {
            let full = name.hasPrefix("trust/") ? name : "trust/\(name)"
            if let branch = try readTrustBranch(full, on: base) { return branch }
            throw AgentSafeError(
                .failed,
                "there is no branch `\(full.prefix(100))` that waits for trust version \(base.nextVersion); "
                    + "`agentsafe trust status` lists those that do")
        }
        let branches = try openTrustBranches(on: base)
        guard let first = branches.first else {
            throw AgentSafeError(
                .failed, "no branch waits for trust version \(base.nextVersion); `agentsafe trust propose` makes one")
        }
        guard branches.count == 1 else {
            throw AgentSafeError(
                .usage,
                "\(branches.count) branches wait for trust version \(base.nextVersion), and only one can land: name one of "
                    + branches.map(\.name).prefix(10).joined(separator: ", "))
        }
        return first
    }

    /// Judges a trust branch as it would land now, signatures not counted.
    func proposal(of branch: TrustBranch, on base: TrustBase) throws(AgentSafeError) -> TrustProposal {
        let commit = branch.commit
        do throws(LedgerError) {
            guard commit.parents.count == 1 else {
                throw LedgerError.notAuthentic(
                    VerificationFailure(reason: "it has \(commit.parents.count) parents, where there must be one"))
            }
            let proposal =
                base.foreign == nil
                ? try LandingGrammar.trustProposal(commit, landingOn: base.state, in: repository)
                : try LandingGrammar.trustProposal(commit, after: base.state, in: repository)
            guard try isOnMain(commit.parents[0], base) else {
                throw LedgerError.notAuthentic(
                    VerificationFailure(
                        reason: "it is not one commit on top of main", advice: "propose the difference anew"))
            }
            return proposal
        } catch {
            guard case .notAuthentic(var failure) = error else { throw AgentSafeError(error) }
            failure.branch = "`\(branch.name)`,"
            failure.commit = commit.id
            throw AgentSafeError(.notAuthentic, failure.description)
        }
    }

    private func isOnMain(_ commit: ObjectID, _ base: TrustBase) throws(LedgerError) -> Bool {
        if commit == base.parent { return true }
        do throws(GitError) {
            return try repository.mergeBases(commit, base.parent) == [commit]
        } catch {
            throw .git(error)
        }
    }

    /// Throws when a proposal of the next version waits already.
    func checkIsFree(_ name: String) throws(AgentSafeError) {
        let remote = try remoteName()
        let (theirs, ours) = try git { () throws(GitError) in
            (
                try repository.reference("refs/remotes/\(remote)/\(name)"),
                try repository.reference("refs/heads/\(name)")
            )
        }
        if theirs != nil {
            throw AgentSafeError(
                .failed,
                "`\(name)` waits for signatures already, and versions rise one by one: sign that one, or take it back with "
                    + "`git push \(remote) --delete \(name)`")
        }
        if ours != nil {
            throw AgentSafeError(
                .failed,
                "there is a local branch `\(name)` already: push it, or drop it with `git branch -D \(name)`")
        }
    }

    /// Puts a new trust commit on its branch.
    func publish(
        _ draft: TrustDraft, commit: ObjectID, proposal: TrustProposal, push: Bool
    ) throws(AgentSafeError) -> TrustResult {
        let reference = "refs/heads/\(draft.branch)"
        let connection = push ? try self.connection(draft.base.state) : nil
        try git { () throws(GitError) in
            try repository.setReference(reference, to: commit, from: nil, message: "agentsafe trust propose")
        }
        if let connection {
            try self.push(
                [.init(source: commit, reference: reference, expected: nil)], over: connection,
                failure: "the proposal is on the local branch `\(draft.branch)`")
        }
        return TrustResult(
            version: draft.version, commit: commit, files: draft.changes.map(\.path), pushed: push,
            open: openBranch(draft.branch, proposal, on: draft.base))
    }
}
