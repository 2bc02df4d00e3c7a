internal import AgentSafe
internal import CommandLineParsing
internal import Ledger

enum GateCommand: Command {
    static let spec = CommandSpec(
        name: "gate", summary: "Judge what a branch would bring onto main, as CI does.",
        discussion: """
            Identities and policy come from the base's verified main, never from the branch. Every commit of the branch is looked at; \
            nothing of it is checked out or run.
            """,
        example: "agentsafe gate --base origin/main --head change/chg-20261122-7f3k9q2m4x",
        options: [
            OptionSpec("base", value: "COMMIT", help: "main as it was fetched (default: the remote's main)"),
            OptionSpec("head", value: "COMMIT", help: "the branch to judge (default: HEAD)"),
            OptionSpec("genesis", value: "COMMIT", help: "the pinned genesis (default: AGENTSAFE_GENESIS, git config)"),
            .trustRemote, .remote, .output,
        ], exitCodes: ExitCodeSpec.judging, group: "Review")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let workspace = try context.workspace()
        let report = try workspace.gate(
            base: context.arguments.value("base"), head: context.arguments.value("head") ?? "HEAD")
        context.report(report.json, lines(report, context.terminal))
        return ExitCodeSpec.code(of: report.result)
    }

    private static func lines(_ report: GateReport, _ terminal: Terminal) -> [String] {
        switch report.content {
        case .nothing: ["nothing to judge: the head is on main already"]
        case .free: [terminal.verdict("allow") + " README, LICENSE and docs/ only"]
        case .trust(let version, let signers):
            [terminal.verdict("allow") + " trust version \(version), signed by \(signers.joined(separator: ", "))"]
        case .changes(let judgements):
            judgements.flatMap { judgement in
                ["\(terminal.verdict(judgement.outcome))"] + DecisionText.lines(judgement, terminal).map { "  " + $0 }
            }
        }
    }
}
