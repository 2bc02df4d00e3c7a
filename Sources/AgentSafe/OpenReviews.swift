public import ChangeModel
internal import Git
public import Ledger
internal import PolicyEngine

extension OpenReview {
    public func isOverdue(at now: Timestamp) -> Bool { now > due }

    /// - Parameter now: by which it is overdue or not.
    public func json(at now: Timestamp) -> JSONValue {
        [
            "id": .string(id.text), "by": .string(by), "reason": .string(reason), "plan": .string(plan.description),
            "since": .string(since.description), "due": .string(due.description), "overdue": .bool(isOverdue(at: now)),
            "missing": .requirements(missing), "rejected_by": .strings(rejectedBy),
        ]
    }

    /// `chg-… ran by broken glass of bob at …: why; due …: still missing: 1 × approver`
    public func summary(at now: Timestamp) -> String {
        let needed = missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
        let rejected = rejectedBy.joined(separator: ", ")
        return [
            "\(id) was claimed at \(since) on the word of `\(by)`: \(reason)",
            isOverdue(at: now) ? "its review is overdue since \(due)" : "its review is due by \(due)",
            needed.isEmpty ? nil : "still missing: \(needed)",
            rejected.isEmpty ? nil : "rejected by \(rejected): `agentsafe rollback \(id)` proposes the way back",
        ].compactMap { $0 }.joined(separator: "; ")
    }
}

extension Workspace {
    /// What ran by broken glass and lacks its review, by what was fetched last.
    public func openReviews() throws(AgentSafeError) -> [OpenReview] { try openReviews(in: try view()) }

    func openReviews(in view: VerifiedView) throws(AgentSafeError) -> [OpenReview] {
        try ledger { () throws(LedgerError) in try view.ledger.state.reviews() }
    }

    /// Where a change is, and what it still owes.
    func status(of id: ChangeID, in view: VerifiedView) throws(AgentSafeError) -> ChangeStatus {
        var status = try way(of: id, in: view)
        status.openReview = try ledger { () throws(LedgerError) in try view.ledger.state.review(id) }
        status.now = now
        return status
    }

    /// The votes that the ledger does not hold yet on what ran by broken glass. One change that cannot be read keeps no other
    /// from being recorded.
    func owedReviewVotes(in view: VerifiedView) throws(AgentSafeError) -> [EventDraft] {
        var drafts: [EventDraft] = []
        for review in try openReviews(in: view) {
            guard let found = try find(review.id, in: view), found.isLanded else { continue }
            do throws(AgentSafeError) {
                // A rejection goes before the approval that would close the review.
                drafts += Self.stopsFirst(try owedEvents(for: found.change, in: view).filter { $0.kind == .vote })
            } catch {
                notify("warning: votes on \(review.id) are not recorded: \(error.message)")
            }
        }
        return drafts
    }

    // MARK: - Breaking the glass

    /// Whether `voter` may break the glass now; it replaces approvals, and overrules nothing.
    func checkBreakingGlass(
        _ judgement: Judgement, by voter: Identity, reason: String?
    ) throws(AgentSafeError) {
        let id = judgement.change.change.id
        guard let reason, VoteStatement.isReason(reason) else {
            throw AgentSafeError(
                .usage, "say why, in one visible line of at most \(VoteStatement.maximumReason) bytes, with `--reason`")
        }
        switch judgement.authorization {
        case .authorized:
            throw AgentSafeError(.failed, "\(id) needs no broken glass: it may run as it is")
        case .denied(let decision):
            throw AgentSafeError(
                .denied, "a broken glass replaces approvals and overrules nothing: \(decision.reason)")
        case .awaitingApproval(let decision, _, _):
            let rule = decision.ruleOrCode
            guard let terms = decision.terms.breakGlass, !terms.roles.isEmpty else {
                throw AgentSafeError(
                    .denied, "the rule `\(rule)` lets nobody break the glass; \(id) needs its approvals")
            }
            guard terms.roles.contains(where: voter.has) else {
                let roles = terms.roles.map { "`\($0)`" }.joined(separator: " or ")
                throw AgentSafeError(
                    .denied,
                    "`\(voter.id)` may not break the glass: the rule `\(rule)` wants a person with role \(roles)")
            }
        }
    }
}
