internal import AgentSafe
internal import CommandLineParsing
internal import Ledger

enum ResolveCommand: Command {
    static let spec = CommandSpec(
        name: "resolve", summary: "Record what really happened to a change whose state is unknown.",
        discussion: """
            A runner prepared the change, and said nothing more before its lease ended: it died, or its record was lost. Look at the \
            target, then say what you found. That frees the target; the change itself is never run again. Needs a person with role \
            `approver` or `admin`, who may push to the branch `ledger`.
            """,
        example:
            "agentsafe resolve chg-20261122-7f3k9q2m4x --outcome not_applied --reason 'replicas are still 3'",
        options: [
            OptionSpec(
                "outcome", value: "OUTCOME", allowed: Resolution.allCases.map(\.rawValue), help: "what you found"),
            OptionSpec("reason", value: "TEXT", help: "how you know, for the record"),
            OptionSpec("yes", short: "y", help: "do not ask"), .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.common + [.denied],
        group: "Execution")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let id = try context.changeID()
        guard let outcome = context.arguments.value("outcome").flatMap(Resolution.init(rawValue:)) else {
            throw AgentSafeError(
                .usage,
                "say what you found: `--outcome \(Resolution.allCases.map(\.rawValue).joined(separator: "|"))`")
        }
        guard let reason = context.arguments.value("reason") else {
            throw AgentSafeError(.usage, "say how you know: `--reason TEXT`")
        }
        let terminal = context.terminal
        let confirmation = Confirmation(context)
        let result = try context.workspace().resolve(id, outcome: outcome, reason: reason) { prepared in
            confirmation.ask(
                "record that this was \(outcome.rawValue)?", showing: EventText.lines(prepared, terminal))
        }
        guard let result else { throw confirmation.refusal("nothing was recorded") }
        context.report(
            result.json, ["\(result.by) resolved \(result.id) as \(result.outcome.rawValue), event \(result.height)"])
        return 0
    }
}
