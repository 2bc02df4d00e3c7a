internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger

enum TrustStatusCommand: Command {
    static let spec = CommandSpec(
        name: "status", summary: "Show who may do what, what waits for signatures, and why main is accepted.",
        discussion: """
            By what was fetched last. On a main that became foreign it shows the last accepted state and both ways out, and ends with 30.
            """,
        example: "agentsafe trust status", moreExamples: ["agentsafe trust status --limit 200 --output json"],
        options: [
            OptionSpec("limit", short: "n", value: "COUNT", help: "how many commits of main (default: 20)"), .remote,
            .output,
        ], exitCodes: ExitCodeSpec.common)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        var limit = 20
        if let text = context.arguments.value("limit") {
            guard let count = Int(text), (1...1_000_000).contains(count) else {
                throw AgentSafeError(
                    .usage, "`--limit` takes a number from 1 to 1000000, not `\(visible(String(text.prefix(20))))`")
            }
            limit = count
        }
        let report = try context.workspace().trustStatus(limit: limit)
        context.report(report.json, lines(report, context.terminal))
        if let foreign = report.foreign { throw foreign.error }
        return 0
    }

    private static func lines(_ report: TrustReport, _ terminal: Terminal) -> [String] {
        var lines = IdentityText.lines(report.registry, at: report.now)
        for branch in report.branches {
            lines.append("")
            lines.append(
                terminal.paint(visible(branch.name), .strong)
                    + "  \(branch.commit.short)  \(visible(branch.subject))")
            lines.append("  " + visible(branch.signatures?.summary ?? "cannot land: \(branch.problem ?? "")"))
        }
        lines.append("")
        if let foreign = report.foreign {
            lines.append(
                "\(foreign.main.tip.short)  \(terminal.paint("foreign", .bad))  \(foreign.main.count) commits from \(foreign.main.first.short) on"
            )
        }
        return lines + report.commits.flatMap { Self.lines($0, terminal) }
    }

    private static func lines(_ commit: MainCommitReport, _ terminal: Terminal) -> [String] {
        let kind = commit.accepted.kind.name
        var why = ""
        switch commit.accepted.kind {
        case .landing:
            why = commit.changes.map(\.text).joined(separator: " ")
            if let approver = commit.approvedBy { why += ", approved by \(approver) by merging" }
        case .trust(let version, _): why = "version \(version), signed by \(commit.signers.joined(separator: ", "))"
        case .genesis, .free: break
        }
        let padding = String(repeating: " ", count: max(0, 8 - kind.count))
        var lines = [
            "\(terminal.paint(commit.accepted.commit.id.short, .careful))  \(kind)\(padding) \(why)"
                + "  \(visible(commit.accepted.commit.subject))"
        ]
        let skipped = commit.accepted.skipped
        for one in skipped.prefix(20) {
            lines.append("  skipped \(one.commit.id.short): \(visible(one.reason))")
        }
        if skipped.count > 20 { lines.append("  skipped \(skipped.count - 20) more") }
        return lines
    }
}
