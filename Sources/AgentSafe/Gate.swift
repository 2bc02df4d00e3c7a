public import ChangeModel
public import Git
public import Ledger
internal import PolicyEngine

/// What the gate found in a range of commits.
public struct GateReport {
    public enum Content {
        /// Proposed changes, each judged.
        case changes([Judgement])
        /// README, LICENSE and `docs/` only.
        case free
        /// A trust commit that enough admins signed.
        case trust(version: Int, signers: [String])
        case nothing
    }

    public let base: ObjectID
    public let head: ObjectID
    public let content: Content
}

extension Workspace {
    /// The most commits that a change branch may have.
    static let maximumBranchLength = 1000

    /// Judges what `head` would bring onto main, as CI does: identities and policy come from `base`'s verified main, never
    /// from the branch. Nothing of the head is ever run or checked out.
    public func gate(base: String?, head: String) throws(AgentSafeError) -> GateReport {
        let baseName: String
        if let base { baseName = base } else { baseName = try defaultBase() }
        let baseTip = try resolve(baseName)
        let headTip = try resolve(head)
        let view = try view(base: baseTip)
        if headTip == baseTip { return GateReport(base: baseTip, head: headTip, content: .nothing) }
        let bases = try mergeBases(baseTip, headTip)
        guard bases.count == 1, let fork = bases.first else {
            throw AgentSafeError(
                .notAuthentic,
                "`\(head)` and `\(baseName)` have \(bases.count) merge bases, where there must be one; rebase the branch onto main")
        }
        if fork == headTip { return GateReport(base: baseTip, head: headTip, content: .nothing) }
        let (forkTree, headTree) = (try readCommit(fork).tree, try readCommit(headTip).tree)
        let net = try changes(from: forkTree, to: headTree)
        let touched = try pathsTouched(from: headTip, to: baseTip)
        if touched.allSatisfy(Self.isFreePath) {
            return GateReport(base: baseTip, head: headTip, content: .free)
        }
        guard let ids = LandingGrammar.changeIDs(net), !ids.isEmpty else {
            return try gateTrust(headTip, fork: fork, net: net, touched: touched, view: view, base: baseTip)
        }
        try checkPathRights(touched, ids: ids, in: view)
        if ids.count > LandingGrammar.maximumChanges {
            throw AgentSafeError(
                .notAuthentic, "`\(head)` proposes \(ids.count) changes; one branch may propose \(LandingGrammar.maximumChanges)")
        }
        var judgements: [Judgement] = []
        for id in ids {
            let change = try ledger { () throws(LedgerError) in
                try SignedChange.read(id, in: headTree, of: repository, by: view.state)
            }
            if let change { judgements.append(try judge(change, in: view)) }
        }
        return GateReport(base: baseTip, head: headTip, content: .changes(judgements))
    }

    func readCommit(_ id: ObjectID) throws(AgentSafeError) -> Commit {
        try git { () throws(GitError) in try repository.commit(id) }
    }

    func changes(from old: ObjectID, to new: ObjectID) throws(AgentSafeError) -> [TreeChange] {
        try git { () throws(GitError) in try repository.changes(from: old, to: new) }
    }

    private func mergeBases(_ one: ObjectID, _ other: ObjectID) throws(AgentSafeError) -> [ObjectID] {
        try git { () throws(GitError) in try repository.mergeBases(one, other) }
    }

    private func defaultBase() throws(AgentSafeError) -> String {
        let remote = try remoteName()
        let tracked = try git { () throws(GitError) in try repository.reference("refs/remotes/\(remote)/main") }
        return tracked == nil ? "refs/heads/main" : "refs/remotes/\(remote)/main"
    }

    /// A commit by any name that git knows, the remote's branches included.
    func resolve(_ name: String) throws(AgentSafeError) -> ObjectID {
        let remote = try remoteName()
        let found = try git { () throws(GitError) -> ObjectID? in
            if let found = try repository.resolve(name) { return found }
            return try repository.resolve("refs/remotes/\(remote)/\(name)")
        }
        guard let found else {
            throw AgentSafeError(.usage, "`\(name.prefix(100))` names no commit here; fetch it, or check the spelling")
        }
        return found
    }

    static func isFreePath(_ path: String) -> Bool {
        ["README", "README.md", "LICENSE"].contains(path) || path.hasPrefix("docs/")
    }

    /// Every path that any commit on the branch touches. A file that was changed and changed back counts: the net difference
    /// alone would hide it.
    private func pathsTouched(from head: ObjectID, to base: ObjectID) throws(AgentSafeError) -> Set<String> {
        var paths: Set<String> = []
        for commit in try commits(from: head, without: base) {
            let parents = try commit.parents.map { (id) throws(AgentSafeError) in try readCommit(id) }
            guard !parents.isEmpty else {
                throw AgentSafeError(.notAuthentic, "commit \(commit.id.short) has no parent: the branch has a history of its own; start it from main")
            }
            // A merge of main into the branch is compared with the parent that it differs from least: the main side.
            var least: [TreeChange]?
            for parent in parents {
                let isOnMain = try mergeBases(parent.id, base) == [parent.id]
                guard parents.count == 1 || isOnMain else { continue }
                let changes = try changes(from: parent.tree, to: commit.tree)
                if least == nil || changes.count < (least?.count ?? 0) { least = changes }
            }
            guard let least else {
                throw AgentSafeError(
                    .notAuthentic, "commit \(commit.id.short) merges branches that are not on main; rebase the branch onto main")
            }
            paths.formUnion(least.map(\.path))
        }
        return paths
    }

