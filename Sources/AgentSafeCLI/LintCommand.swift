internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import PolicyEngine

enum LintCommand: Command {
    static let spec = CommandSpec(
        name: "lint", summary: "Look for what a policy allows and its author hardly meant.",
        discussion: """
            Works in any folder with an `agentsafe.yaml`, and says of each finding where it stands. Errors: rules that no \
            request can reach, or that never hold; rules that allow everything; globs that match no action; actions and types \
            that do not go together; `max_delegation_depth` the wrong way round; approvals that nobody can give; params that \
            cannot be used. Notes: roles, groups, callers, types, labels and environments that nobody and nothing has; targets \
            without a locator; freezes that are over. Only what is provable is reported. Ends with 1 where there are errors, \
            and with `--strict` where there is anything.
            With `--output json`: {"result": "clean" | "notes" | "errors", "errors", "notes", "omitted", "findings": [{"code", \
            "level": "error" | "note", "location", "file", "line", "subject", "message"}]}.
            """,
        example: "agentsafe lint --strict",
        options: [OptionSpec("strict", help: "take notes for errors"), .output],
        exitCodes: [
            ExitCodeSpec(0, "clean, or notes only"), ExitCodeSpec(1, "errors, or with `--strict` any finding"), .usage,
        ], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let folder = try PlainFolder(host: context.host)
        let report = folder.engine.lint(now: context.now)
        context.report(report.json, lines(report, context.terminal))
        let fails = report.errors > 0 || context.arguments.has("strict") && report.notes > 0
        return fails ? 1 : 0
    }

    private static func lines(_ report: LintReport, _ terminal: Terminal) -> [String] {
        var lines = report.findings.map { finding in
            let level = terminal.paint(finding.level.rawValue, finding.level == .error ? .strong : .faint)
            return
                "\(visible(finding.location.description)): \(level) \(finding.code.rawValue): \(visible(finding.message))"
        }
        if report.omitted > 0 { lines.append("and \(report.omitted) more") }
        lines.append(
            report.errors + report.notes == 0 ? "clean" : "\(report.errors) errors, \(report.notes) notes")
        return lines
    }
}
