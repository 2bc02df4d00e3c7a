internal import ChangeModel

extension LedgerState {
    /// Whether `change` is exactly what undoes the latest execution on all of its targets: the recorded rollback pair, or
    /// those of all steps that changed something, in reverse order. Once it was executed it is the latest itself, so a pair
    /// counts once, and an old one never again. What undoes a rollback is none: it would bring back, without anybody's word,
    /// what people have just undone.
    func isRollback(_ change: Change, main: MainState) throws(LedgerError) -> Bool {
        guard let undone = change.rollbackOf, let catalogue = try? main.catalogue() else { return false }
        for step in change.steps {
            guard let target = catalogue.targets[step.target], let latest = try lastExecution(target.lockKey),
                latest.change == undone, latest.rollbackOf == nil
            else { return false }
        }
        let pairs = try record(of: undone).executedSteps.reversed().map(\.rollback)
        return !pairs.isEmpty && pairs == change.steps.map(\.json)
    }
}
