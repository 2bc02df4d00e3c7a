internal import AgentSafe
internal import CommandLineParsing

enum VerifyCommand: Command {
    static let spec = CommandSpec(
        name: "verify", summary: "Prove the whole: every commit of main and ledger, from the pinned genesis.",
        discussion: """
            Landing grammar, signatures with the identities of the right commit, canonical changes, votes and plans, the hash chain, \
            heights, evidence, derived state, one claim a change, nothing altered. Touches no network.
            """,
        example: "agentsafe verify",
        moreExamples: ["agentsafe verify --genesis 1b8f0c5e9a7d3b2c4e6f8091a2b3c4d5e6f70819 --output json"],
        options: [
            OptionSpec("genesis", value: "COMMIT", help: "the pinned genesis (default: AGENTSAFE_GENESIS, git config)"),
            .remote,
            .output,
        ], exitCodes: ExitCodeSpec.common, group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let terminal = context.terminal
        let report: VerificationReport
        do {
            report = try context.workspace().verify { count in
                if count % 100 == 0 { terminal.progress("verified \(count) commits") }
            }
            terminal.endProgress()
        } catch {
            terminal.endProgress()
            throw error
        }
        let milliseconds = max(1, report.nanoseconds / 1_000_000)
        let kinds = report.events.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        context.report(
            report.json,
            [
                terminal.verdict("authentic") + " from genesis \(report.genesis)",
                "main    \(report.mainCommits) commits: \(report.changes) changes in \(report.landings) landings, \(report.trustCommits) trust commits\(skipped(report)); tip \(report.mainTip.prefix(12))",
                "ledger  \(report.eventCount) events (\(kinds)); tip \(report.ledgerTip.prefix(12)), height \(report.height)",
                report.brokenGlasses == 0
                    ? nil
                    : "glass   broken for \(report.brokenGlasses) claims, of which \(report.openReviews) lack their review",
                "power   \(report.adminThreshold) of \(report.admins) admins change what gives power",
                "checked \(report.signatures) signatures in \(milliseconds) ms (\(UInt64(report.mainCommits + report.eventCount) * 1000 / milliseconds) commits a second)",
            ].compactMap { $0 })
        return 0
    }

    private static func skipped(_ report: VerificationReport) -> String {
        report.skippedCommits == 0 ? "" : ", \(report.skippedCommits) foreign commits adopted and skipped"
    }
}

enum VersionCommand: Command {
    static let spec = CommandSpec(
        name: "version", summary: "Show the version.", example: "agentsafe version --output json", options: [.output],
        exitCodes: [.done], group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        context.report(
            [
                "version": .string(CommandLineTool.version), "engine": .string(AgentSafeVersion.engine),
                "protocol": .integer(AgentSafeVersion.protocol),
            ],
            [
                "agentsafe \(CommandLineTool.version)",
                "policy engine \(AgentSafeVersion.engine), protocol \(AgentSafeVersion.protocol)",
            ])
        return 0
    }
}
