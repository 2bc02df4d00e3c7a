internal import ChangeModel
internal import Git
internal import Ledger

/// Ranges of main itself: what landed, and what a forge has merged on a branch of its own to see whether it may land.
extension Workspace {
    /// The most changes that one range of main may land to be judged in one go.
    static let maximumRange = 1000

    /// Judges the commits after `base` up to `head` on `head`'s first-parent chain, each by main's own rules.
    ///
    /// Every change is judged as a runner would do it afterwards: by identities and policy as of `head`, or of main's newest
    /// commit where `head` is on main.
    func gateMerged(
        head: ObjectID, onto base: ObjectID, in newest: VerifiedView
    ) throws(AgentSafeError) -> GateReport {
        if newest.main.position(of: head) != nil { return try gateLanded(head: head, after: base, in: newest) }
        let view = try view(newest, asOf: base)
        var state = view.state
        var kinds: [MainCommitKind] = []
        for commit in try chain(from: head, to: base) {
            if commit.id == head, let open = try openTrust(commit, after: state, base: base) { return open }
            let (kind, next) = try follow(commit, after: state, base: base)
            kinds.append(kind)
            state = next
        }
        let future = VerifiedView(main: view.main, ledger: view.ledger, state: state)
        return try report(kinds, base: base, head: head) { (changes) throws(AgentSafeError) in
            try judge(proposed: changes, in: future)
        }
    }

    private func gateLanded(
        head: ObjectID, after base: ObjectID, in newest: VerifiedView
    ) throws(AgentSafeError) -> GateReport {
        // All of it is judged by the newest state, so an old base opens no way back to an old policy.
        let view = newest.main.position(of: base) == nil ? try view(base: base, full: true) : newest
        guard let start = view.main.position(of: base), let end = view.main.position(of: head), start < end else {
            return GateReport(base: base, head: head, content: .nothing)
        }
        let current = VerifiedView(
            main: view.main, ledger: view.ledger,
            state: try ledger { () throws(LedgerError) in try view.main.tipState() })
        let range = view.main.commits[(start + 1)...end]
        var report = try report(range.map(\.kind), base: base, head: head) { (changes) throws(AgentSafeError) in
            try judge(inOrder: changes, in: current)
        }
        report.adopts = range.reduce(0) { $0 + $1.skipped.count }
        return report
    }

    private func report(
        _ kinds: [MainCommitKind], base: ObjectID, head: ObjectID,
        judging judge: ([SignedChange]) throws(AgentSafeError) -> [Judgement]
    ) throws(AgentSafeError) -> GateReport {
        var changes: [SignedChange] = []
        var trust: GateReport.Content?
        for kind in kinds {
            switch kind {
            case .landing(let landed): changes += landed
            case .trust(let version, let signers): trust = .trust(version: version, signers: signers)
            case .genesis, .free: break
            }
        }
        guard changes.count <= Self.maximumRange else {
            throw AgentSafeError(
                .failed,
                "the range lands \(changes.count) changes, and \(Self.maximumRange) are judged in one go; name a newer `--base`"
            )
        }
        if changes.isEmpty { return GateReport(base: base, head: head, content: trust ?? .free) }
        return GateReport(base: base, head: head, content: .changes(try judge(changes)))
    }

    /// `head`'s first-parent chain after `base`, oldest first.
    func chain(from head: ObjectID, to base: ObjectID) throws(AgentSafeError) -> [Commit] {
        var commits: [Commit] = []
        var current = head
        while current != base {
            let commit = try readCommit(current)
            commits.append(commit)
            guard let parent = commit.parents.first, commits.count <= BranchGrammar.maximumLength else {
                throw Self.strayed(head, base)
            }
            current = parent
        }
        return commits.reversed()
    }

    private static func strayed(_ head: ObjectID, _ base: ObjectID) -> AgentSafeError {
        AgentSafeError(
            .notAuthentic,
            "\(head.short) does not follow \(base.short) on its first-parent chain, so main could not become it; let the forge "
                + "merge again onto main as it is now")
    }
}
