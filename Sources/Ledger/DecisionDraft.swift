public import ChangeModel
internal import Git
internal import PolicyEngine

extension EventDraft {
    /// The decision event of a judgement. The writer makes the decision anew at the event's own place, for what it recorded
    /// just before may count.
    public static func decision(_ judgement: Judgement, copiesChange: Bool) -> EventDraft {
        let change = judgement.change
        var draft = EventDraft(
            kind: .decision, change: change, body: .null, copiesChange: copiesChange, headline: "")
        draft.derivesDecision = true
        draft.enter(judgement)
        return draft
    }

    private mutating func enter(_ judgement: Judgement) {
        let (change, decision) = (judgement.change.change, judgement.decision)
        body = [
            "engine": .string(PolicyEngine.version), "decision": decision.json,
            "plan": judgement.plan.map { .string($0.digest.description) } ?? .null,
            "proposer": .string(change.proposer),
        ]
        headline = "\(decision.result.rawValue), \(change.summary)"
        notes = ["proposed by \(change.proposer): \(change.reason)", decision.reason]
    }

    /// The draft with the decision that the policy gives at its own place in the ledger; nil when nothing is to be recorded
    /// there, because the same outcome is, or because the ledger takes no more denied changes of this caller.
    ///
    /// - Parameter state: as of the event before, with what has landed since.
    func decided(state: LedgerState, main: MainState, at instant: Timestamp) throws(LedgerError) -> EventDraft? {
        guard derivesDecision, let change else { return self }
        let record = try state.record(of: change.change.id)
        let past = try state.past(of: change, main: main, at: instant)
        var draft = self
        switch kind {
        case .decision:
            let judgement = try Judgement(change, main: main, past: past, now: instant)
            guard judgement.isRecordable, !record.holds(judgement.decision, of: change.digest),
                try state.hasRoom(for: change.account(at: instant), at: instant)
            else { return nil }
            draft.enter(judgement)
        case .claim:
            let judgement = try Judgement(change, main: main, recorded: record.votes, past: past, now: instant)
            guard case .authorized(let authorized) = judgement.authorization else {
                throw .refused("\(change.change.id) is not allowed any more: \(judgement.standing.reason)")
            }
            draft.body["decision"] = authorized.decision.json
            draft.body["break_glass"] = authorized.brokenGlass?.json
        default: break
        }
        return draft
    }

    /// Whether the change is in neither place where a reader would look for it.
    func isHomeless(state: LedgerState) throws(LedgerError) -> Bool {
        guard let change else { return false }
        guard try state.pending(change.change) == nil else { return false }
        return try state.record(of: change.change.id).events.isEmpty
    }
}

extension Judgement {
    /// The decision that stands in the end: the policy's, or why the change may not run in spite of it.
    public var standing: Decision {
        if case .denied(let decision) = authorization { return decision }
        return decision
    }
}
