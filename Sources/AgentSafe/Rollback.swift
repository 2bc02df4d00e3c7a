public import ChangeModel
internal import Ledger

extension Workspace {
    /// Proposes the rollback pair that the runner recorded for an executed change, or for an unknown that was found applied. It goes through the gate like any other.
    public func proposeRollback(
        of id: ChangeID, reason: String?, ticket: String? = nil, delegation: [String] = [], push: Bool,
        anyway: Bool = false
    ) throws(AgentSafeError) -> ProposalResult {
        try fetchIfPossible(.main)
        let view = try view()
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        let resolution = record.last(.resolution).flatMap {
            $0.outcome == Resolution.notApplied.rawValue ? nil : $0
        }
        guard let execution = record.last(.execution) ?? resolution else {
            throw AgentSafeError(.failed, "\(id) was never executed, so there is nothing to roll back")
        }
        guard let prepared = record.events.last(where: { $0.kind == .prepared && $0.height < execution.height }),
            let recorded = prepared.body["rollback"], !recorded.isNull
        else {
            throw AgentSafeError(
                .failed, "nothing undoes \(id): its action has no rollback action; propose what should happen instead")
        }
        guard let pair = ChangeStep(json: recorded) else {
            throw AgentSafeError(.notAuthentic, "the recorded rollback pair of \(id) cannot be read")
        }
        try checkIsNewest(id, execution, in: view)
        return try propose(
            Proposal(
                action: pair.action, target: pair.target, parameters: pair.parameters,
                reason: reason ?? "Roll back \(id)", ticket: ticket, delegation: delegation,
                rollbackOf: id, anyway: anyway, push: push))
    }

    /// The recorded pair undoes the state of its own time. Says when the target has moved on since.
    private func checkIsNewest(_ id: ChangeID, _ execution: LedgerEvent, in view: VerifiedView) throws(AgentSafeError) {
        for lock in try ledger({ () throws(LedgerError) in try view.ledger.record(of: id) }).last(.claim)?.locks ?? [] {
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
