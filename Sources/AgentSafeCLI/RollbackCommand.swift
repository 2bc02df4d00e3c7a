internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

enum RollbackCommand: Command {
    static let spec = CommandSpec(
        name: "rollback", summary: "Propose the recorded rollback pairs of an executed change.",
        discussion: """
            The rollback is a change like any other: it goes through the gate, and may need approval. Of a plan it has the pairs \
            of the steps that changed something, in reverse order.
            """,
        example: "agentsafe rollback chg-20261122-7f3k9q2m4x --reason 'Latency rose' --push",
        options: [
            OptionSpec("reason", short: "r", value: "TEXT", help: "why (default: which change it rolls back)"),
            OptionSpec("ticket", value: "ID", help: "an external ticket"), .delegation,
            OptionSpec("partial", help: "leave steps that nothing undoes as they are, and undo the others"),
            OptionSpec("anyway", help: "write it even when the policy denies it"), .push, .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the executed change")], exitCodes: ExitCodeSpec.proposing,
        group: "Change")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let id = try context.changeID()
        let result = try context.workspace().proposeRollback(
            of: id, reason: arguments.value("reason"), ticket: arguments.value("ticket"),
            delegation: try context.delegationOption(), push: arguments.has("push"), anyway: arguments.has("anyway"),
            partial: arguments.has("partial"))
        return ProposeCommand.report(result, context)
    }
}
