internal import ChangeModel
internal import Ledger
internal import PolicyEngine

extension Workspace {
    /// The trust commits that have no event yet: each gets one before anything else names a main commit that follows it.
    func owedTrustEvents(in view: VerifiedView) throws(AgentSafeError) -> [EventDraft] {
        let recorded = try ledger { () throws(LedgerError) in try view.ledger.state.trustVersion() }
        let newest = try ledger { () throws(LedgerError) in try view.main.tipState() }.identities.trustVersion
        guard recorded < newest else { return [] }
        return (recorded + 1...newest).compactMap { version in
            view.main.trustCommit(version: version).map { trust in
                EventDraft(
                    kind: .trust, change: nil, body: TrustEvent.body(trust),
                    headline: "version \(version) by main commit \(trust.commit.short)"
                        + Self.adoption(of: view.main.skipped(by: trust.commit).count),
                    notes: Self.notes(on: view.main.skipped(by: trust.commit)))
            }
        }
    }

    private static func adoption(of count: Int) -> String {
        count == 0 ? "" : ", adopting \(count) foreign commit\(count == 1 ? "" : "s")"
    }

    private static func notes(on skipped: [SkippedCommit]) -> [String] {
        guard let first = skipped.first, let last = skipped.last else { return [] }
        let others = skipped.count > 1 ? " to \(last.commit.id)" : ""
        return ["adopted, and landing nothing: \(first.commit.id)\(others)"]
    }

    /// What the ledger does not hold yet and must, before a claim: the decision, and the votes.
    func owedEvents(for change: SignedChange, in view: VerifiedView) throws(AgentSafeError) -> [EventDraft] {
        var ahead = DecisionsAhead()
        return try owedEvents(for: change, in: view, ahead: &ahead)
    }

    /// The same, of one change among others.
    ///
    /// - Parameter ahead: the decisions that are owed for other changes, and go before; this one's is added.
    func owedEvents(
        for change: SignedChange, in view: VerifiedView, ahead: inout DecisionsAhead
    ) throws(AgentSafeError) -> [EventDraft] {
        var drafts: [EventDraft] = []
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: change.change.id) }
        let judgement = try judgeAlone(change, in: view, ahead: ahead)
        let pending = try ledger { () throws(LedgerError) in try view.ledger.currentState().pending(change.change) }
        // Of what the ledger does not take, it takes no vote either before the change lands.
        if !judgement.isRecordable, record.events.isEmpty, pending == nil { return [] }
        if judgement.isRecordable, !record.holds(judgement.decision, of: change.digest) {
            ahead.note(judgement)
            drafts.append(.decision(judgement, copiesChange: !record.events.contains { $0.kind == .decision }))
        }
        let recorded = record.votes.compactMap { vote -> VoteStatement? in
            if case .statement(let signed) = vote.form { signed.statement } else { nil }
        }
        let votes = try branchVotes(on: change, in: view)
        // One statement on two branches is one vote.
        var known = Set(recorded)
        var isWithdrawn = recorded.contains { $0.kind == .withdraw && $0.voter == change.change.proposer }
        for vote in votes where known.insert(vote.signed.statement).inserted {
            // An agent can make any number of withdrawals, and one is enough.
            if vote.verified.voter.kind == .agent {
                if isWithdrawn { continue }
                isWithdrawn = true
            }
            drafts.append(
                EventDraft(
                    kind: .vote, change: change, body: RecordedVote.body(vote.signed),
                    headline: "\(vote.signed.statement.voter) says \(vote.signed.statement.kind.rawValue), "
                        + change.change.summary))
        }
        let mergeKnown = record.votes.contains { if case .merge = $0.form { true } else { false } }
        // What else the same person signed goes before a merge where it counts, which is for the judgement to say; and a key
        // that is not valid now approves nothing.
        if let pending, let approval = pending.approval, !mergeKnown,
            try !hasSpoken(approval.voter, on: change, recorded: record.votes, votes.map(\.verified), in: view),
            view.state.identities.owner(ofKey: approval.key)?.key.isValid(at: now) == true
        {
            drafts.append(
                EventDraft(
                    kind: .vote, change: change, body: RecordedVote.body(approval, commit: pending.landed),
                    headline: "\(approval.voter) approved by merging, \(change.change.summary)"))
        }
        return drafts
    }

    /// Whether a statement of this person's counts on the change as it is.
    private func hasSpoken(
        _ voter: String, on change: SignedChange, recorded: [RecordedVote], _ votes: [VerifiedVote],
        in view: VerifiedView
    ) throws(AgentSafeError) -> Bool {
        let statements = recorded.filter { if case .statement = $0.form { true } else { false } }
        let judgement = try ledger { () throws(LedgerError) in
            try Judgement(change, main: view.state, recorded: statements, branchVotes: votes, now: now)
        }
        return judgement.votes.contains { $0.voter.id == voter && $0.rejector == nil }
    }

    /// The policy's own answer at the place where the next event goes, votes aside.
    private func judgeAlone(
        _ change: SignedChange, in view: VerifiedView, ahead: DecisionsAhead
    ) throws(AgentSafeError) -> Judgement {
        let moment = max(now, view.ledger.tip.event.at)
        return try ledger { () throws(LedgerError) in
            let past = try view.ledger.state.past(of: change, main: view.state, at: moment, ahead: ahead)
            return try Judgement(change, main: view.state, past: past, now: moment)
        }
    }
}
