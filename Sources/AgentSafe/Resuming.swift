public import ChangeModel
internal import Ledger

extension Workspace {
    /// Proposes what an executed plan left undone: the step that failed and those after it, as a new change, for a change
    /// runs once. It says in its reason what it goes on with.
    ///
    /// - Parameter reason: why it may work now; nil: nothing beside what it goes on with.
    public func proposeRest(
        of id: ChangeID, reason: String?, ticket: String? = nil, lifetime: Int64? = nil, delegation: [String] = [],
        push: Bool, anyway: Bool = false
    ) throws(AgentSafeError) -> ProposalResult {
        try fetchIfPossible(.main)
        let view = try view()
        guard let change = try find(id, in: view)?.change.change else {
            throw AgentSafeError(.failed, "there is no change `\(id)` here; fetch, or check the identifier")
        }
        guard change.isPlan else {
            throw AgentSafeError(.failed, "\(id) has one step, so there is no rest; propose it again")
        }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        guard record.last(.execution) != nil || record.last(.resolution) != nil else {
            let claim = try ledger { () throws(LedgerError) in try view.ledger.state.claim(id) }
            throw AgentSafeError(
                .failed,
                claim == nil
                    ? "\(id) was never executed, so nothing of it is left over; `agentsafe status \(id)` says where it is"
                    : "\(id) is claimed, and nobody has said what became of it; `agentsafe status \(id)` says what to do"
            )
        }
        let done = record.doneSteps
        guard done < change.steps.count else {
            throw AgentSafeError(.failed, "all \(change.steps.count) steps of \(id) are done; nothing is left")
        }
        let rest = Array(change.steps.dropFirst(done))
        let what =
            rest.count == 1
            ? "step \(change.steps.count)" : "steps \(done + 1) to \(change.steps.count)"
        let words = "Resume \(id) with \(what) of \(change.steps.count)"
        return try propose(
            Proposal(
                steps: rest, reason: reason.map { "\(words): \($0)" } ?? words, ticket: ticket ?? change.ticket,
                lifetime: lifetime, delegation: delegation, anyway: anyway, push: push))
    }
}
