internal import ChangeModel
internal import Git
internal import Ledger

/// Bringing onto main what may run.
extension Workspace {
    /// How often a landing is made anew when main was faster.
    private static let landingAttempts = 12

    /// Lands the change branch `head` if every change on it may run by now, and does nothing otherwise.
    ///
    /// Each attempt judges anew, at main's newest verified tip, and pushes under a lease on exactly that tip.
    ///
    /// - Returns: the last judgement (nil when the changes came onto main meanwhile), and what this call landed.
    func land(
        head: ObjectID, with recorder: LedgerRecorder
    ) throws(AgentSafeError) -> (report: GateReport?, landed: [LandedChange]) {
        var words = ""
        var first: GateReport?
        for attempt in 0..<Self.landingAttempts {
            if attempt > 0 {
                host.sleep(min(4000, 100 << attempt))
                try fetch(.votes)
            }
            let view = try latestView()
            if let first, try isOnMain(first.judgements.map(\.change), in: view) {
                notify("the changes came onto main meanwhile, by somebody else")
                return (nil, [])
            }
            let report = try latest { () throws(AgentSafeError) in
                try gate(base: view.main.tip.description, head: head.description)
            }
            guard case .changes(let judgements) = report.content, report.result == "allow" else {
                if case .trust = report.content { notify("a trust commit is landed by an admin, never by the gate") }
                return (report, [])
            }
            first = first ?? report
            let commit = try landing(judgements.map(\.change), head: head, onto: view, by: recorder)
            switch try push(landing: commit, onto: view.main.tip, by: recorder) {
            case .done: return (report, judgements.map { LandedChange(change: $0.change.change.id, commit: commit) })
            case .lost(let reason): words = reason
            }
        }
        throw AgentSafeError(
            .failed,
            "main could not be moved in \(Self.landingAttempts) attempts: \(words); check the gate's right to push there"
        )
    }

    private func isOnMain(_ changes: [SignedChange], in view: VerifiedView) throws(AgentSafeError) -> Bool {
        for change in changes {
            let path = "\(change.change.id.folder)/\(Change.fileName)"
            let file = try git { () throws(GitError) in try repository.file(path, in: view.state.tree) }
            if file != change.bytes { return false }
        }
        return !changes.isEmpty
    }

    /// The commit that main shall become: the branch itself where it starts at main's tip, else a signed commit whose tree is
    /// main's with the change folders and nothing more. Its subject is none of git's own for a merge, so it approves nothing.
    private func landing(
        _ changes: [SignedChange], head: ObjectID, onto view: VerifiedView, by recorder: LedgerRecorder
    ) throws(AgentSafeError) -> ObjectID {
        let tip = view.main.tip
        var commit = head
        if try mergeBases(tip, head) != [tip] {
            let tree = try git { () throws(GitError) in
                var edits: [String: ObjectID?] = [:]
                for change in changes {
                    let folder = change.change.id.folder
                    edits["\(folder)/\(Change.fileName)"] = try repository.writeBlob(change.bytes)
                    edits["\(folder)/\(Change.signatureName)"] = try repository.writeBlob(change.signature)
                }
                return try repository.edit(view.state.tree, edits)
            }
            commit = try self.commit(
                CommitDraft(
                    tree: tree, parents: [tip, head], person: try person(recorder.identity.id), time: host.now(),
                    message: Self.message(changes)), signer: recorder.signer)
        }
        try check(commit, brings: changes, onto: view)
        return commit
    }

    private static func message(_ changes: [SignedChange]) -> String {
        let subject =
            changes.count == 1 ? "Land \(changes[0].change.id.branch)" : "Land \(changes.count) changes"
        return subject + "\n\n" + changes.map { "\($0.change.id): \($0.change.summary)\n" }.joined()
    }

    /// What readers would refuse is not pushed: every commit up to main's tip must be one that main accepts, and together
    /// they land exactly these changes.
    private func check(
        _ commit: ObjectID, brings changes: [SignedChange], onto view: VerifiedView
    ) throws(AgentSafeError) {
        var state = view.state
        var landed: Set<Digest> = []
        for commit in try chain(from: commit, to: view.main.tip) {
            let parent = state
            let (kind, next) = try ledger { () throws(LedgerError) in
                try LandingGrammar.follow(commit, after: parent, in: repository)
            }
            switch kind {
            case .landing(let changes): landed.formUnion(changes.map(\.digest))
            case .free: break
            case .genesis, .trust:
                throw AgentSafeError(
                    .notAuthentic,
                    "commit \(commit.id.short) is a \(kind.name) commit, and the gate lands changes alone")
            }
            state = next
        }
        guard landed == Set(changes.map(\.digest)) else {
            throw AgentSafeError(.notAuthentic, "the landing would bring other changes than were judged; try again")
        }
    }

    private enum LandingPush {
        case done
        /// Somebody else moved main, or the remote said no, in its words.
        case lost(String)
    }

    /// Pushes under a lease on `tip`, then fetches and looks: only what is found on main has landed, whatever the push said.
    private func push(
        landing commit: ObjectID, onto tip: ObjectID, by recorder: LedgerRecorder
    ) throws(AgentSafeError) -> LandingPush {
        do {
            let item = RemoteConnection.PushItem(source: commit, reference: "refs/heads/main", expected: tip)
            switch try recorder.connection.push([item]).first {
            case .rejected(let reason): return .lost(reason)
            case .upToDate: return .lost("somebody else brought the same commit there")
            case .updated, nil: break
            }
        } catch {
            // Nobody knows whether it arrived: main tells.
            notify("warning: \(error.message)")
        }
        try fetch(.votes)
        return try latestView().main.position(of: commit) == nil ? .lost("others were faster") : .done
    }
}
