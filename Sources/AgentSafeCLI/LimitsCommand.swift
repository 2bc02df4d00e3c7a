internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

enum LimitsCommand: Command {
    static let spec = CommandSpec(
        name: "limits",
        summary: "Say how near each caller is to the rate limit, the circuit breaker and the risk thresholds.",
        discussion: """
            Counts what the verified ledger holds of the last day, as it was fetched last, and touches no network. With `--output \
            json`: `now`, `callers` [{`id`, `kind`, `retry_after`, `recorded_denials`, `requests`, `circuit_breaker`, \
            `cumulative_risk`}]; what is off is null.
            """,
        example: "agentsafe limits --as deploy-agent-01",
        options: [OptionSpec("as", value: "ID", help: "one caller (default: all who may propose)"), .remote, .output],
        exitCodes: ExitCodeSpec.common, group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let report = try context.workspace().callerLimits(of: context.arguments.value("as"))
        context.report(report.json, report.callers.flatMap { lines($0, report, context.terminal) })
        return 0
    }

    private static func lines(
        _ entry: CallerLimitsReport.Entry, _ report: CallerLimitsReport, _ terminal: Terminal
    ) -> [String] {
        let standing = entry.standing
        let state = standing.retryAfter.map { "limited until \($0)" } ?? "free"
        var lines = ["\(terminal.paint(entry.id, .strong))  \(entry.kind.rawValue), \(state)"]
        if let limit = report.rateLimit, let count = standing.requests {
            lines.append("  requests: \(count) of \(limit.maximumRequests) in \(limit.window) s")
        }
        if let limit = report.rateLimit, let count = standing.denials {
            let open = standing.breakerCloses.map { ", open until \($0)" } ?? ", closed"
            lines.append(
                "  circuit breaker: \(count) of \(limit.breakerThreshold) denied in \(limit.breakerWindow) s\(open)")
        }
        if let risk = report.cumulativeRisk, let score = standing.risk {
            lines.append(
                "  cumulative risk: \(score) in \(risk.window) s; approval from \(risk.escalationThreshold), deny from "
                    + "\(risk.denyThreshold)")
        }
        lines.append(
            "  denied changes recorded: \(standing.recordedDenials) of \(report.maximumRecordedDenials) in 24 h")
        return lines
    }
}
