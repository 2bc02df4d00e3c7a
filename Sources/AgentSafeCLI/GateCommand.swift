internal import AgentSafe
internal import CommandLineParsing
internal import Ledger

enum GateCommand: Command {
    static let spec = CommandSpec(
        name: "gate", summary: "Judge what a branch would bring onto main, as CI does; record it, and land it.",
        discussion: """
            Identities and policy come from the base's verified main, never from the branch. Every commit of the branch is looked at; \
            nothing of it is checked out or run. With `--record` the gate's key writes into the ledger what it does not hold yet: the \
            decision, a denying one as well, votes on these changes and on all that waits on main, and trust commits. With `--land` \
            the branch comes onto main if every change on it is allowed or approved by now. A head that is on main already is judged \
            as what landed after the base.
            """,
        example: "agentsafe gate --base origin/main --head change/chg-20261122-7f3k9q2m4x",
        moreExamples: [
            "agentsafe gate --record --land --head origin/change/chg-20261122-7f3k9q2m4x --key gate_ed25519",
            "agentsafe gate --record --key gate_ed25519",
        ],
        options: [
            OptionSpec("base", value: "COMMIT", help: "main as it was fetched (default: the remote's main)"),
            OptionSpec("head", value: "COMMIT", help: "the branch to judge (default: HEAD)"),
            OptionSpec(
                "merged", help: "the head is what main would become, merged by a forge: judge its first-parent chain"),
            OptionSpec("record", help: "record decisions, votes and trust commits in the ledger; fetches first"),
            OptionSpec("land", help: "bring the branch onto main if it may run; fetches first"),
            OptionSpec("genesis", value: "COMMIT", help: "the pinned genesis (default: AGENTSAFE_GENESIS, git config)"),
            .trustRemote, .key, .remote,
            OptionSpec(
                "output", short: "o", value: "FORMAT", allowed: ["text", "json", "github"],
                help: "for people (default), stable for programs, or GitHub's annotations, step summary and outputs"),
        ], exitCodes: ExitCodeSpec.judging, group: "Review")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        guard context.arguments.value("output") == "github" else { return try judge(context) }
        do throws(AgentSafeError) {
            return try judge(context.onGitHub)
        } catch {
            GitHubOutput(context: context.onGitHub).deliver(error)
            throw AgentSafeError(
                error.code, WorkflowCommand.harmless(error.message),
                details: error.details.map(WorkflowCommand.harmless))
        }
    }

    private static func judge(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let report = try context.workspace().gate(
            GateRequest(
                base: arguments.value("base"), head: arguments.value("head") ?? "HEAD",
                isMerged: arguments.has("merged"),
                records: arguments.has("record"), lands: arguments.has("land")))
        if arguments.value("output") == "github" {
            GitHubOutput(context: context).deliver(report)
        } else {
            context.report(report.json, lines(report, context.terminal))
        }
        return ExitCodeSpec.code(of: report.result)
    }

    private static func lines(_ report: GateReport, _ terminal: Terminal) -> [String] {
        content(report, terminal)
            + (report.recorded ?? []).map { event in
                "recorded the \(event.kind.rawValue)" + (event.change.map { " of \($0)" } ?? "")
                    + " at height \(event.height)"
            }
            + report.openReviews.map { "open review: \(visible($0.summary(at: report.now)))" }
            + (report.landed ?? []).map { "landed \($0.change) by \($0.commit.short)" }
    }

    private static func content(_ report: GateReport, _ terminal: Terminal) -> [String] {
        switch report.content {
        case .nothing: ["nothing to judge: the head is on main already"]
        case .free: [terminal.verdict("allow") + " README, LICENSE and docs/ only"]
        case .trust(let version, let signers):
            [
                terminal.verdict(report.result) + " trust version \(version), signed by "
                    + (signers.isEmpty ? "nobody yet" : signers.joined(separator: ", ")),
                report.missingAdmins > 0
                    ? "  still missing: \(report.missingAdmins) × admin (`agentsafe trust sign`)" : nil,
                report.adopts > 0 ? "  adopts \(report.adopts) foreign commits of main, which land nothing" : nil,
            ].compactMap { $0 }
        case .changes(let judgements):
            judgements.flatMap { judgement in
                ["\(terminal.verdict(judgement.outcome))"] + DecisionText.lines(judgement, terminal).map { "  " + $0 }
            }
        }
    }
}
