internal import ChangeModel

extension LedgerState {
    /// Whether `change` is exactly the recorded rollback pair of the latest execution on its target. Once it was executed it
    /// is the latest itself, so a pair counts once, and an old one never again. What undoes a rollback is none: it would
    /// bring back, without anybody's word, what people have just undone.
    func isRollback(_ change: Change, main: MainState) throws(LedgerError) -> Bool {
        guard let undone = change.rollbackOf, change.steps.count == 1, let step = change.steps.first,
            let catalogue = try? main.catalogue(), let target = catalogue.targets[step.target],
            let latest = try lastExecution(target.lockKey), latest.change == undone, latest.rollbackOf == nil,
            let pair = try record(of: undone).last(.prepared)?.body["rollback"]
        else { return false }
        return pair == step.json
    }
}
