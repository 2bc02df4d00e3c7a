internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger
internal import Runner

enum RunCommand: Command {
    static let spec = CommandSpec(
        name: "run", summary: "Execute landed changes: one, or all that wait, in landing order.",
        discussion: """
            Judges each change again at main's newest verified commit, claims it in the ledger, takes the before-state, changes the \
            target, waits until it converged, and records what happened. A locked target is skipped, and the others go on; the exit \
            code is the worst one.
            """,
        example: "agentsafe run --cluster embedded:cluster.json --key runner_ed25519",
        moreExamples: [
            "agentsafe run chg-20261122-7f3k9q2m4x --cluster embedded:cluster.json",
            "agentsafe run --kubeconfig runner.kubeconfig --context staging",
        ],
        options: OptionSpec.reaching + [
            .trustRemote,
            OptionSpec(
                "ticket", value: "TICKET",
                help: "the change's execution ticket, which its claim uses up: the token, a file, or `-`"), .key,
            .remote, .output,
        ],
        positionals: [PositionalSpec("ID", required: false, help: "one change (default: all that wait)")],
        exitCodes: ExitCodeSpec.judging, group: "Execution")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let id: ChangeID? = context.arguments.positionals.isEmpty ? nil : try context.changeID()
        let workspace = try context.workspace()
        let terminal = context.terminal
        let ticket = try context.arguments.value("ticket").map { (text) throws(AgentSafeError) in
            try context.tokenText(text)
        }
        let outcomes = try workspace.run(id, ticket: ticket, executors: try workspace.executors()) { id, line in
            terminal.say(terminal.paint("\(id): \(visible(line))", .faint))
        }
        for outcome in outcomes {
            guard let record = outcome.unrecorded else { continue }
            terminal.say("agentsafe: WHAT WAS DONE FOR \(outcome.id) IS RECORDED NOWHERE ELSE. KEEP THIS RECORD:")
            terminal.say(printable(record.canonicalText))
        }
        context.report(["runs": .array(outcomes.map(\.json))], lines(outcomes, terminal))
        return ExitCodeSpec.worst(outcomes.map(\.exitCode))
    }

    private static func lines(_ outcomes: [RunOutcome], _ terminal: Terminal) -> [String] {
        if outcomes.isEmpty { return ["nothing waits to be run"] }
        return outcomes.flatMap { outcome in
            [
                "\(terminal.verdict(outcome.status.rawValue))  \(outcome.id)  \(outcome.summary)",
                "  \(visible(outcome.detail))",
            ]
                + outcome.steps.enumerated().flatMap { lines($1, $0 + 1, terminal) }
                + (outcome.steps.isEmpty ? outcome.differences : []).map { "  \(visible($0.text))" }
                + (outcome.output.map { ["  output: \(visible($0.canonicalText))"] } ?? [])
        }
    }

    private static func lines(_ step: RunStep, _ number: Int, _ terminal: Terminal) -> [String] {
        let record = step.record
        return [
            "  step \(number), \(step.step.summary): \(terminal.verdict(record.outcome.rawValue)), "
                + visible(record.summary)
        ]
            + record.differences.map { "    \(visible($0.text))" }
            + (record.output.map { ["    output: \(visible($0.canonicalText))"] } ?? [])
    }
}
