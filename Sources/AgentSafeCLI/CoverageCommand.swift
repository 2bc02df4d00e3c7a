internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger

enum CoverageCommand: Command {
    static let spec = CommandSpec(
        name: "coverage", summary: "Say which executions lack before-state, after-state or a way back, and why.",
        discussion: """
            Reads the verified ledger. Each step that was prepared counts for itself; what changed nothing needs no way back. Ends \
            with 0 whatever is lacking; with `--fail-on` it ends with 1 when that is lacking somewhere.
            With `--output json`: {"complete", "steps", "covered", "lacking_counts": {"before_state", "after_state", "rollback"}, \
            "lacking": [{"id", "height", "at", "step", "action", "target", "executor", "changed", "lacks": [{"what", "why"}]}]}.
            """,
        example: "agentsafe audit coverage",
        moreExamples: ["agentsafe audit coverage --since 2026-11-01T00:00:00Z --fail-on after_state --output json"],
        options: [
            OptionSpec("since", value: "TIME", help: "not before, e.g. 2026-11-22T23:11:00Z"),
            OptionSpec(
                "fail-on", value: "WHAT", allowed: StepCoverage.Part.allCases.map(\.rawValue) + ["any"],
                help: "end with 1 when this is lacking: before_state, after_state, rollback, or any of them"),
            .remote, .output,
        ], exitCodes: ExitCodeSpec.common, group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        var since: Timestamp?
        if let text = context.arguments.value("since") {
            since = Timestamp(text)
            if since == nil {
                throw AgentSafeError(
                    .usage,
                    "`--since` takes a time like 2026-11-22T23:11:00Z, not `\(visible(String(text.prefix(40))))`")
            }
        }
        let report = try context.workspace().stateCoverage(since: since)
        if !report.isComplete {
            context.terminal.say("warning: the ledger is longer than what was looked at; narrow it down with `--since`")
        }
        context.report(report.json, lines(report))
        guard let wanted = context.arguments.value("fail-on") else { return 0 }
        let isLacking =
            wanted == "any"
            ? !report.lacking.isEmpty : StepCoverage.Part(rawValue: wanted).map { report.count($0) > 0 } ?? false
        return isLacking ? 1 : 0
    }

    private static func lines(_ report: CoverageReport) -> [String] {
        guard !report.steps.isEmpty else { return ["nothing was executed"] }
        let counts = StepCoverage.Part.allCases.map { "\(report.count($0)) × \($0.rawValue)" }.joined(separator: ", ")
        let head =
            "\(report.steps.count - report.lacking.count) of \(report.steps.count) executed steps have all of it; lacking: \(counts)"
        return [head]
            + report.lacking.flatMap { step in
                [
                    "\(step.id)  step \(step.step), \(visible(step.action)) on \(visible(step.target)), height \(step.height)"
                ]
                    + StepCoverage.Part.allCases.compactMap { part in
                        step.lacks[part].map { "  no \(part.rawValue): \($0)" }
                    }
            }
    }
}
