public import ChangeModel
public import Git
public import Ledger
public import PolicyEngine
internal import SSHSignature

/// A vote that was pushed.
public struct VoteResult: Sendable {
    public let id: ChangeID
    public let kind: VerifiedVote.Kind
    public let voter: String
    public let branch: String
    public let plan: Digest
    /// The merge commit, when the approval also landed the change.
    public let merged: ObjectID?

    public var json: JSONValue {
        [
            "id": .string(id.text), "verdict": .string(kind.rawValue), "by": .string(voter), "branch": .string(branch),
            "plan": .string(plan.description), "merged": merged.map { .string($0.description) } ?? .null,
        ]
    }
}

extension Workspace {
    /// Signs a vote and pushes it on a branch of its own; with `merge`, lands the change by a signed merge in the same push.
    ///
    /// - Parameter confirm: shown the judgement before anything is signed; false stops without a trace.
    /// - Returns: nil when `confirm` said no.
    public func vote(
        _ kind: VerifiedVote.Kind, on id: ChangeID, merge: Bool = false, confirm: (Judgement) -> Bool
    ) throws(AgentSafeError) -> VoteResult? {
        try fetchIfPossible()
        let view = try view()
        let signer = try signer()
        let voter = try identity(of: signer, in: view.state)
        guard let found = try find(id, in: view) else {
            throw AgentSafeError(
                .failed, "there is no change `\(id)` on main or on a branch; fetch, or check the identifier")
        }
        if let tip = found.branchTip, !found.isLanded {
            // A vote is for what would land: the whole branch must be what the gate accepts.
            _ = try gate(base: view.main.tip.description, head: tip.description)
        }
        let judgement = try judge(found.change, in: view)
        guard SignedVote.mayVote(kind, voter, proposer: found.change.change.proposer) else {
            throw AgentSafeError(.denied, Self.refusal(kind, voter, found.change.change.proposer))
        }
        guard let plan = judgement.plan else {
            throw AgentSafeError(.denied, "\(id) has no plan to vote on: \(judgement.decision.reason)")
        }
        if kind == .approve, judgement.decision.result == .deny {
            throw AgentSafeError(
                .denied, "the policy denies \(id), and no vote changes that: \(judgement.decision.reason)")
        }
        if merge, found.isLanded {
            throw AgentSafeError(.failed, "\(id) has landed already; approve it without `--merge`")
        }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        if record.last(.execution) != nil {
            throw AgentSafeError(
                .failed,
                "\(id) was executed already, so no vote changes anything; `agentsafe rollback \(id)` proposes the way back"
            )
        }
        let standing = judgement.votes.last { $0.voter.id == voter.id }
        if !merge, let standing, standing.kind == kind, standing.plan == plan.digest {
            throw AgentSafeError(
                .failed, "`\(voter.id)` said \(kind.rawValue) to this plan already, at \(standing.at); once is enough")
        }
        let connection = try connection(view.state)
        guard confirm(judgement) else { return nil }
        let signed = try sign(kind, found.change, plan: plan.digest, voter: voter, signer: signer, view: view)
        let branch = VoteBranch.name(id, voter: voter, random: host.random(5))
        let commit = try commit(
            CommitDraft(
                tree: view.state.tree, parents: [view.main.tip], person: try person(voter.id), time: host.now(),
                message: VoteBranch.message(signed, summary: found.change.change.summary)), signer: signer)
        var items = [RemoteConnection.PushItem(source: commit, reference: "refs/heads/\(branch)", expected: nil)]
        var merged: ObjectID?
        if merge, let tip = found.branchTip {
            let landing = try mergeCommit(found.change, tip: tip, view: view, voter: voter, signer: signer)
            items.append(.init(source: landing, reference: "refs/heads/main", expected: view.main.tip))
            merged = landing
        }
        try push(items, over: connection, failure: "nothing was recorded; fetch and try again")
        return VoteResult(id: id, kind: kind, voter: voter.id, branch: branch, plan: plan.digest, merged: merged)
    }

    private static func refusal(_ kind: VerifiedVote.Kind, _ voter: Identity, _ proposer: String) -> String {
        switch kind {
        case .approve where voter.id == proposer, .reject where voter.id == proposer:
            "`\(voter.id)` proposed this change, and nobody decides on their own; ask somebody else with role `approver`"
        case .approve, .reject:
            "`\(voter.id)` has no right to \(kind.rawValue); that needs a person with role `approver`"
        case .withdraw: "only the proposer `\(proposer)` can withdraw this change; approvers can `cancel` it"
        case .cancel: "`\(voter.id)` has no right to cancel; that needs a person with role `approver` or `admin`"
        }
    }

    private func sign(
        _ kind: VerifiedVote.Kind, _ change: SignedChange, plan: Digest, voter: Identity, signer: any Signer,
        view: VerifiedView
    ) throws(AgentSafeError) -> SignedVote {
        let statement = VoteStatement(
            kind: kind, change: change.change.id, digest: change.digest, plan: plan, voter: voter.id, at: now,
            repository: view.state.repositoryID)
        do {
            let signature = try signer.sign(
                Array(statement.text.utf8), namespace: VoteStatement.namespace(of: kind, by: voter.kind))
            return SignedVote(statement: statement, signature: signature.blob)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
    }

    /// The commit that `git merge --no-ff -S change/<id>` would make: main's tree with the change's folder.
    private func mergeCommit(
        _ change: SignedChange, tip: ObjectID, view: VerifiedView, voter: Identity, signer: any Signer
    ) throws(AgentSafeError) -> ObjectID {
        let folder = change.change.id.folder
        let tree = try git { () throws(GitError) in
            try repository.edit(
                view.state.tree,
                [
                    "\(folder)/\(Change.fileName)": try repository.writeBlob(change.bytes),
                    "\(folder)/\(Change.signatureName)": try repository.writeBlob(change.signature),
                ])
        }
        return try commit(
            CommitDraft(
                tree: tree, parents: [view.main.tip, tip], person: try person(voter.id), time: host.now(),
                message: "Merge branch '\(change.change.id.branch)'\n"), signer: signer)
    }
}
