internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger
internal import OperatingSystem
internal import Runner

enum RunCommand: Command {
    static let spec = CommandSpec(
        name: "run", summary: "Execute landed changes: one, or all that wait, in landing order.",
        discussion: """
            Judges each change again at main's newest verified commit, claims it in the ledger, takes the before-state, changes the \
            target, waits until it converged, and records what happened. A locked target is skipped, and the others go on; the exit \
            code is the worst one.
            With `--dry-run` it asks the targets what would change and says that: nothing is claimed, recorded or changed. With \
            `--preview` the runner records the same for those who approve and hold no credentials. Both take changes that have not \
            landed, too, and end with 0 when everything is predicted, with 1 when something is refused or cannot be told, with 20 \
            when the change is denied.
            """,
        example: "agentsafe run --cluster embedded:cluster.json --key runner_ed25519",
        moreExamples: [
            "agentsafe run chg-20261122-7f3k9q2m4x --cluster embedded:cluster.json",
            "agentsafe run --kubeconfig runner.kubeconfig --context staging",
            "agentsafe run --dry-run chg-20261122-7f3k9q2m4x --output json",
            "agentsafe run --preview chg-20261122-7f3k9q2m4x --key runner_ed25519",
        ],
        options: OptionSpec.reaching + [
            OptionSpec("dry-run", help: "show what would change, and change, claim and record nothing"),
            OptionSpec("preview", help: "record in the ledger what one change would do, for reviewers"),
            OptionSpec(
                "executor", value: "NAME", allowed: ["kubernetes", "kubectl", "embedded", "aws", "dry-run"],
                help: "one of those that `executors` in agentsafe.yaml allows"),
            OptionSpec(
                "reveal", value: "FILE",
                help: "where the values of secrets go that a change reads: a new file, or `-` for standard output"),
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
        if context.arguments.has("dry-run") || context.arguments.has("preview") {
            return try rehearse(id, workspace, context)
        }
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
        try reveal(outcomes, context)
        return ExitCodeSpec.worst(outcomes.map(\.exitCode))
    }

    /// Hands out what was read of secrets, to the one who asked, where they asked for it.
    private static func reveal(_ outcomes: [RunOutcome], _ context: CommandContext) throws(AgentSafeError) {
        let found = outcomes.filter { !$0.secretOutput.isEmpty }
        guard !found.isEmpty else { return }
        guard let place = context.arguments.value("reveal") else {
            context.terminal.say("values of secrets were read, and dropped; `--reveal FILE` says where they should go")
            return
        }
        let values: JSONValue = .object(
            Dictionary(found.map { ($0.id.text, .array($0.secretOutput)) }, uniquingKeysWith: { first, _ in first }))
        guard place != "-" else {
            context.terminal.write(printable(values.prettyText))
            return
        }
        do {
            try Files.create(context.host.absolute(place), Array((values.prettyText + "\n").utf8), mode: 0o600)
        } catch {
            throw AgentSafeError(.failed, "the values of secrets were read, and dropped: \(error)")
        }
    }

    private static func rehearse(
        _ id: ChangeID?, _ workspace: Workspace, _ context: CommandContext
    ) throws(AgentSafeError) -> Int32 {
        let (arguments, terminal) = (context.arguments, context.terminal)
        guard !arguments.has("ticket"), !(arguments.has("dry-run") && arguments.has("preview")) else {
            throw AgentSafeError(.usage, "`--dry-run`, `--preview` and `--ticket` do not go together; choose one")
        }
        let outcomes: [PreviewOutcome]
        if arguments.has("preview") {
            guard let id else { throw AgentSafeError(.usage, "`--preview` is for one change; name it") }
            outcomes = [try workspace.recordPreview(id, executors: try workspace.executors())]
        } else {
            outcomes = try workspace.dryRun(id, executors: try workspace.executors())
        }
        context.report(
            [(arguments.has("preview") ? "previews" : "dry_runs"): .array(outcomes.map(\.json))],
            outcomes.isEmpty ? ["nothing waits to be run"] : outcomes.flatMap { PreviewText.lines($0, terminal) })
        return ExitCodeSpec.worst(outcomes.map(\.exitCode))
    }

    private static func lines(_ outcomes: [RunOutcome], _ terminal: Terminal) -> [String] {
        if outcomes.isEmpty { return ["nothing waits to be run"] }
        return outcomes.flatMap { outcome in
            var lines = [
                "\(terminal.verdict(outcome.status.rawValue))  \(outcome.id)  \(outcome.summary)",
                "  \(visible(outcome.detail))",
            ]
            for (index, step) in outcome.steps.enumerated() { lines += Self.lines(step, index + 1, terminal) }
            if outcome.steps.isEmpty { lines += outcome.differences.map { "  " + DifferenceText.line($0.json) } }
            if let output = outcome.output { lines.append("  output: \(visible(output.canonicalText))") }
            return lines
        }
    }

    private static func lines(_ step: RunStep, _ number: Int, _ terminal: Terminal) -> [String] {
        let record = step.record
        return [
            "  step \(number), \(step.step.summary): \(terminal.verdict(record.outcome.rawValue)), "
                + visible(record.summary)
        ]
            + record.differences.map { "    " + DifferenceText.line($0.json) }
            + (record.output.map { ["    output: \(visible($0.canonicalText))"] } ?? [])
    }
}
