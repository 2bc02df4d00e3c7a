internal import AgentSafe
internal import CommandLineParsing

enum BreakGlassCommand: Command {
    static let spec = CommandSpec(
        name: "break-glass", summary: "Have a change run before its approvals are there, in an emergency.",
        discussion: """
            Where the rule that decides names your role under `approvals.break_glass`, your signed word stands in for \
            the approvals that are missing, for as long as `execute_within` says (one hour where it says nothing). It overrules nothing: no deny, no rejection, no \
            deadline. The run says so loudly, and the change stays open until the missing approvals are recorded: see `agentsafe reviews`.
            """,
        example: "agentsafe break-glass chg-20261122-7f3k9q2m4x --reason 'Checkout is down, and I am alone'",
        options: [OptionSpec("reason", value: "TEXT", help: "why, in one line of at most 500 bytes; recorded for ever")]
            + voteOptions,
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.common + [.denied],
        group: "Execution")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        guard let reason = context.arguments.value("reason") else {
            throw AgentSafeError(.usage, "breaking the glass needs a reason; add `--reason TEXT`")
        }
        return try vote(.breakGlass, reason: reason, context)
    }
}