    private func commits(from head: ObjectID, without base: ObjectID) throws(AgentSafeError) -> [Commit] {
        var queue = [head]
        var seen: Set<ObjectID> = []
        var found: [Commit] = []
        while let next = queue.popLast() {
            guard seen.insert(next).inserted else { continue }
            if try mergeBases(next, base) == [next] { continue }
            let commit = try readCommit(next)
            found.append(commit)
            guard found.count <= Self.maximumBranchLength else {
                throw AgentSafeError(.notAuthentic, "the branch has more than \(Self.maximumBranchLength) commits; start a new one from main")
            }
            queue += commit.parents
        }
        return found
    }

    /// A change branch may touch the folders of the changes that it proposes, and nothing else, in every commit.
    private func checkPathRights(_ touched: Set<String>, ids: [ChangeID], in view: VerifiedView) throws(AgentSafeError) {
        let folders = Set(ids.map(\.folder))
        for path in touched.sorted() {
            let segments = path.split(separator: "/", omittingEmptySubsequences: false)
            let folder = segments.dropLast().joined(separator: "/")
            guard folders.contains(folder), segments.last == Change.fileName[...] || segments.last == Change.signatureName[...]
            else {
                throw AgentSafeError(
                    .notAuthentic,
                    "a commit on the branch touches `\(path)`; a change branch may touch nothing but its own change's two files, "
                        + "not even to revert it later. Make a new branch from main")
            }
        }
        for id in ids {
            let there = try git { () throws(GitError) in try repository.folder(id.folder, in: view.state.tree) }
            guard there.isEmpty else {
                throw AgentSafeError(.notAuthentic, "\(id) is on main already; an id never returns. Propose anew")
            }
        }
    }

    private func gateTrust(
        _ head: ObjectID, fork: ObjectID, net: [TreeChange], touched: Set<String>, view: VerifiedView, base: ObjectID
    ) throws(AgentSafeError) -> GateReport {
        if net.contains(where: { $0.path.hasPrefix("changes/") }), let stray = LandingGrammar.firstStray(net) {
            throw AgentSafeError(
                .notAuthentic,
                "the branch touches `\(stray.path)`, which is no file of a change that it proposes; propose a change on a branch of its own")
        }
        guard fork == base else {
            throw AgentSafeError(.notAuthentic, "the branch changes files that give power and is behind main; rebase it onto main")
        }
        let kind = try ledger { () throws(LedgerError) in
            try LandingGrammar.classify(head, after: view.state, in: repository)
        }
        guard case .trust(let version, let signers) = kind else {
            let path = touched.sorted().first { !Self.isFreePath($0) } ?? ""
            throw AgentSafeError(
                .notAuthentic,
                "a commit on the branch touches `\(path)`, and another takes that back; make a new branch from main without the detour")
        }
        return GateReport(base: base, head: head, content: .trust(version: version, signers: signers))
    }
}

extension GateReport {
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "base": .string(base.description), "head": .string(head.description), "result": .string(result),
        ]
        switch content {
        case .changes(let judgements): members["changes"] = .array(judgements.map(\.json))
        case .trust(let version, let signers):
            members["trust_version"] = .integer(Int64(version))
            members["signers"] = .strings(signers)
        case .free, .nothing: break
        }
        return .object(members)
    }

    /// `allow`, `require_approval` or `deny`: the strictest of all that the range holds.
    public var result: String {
        guard case .changes(let judgements) = content else { return "allow" }
        let outcomes = judgements.map(\.outcome)
        return outcomes.contains("deny") ? "deny" : outcomes.contains("require_approval") ? "require_approval" : "allow"
    }
}

extension Judgement {
    /// `allow` (by the policy or by approval), `require_approval`, or `deny`.
    public var outcome: String {
        switch authorization {
        case .authorized: "allow"
        case .awaitingApproval: "require_approval"
        case .denied: "deny"
        }
    }

    /// The decision that stands in the end: the policy's, or why the change may not run in spite of it.
    public var standing: Decision {
        if case .denied(let decision) = authorization { return decision }
        return decision
    }

    public var missing: [ApprovalRequirement] {
        if case .awaitingApproval(_, _, let missing) = authorization { return missing }
        return []
    }

    public var approvedBy: [String] {
        if case .authorized(let authorized) = authorization { return authorized.approvedBy }
        return []
    }

    public var json: JSONValue {
        .compact([
            "id": .string(change.change.id.text), "digest": .string(change.digest.description),
            "proposer": .string(change.change.proposer), "action": .string(change.change.step.action),
            "target": .string(change.change.step.target), "params": .object(change.change.step.parameters),
            "reason": .string(change.change.reason), "ticket": change.change.ticket.map { .string($0) },
            "expires": .string(change.change.expires.description),
            "rollback_of": change.change.rollbackOf.map { .string($0.text) },
            "result": .string(outcome), "decision": standing.json,
            "plan": plan.map { .string($0.digest.description) } ?? .null,
            "missing": .array(missing.map { ["role": .string($0.role), "count": .integer(Int64($0.count))] }),
            "votes": .array(
                votes.map {
                    ["by": .string($0.voter.id), "verdict": .string($0.kind.rawValue), "at": .string($0.at.description)]
                }),
            "approved_by": .strings(approvedBy),
        ])
    }
}
