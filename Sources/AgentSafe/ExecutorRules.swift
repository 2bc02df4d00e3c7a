internal import ChangeModel
internal import Runner

extension ExecutorChoice {
    /// The executor for a target that main lets carry out actions on it, or what the caller made of that: `--executor` narrows,
    /// and never adds.
    ///
    /// - Parameter rules: `executors` of verified main. None: whatever reaches the target.
    func executor(for target: TargetEntry, by rules: [ExecutorRule]) throws(AgentSafeError) -> any Executor {
        let rule = rules.first { $0.covers(type: target.type) }
        guard rules.isEmpty || rule != nil else {
            throw AgentSafeError(
                .failed,
                "`executors` in agentsafe.yaml names none for targets of type `\(target.type)`, so nothing reaches them"
            )
        }
        if wanted == ExecutorRule.dryRun {
            guard rule?.allowed.contains(ExecutorRule.dryRun) == true else {
                throw AgentSafeError(
                    .failed,
                    "the executor `dry-run` uses a change up without doing it, and `executors` in agentsafe.yaml does not allow it for "
                        + "targets of type `\(target.type)`; to see what a change would do, use `agentsafe run --dry-run`"
                )
            }
            return DryRunExecutor(try executor(for: target))
        }
        let executor = try executor(for: target)
        if rule?.allowed == [ExecutorRule.dryRun] { return DryRunExecutor(executor) }
        if let rule, !rule.allowed.contains(executor.name) {
            throw AgentSafeError(
                .failed,
                "`executors` in agentsafe.yaml lets targets of type `\(target.type)` be reached by "
                    + "\(rule.allowed.map { "`\($0)`" }.joined(separator: " or ")), and here it is `\(executor.name)`")
        }
        if let wanted, wanted != executor.name {
            throw AgentSafeError(
                .failed,
                "`--executor` asks for `\(wanted.prefix(40))`, and what reaches `\(target.id)` here is `\(executor.name)`"
            )
        }
        return executor
    }
}
