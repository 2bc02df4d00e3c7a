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
    /// Why the glass was broken; nil for every other verdict.
    public let reason: String?

    public var json: JSONValue {
        .compact([
            "id": .string(id.text), "verdict": .string(kind.rawValue), "by": .string(voter), "branch": .string(branch),
            "plan": .string(plan.description), "merged": merged.map { .string($0.description) } ?? .null,
            "reason": reason.map { .string($0) },
        ])
    }
}

extension Workspace {
    /// Signs a vote and pushes it on a branch of its own; with `merge`, lands the change by a signed merge in the same push.
    ///
    /// - Parameters:
    ///   - rejector: with `.withdraw`, whose rejection an admin takes back.
    ///   - reason: with `.breakGlass`, why.
    ///   - confirm: shown the judgement before anything is signed; false stops without a trace.
    /// - Returns: nil when `confirm` said no.
    public func vote(
        _ kind: VerifiedVote.Kind, on id: ChangeID, of rejector: String? = nil, reason: String? = nil,
        merge: Bool = false, confirm: (Judgement) -> Bool
    ) throws(AgentSafeError) -> VoteResult? {
        try fetchIfPossible(.change(id))
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
        let proposer = found.change.change.proposer
        guard SignedVote.mayVote(kind, voter, proposer: proposer, rejector: rejector) else {
            throw AgentSafeError(.denied, Self.refusal(kind, voter, proposer, rejector))
        }
        let review = try ledger { () throws(LedgerError) in try view.ledger.state.review(id) }
        if kind == .breakGlass, review == nil { try checkBreakingGlass(judgement, by: voter, reason: reason) }
        if kind == .approve, judgement.asking.delegators.contains(voter.id) {
            throw AgentSafeError(
                .denied,
                "`\(voter.id)` delegated this change, and nobody approves what they delegated; ask somebody else with role "
                    + "`approver`")
        }
        if kind == .withdraw { try checkSomethingToTakeBack(judgement, by: voter, of: rejector) }
        // What ran is what is reviewed, whatever main says by now.
        guard let plan = review?.plan ?? judgement.plan?.digest else {
            throw AgentSafeError(.denied, "\(id) has no plan to vote on: \(judgement.decision.reason)")
        }
        if let review {
            if kind == .approve, review.excluded.contains(voter.id) {
                throw AgentSafeError(
                    .denied, "`\(voter.id)` had a hand in \(id), and nobody reviews their own; ask somebody else")
            }
            notify("note: \(review.summary(at: now))")
        }
        if kind == .approve, review == nil, judgement.decision.result == .deny {
            throw AgentSafeError(
                .denied, "the policy denies \(id), and no vote changes that: \(judgement.decision.reason)")
        }
        if merge, found.isLanded {
            throw AgentSafeError(.failed, "\(id) has landed already; approve it without `--merge`")
        }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        if record.last(.execution) != nil, review == nil || kind == .breakGlass {
            throw AgentSafeError(
                .failed,
                "\(id) was executed already, so no vote changes anything; `agentsafe rollback \(id)` proposes the way back"
            )
        }
        let standing = judgement.votes.last { $0.voter.id == voter.id && $0.rejector == nil }
        // Whose word has grown old may give it again.
        let isRenewal = kind == .breakGlass || judgement.standingCode == .executionOverdue
        if !merge, rejector == nil, let standing, standing.kind == kind, standing.plan == plan,
            !judgement.isTakenBack(standing), !isRenewal
        {
            throw AgentSafeError(
                .failed, "`\(voter.id)` said \(kind.rawValue) to this plan already, at \(standing.at); once is enough")
        }
        let connection = try connection(view.state)
        guard confirm(judgement) else { return nil }
        // Of each person the latest counts, so it must not be older than one that a faster clock dated.
        let moment = max(now, standing.map { min($0.at, now + clockSkew - .seconds(1)) + .seconds(1) } ?? now)
        let signed = try sign(
            VoteStatement(
                kind: kind, change: id, digest: found.change.digest, plan: plan, voter: voter.id, at: moment,
                repository: view.state.repositoryID, rejector: rejector,
                reason: kind == .breakGlass ? reason : nil), as: voter, signer: signer)
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
        return VoteResult(
            id: id, kind: kind, voter: voter.id, branch: branch, plan: plan, merged: merged,
            reason: signed.statement.reason)
    }

    private static func refusal(
        _ kind: VerifiedVote.Kind, _ voter: Identity, _ proposer: String, _ rejector: String?
    ) -> String {
        switch kind {
        case .approve where voter.id == proposer, .reject where voter.id == proposer:
            "`\(voter.id)` proposed this change, and nobody decides on their own; ask somebody else with role `approver`"
        case .approve, .reject:
            "`\(voter.id)` has no right to \(kind.rawValue); that needs a person with role `approver`"
        case .withdraw where rejector != nil:
            "`\(voter.id)` has no right to take back somebody's rejection; that needs a person with role `admin` who did not "
                + "propose the change"
        case .withdraw: onlyTheProposerWithdraws(proposer)
        case .breakGlass: "`\(voter.id)` has no right to break the glass; that needs a person"
        case .cancel: "`\(voter.id)` has no right to cancel; that needs a person with role `approver` or `admin`"
        }
    }

    private static func onlyTheProposerWithdraws(_ proposer: String) -> String {
        "only the proposer `\(proposer)` can withdraw this change; approvers can `cancel` it"
    }

    /// A withdrawal by anybody but the proposer takes a vote back: there must be one, and it must be older.
    private func checkSomethingToTakeBack(
        _ judgement: Judgement, by voter: Identity, of rejector: String?
    ) throws(AgentSafeError) {
        let proposer = judgement.change.change.proposer
        if voter.id == proposer { return }
        let author = rejector ?? voter.id
        let latest = judgement.votes.last { $0.voter.id == author && $0.rejector == nil }
        if let rejector, latest.map({ $0.kind != .reject || judgement.isTakenBack($0) }) ?? true {
            throw AgentSafeError(
                .failed, "`\(rejector)` does not reject \(judgement.change.change.id), so there is nothing to take back"
            )
        }
        guard let latest, latest.kind != .withdraw else {
            throw AgentSafeError(
                .denied, Self.onlyTheProposerWithdraws(proposer) + ", and `\(voter.id)` has no vote to take back")
        }
        guard latest.at < now else {
            throw AgentSafeError(
                .failed,
                "the vote to take back is dated \(latest.at), and of two at one time the stricter counts; try again later"
            )
        }
    }

    private func sign(
        _ statement: VoteStatement, as voter: Identity, signer: any Signer
    ) throws(AgentSafeError) -> SignedVote {
        do {
            let signature = try signer.sign(
                Array(statement.text.utf8), namespace: VoteStatement.namespace(of: statement.kind, by: voter.kind))
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
