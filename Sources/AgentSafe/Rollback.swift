public import ChangeModel
internal import Ledger

extension Workspace {
    /// Proposes the rollback pairs that the runner recorded for an executed change, or for an unknown that was found applied:
    /// of a plan those of the steps that changed something, in reverse order. It goes through the gate like any other.
    ///
    /// - Parameter partial: leave steps that nothing undoes as they are; without it they are a refusal.
    public func proposeRollback(
        of id: ChangeID, reason: String?, ticket: String? = nil, delegation: [String] = [], push: Bool,
        anyway: Bool = false, partial: Bool = false
    ) throws(AgentSafeError) -> ProposalResult {
        try fetchIfPossible(.main)
        let view = try view()
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        let executed = record.executedSteps
        guard !executed.isEmpty else {
            let isRead = record.last(.execution) != nil
            throw AgentSafeError(
                .failed,
                isRead
                    ? "no step of \(id) changed anything, so there is nothing to roll back"
                    : "\(id) was never executed, so there is nothing to roll back")
        }
        let lasting = executed.filter(\.rollback.isNull)
        guard lasting.count < executed.count else {
            throw AgentSafeError(
                .failed, "nothing undoes \(id): its action has no rollback action; propose what should happen instead")
        }
        guard lasting.isEmpty || partial else {
            let steps = lasting.map { "step \($0.number) (\($0.summary))" }.joined(separator: ", ")
            throw AgentSafeError(
                .failed, "nothing undoes \(steps) of \(id); `--partial` proposes what undoes the other steps")
        }
        var pairs: [ChangeStep] = []
        for pair in executed.reversed().map(\.rollback) where !pair.isNull {
            guard let step = ChangeStep(json: pair) else {
                throw AgentSafeError(.notAuthentic, "the recorded rollback pair of \(id) cannot be read")
            }
            pairs.append(step)
        }
        if !lasting.isEmpty {
            notify(
                "warning: what \(lasting.map { "step \($0.number)" }.joined(separator: " and ")) did stays as it is")
        }
        try checkIsNewest(record, in: view)
        return try propose(
            Proposal(
                steps: pairs, reason: reason ?? "Roll back \(id)", ticket: ticket, delegation: delegation,
                rollbackOf: id,
                anyway: anyway, push: push))
    }

    /// The recorded pairs undo the state of their own time. Says when a target has moved on since.
    private func checkIsNewest(_ record: ChangeRecord, in view: VerifiedView) throws(AgentSafeError) {
        let id = record.id
        for lock in record.last(.claim)?.locks ?? [] {
            guard let newest = try ledger({ () throws(LedgerError) in try view.ledger.state.lastExecution(lock) }),
                newest.change != id
            else { continue }
            if newest.rollbackOf == id, newest.succeeded {
                throw AgentSafeError(
                    .failed,
                    "\(id) was rolled back by \(newest.change) already; `agentsafe rollback \(newest.change)` would "
                        + "undo that")
            }
            notify(
                "warning: \(newest.change) was executed on the same target after \(id); the rollback may undo that, too"
            )
        }
    }
}
