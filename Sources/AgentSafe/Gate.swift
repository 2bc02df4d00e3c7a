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
    /// How many admins' signatures a trust commit still lacks.
    public var missingAdmins = 0
    /// How many foreign commits of main it adopts.
    public var adopts = 0
}

extension Workspace {
    /// Judges what `head` would bring onto main, as CI does: identities and policy come from `base`'s verified main, never
    /// from the branch. Nothing of the head is ever run or checked out.
    public func gate(base: String?, head: String) throws(AgentSafeError) -> GateReport {
        // Without a verified main there is nothing to judge by; `view` says what is missing.
        if base == nil, try branch("main") == nil { _ = try view() }
        let baseName: String
        if let base { baseName = base } else { baseName = try defaultBase() }
        let baseTip = try resolve(baseName)
        let headTip = try resolve(head)
        let view: VerifiedView
        do throws(AgentSafeError) {
            view = try self.view(base: baseTip)
        } catch {
            guard let foreign = error.foreign else { throw error }
            return try gateAdoption(of: foreign, base: baseTip, head: headTip, otherwise: error)
        }
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
        let judgements = try changes.map { (change) throws(AgentSafeError) in try judge(change, in: view) }
        return GateReport(base: baseTip, head: headTip, content: .changes(judgements))
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

    func readCommit(_ id: ObjectID) throws(AgentSafeError) -> Commit {
        try git { () throws(GitError) in try repository.commit(id) }
    }

    func changes(from old: ObjectID, to new: ObjectID) throws(AgentSafeError) -> [TreeChange] {
        try git { () throws(GitError) in try repository.changes(from: old, to: new) }
    }

    private func mergeBases(_ one: ObjectID, _ other: ObjectID) throws(AgentSafeError) -> [ObjectID] {
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
            let parent = state
            let open = try openTrust(commit, after: parent, base: base)
            if let open, commit.id == commits.last?.id { return open }
            let (kind, next) = try ledger { () throws(LedgerError) in
                try LandingGrammar.follow(commit, after: parent, in: repository)
            }
            if open != nil {
                throw AgentSafeError(
                    .notAuthentic, "commit \(commit.id.short) is signed with keys that are not valid now; sign it anew")
            }
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
            members["missing_admins"] = .integer(Int64(missingAdmins))
            if adopts > 0 { members["adopts"] = .integer(Int64(adopts)) }
        case .free, .nothing: break
        }
        return .object(members)
    }

    /// `allow`, `require_approval` or `deny`: the strictest of all that the range holds.
    public var result: String {
        if missingAdmins > 0 { return "require_approval" }
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
                    [
                        "by": .string($0.voter.id), "verdict": .string($0.kind.rawValue),
                        "at": .string($0.at.description),
                    ]
                }),
            "approved_by": .strings(approvedBy),
        ])
    }
}
