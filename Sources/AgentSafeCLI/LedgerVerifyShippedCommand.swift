internal import AgentSafe
internal import CommandLineParsing

enum LedgerVerifyShippedCommand: Command {
    static let spec = CommandSpec(
        name: "verify-shipped", summary: "Prove a shipped copy: rebuild the repository from it alone, and verify that.",
        discussion: """
            Needs no clone: in an empty folder, and with the genesis that you were told by somebody you trust, it proves the copy as \
            `agentsafe verify` proves a clone. Names what is missing, altered or extra. Inside a clone it also says how far the copy \
            is behind. A copy that is whole proves nothing about events after its last one. Ends with 30 when anything is wrong with \
            it, with 1 when there is nothing to prove yet.
            With `--output json`: {"result": "authentic", "not_authentic" or "unproved", "source", "genesis", "shipments", "height", \
            "at", "faults": [{"name", "fault": "missing", "altered" or "extra", "reason"}], "fault_count", "failure", "other_files", \
            "clone": {"relation": "same", "behind", "ahead" or "forked", "by", "height", "tip"}, "regression", "verification": as \
            `verify` prints}.
            """,
        example: "agentsafe ledger verify-shipped /srv/evidence --genesis 1b8f0c5e9a7d3b2c4e6f8091a2b3c4d5e6f70819",
        moreExamples: ["agentsafe ledger verify-shipped s3://acme-evidence/governance --output json"],
        options: [
            OptionSpec("genesis", value: "COMMIT", help: "the pinned genesis (default: AGENTSAFE_GENESIS, git config)"),
            OptionSpec("region", value: "REGION", help: "S3: the bucket's region (default: AWS_REGION, the profile's)"),
            .profile, .remote, .output,
        ],
        positionals: [PositionalSpec("SOURCE", help: "a folder, or s3://BUCKET/PREFIX")],
        exitCodes: ExitCodeSpec.common)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let terminal = context.terminal
        let report: ShippedReport
        do {
            let evidence = try ShippedEvidence(
                at: context.arguments.positionals.first ?? "", region: context.arguments.value("region"),
                host: context.host, settings: context.settings, notify: { terminal.say(visible($0)) })
            report = try evidence.verify { terminal.progress($0) }
            terminal.endProgress()
        } catch {
            terminal.endProgress()
            throw error
        }
        context.report(report.json, lines(report, terminal))
        return switch report.result {
        case .authentic: 0
        case .notAuthentic: 30
        case .unproved: 1
        }
    }

    private static func lines(_ report: ShippedReport, _ terminal: Terminal) -> [String] {
        let words = report.result == .notAuthentic ? "not authentic" : report.result.rawValue
        var lines = [
            terminal.paint(words, report.result == .authentic ? .good : .bad)
                + ": \(report.shipments) shipment\(report.shipments == 1 ? "" : "s") at \(visible(report.source))"
        ]
        if let height = report.height, let verification = report.verification {
            lines.append(
                "proved  up to height \(height), recorded \(report.at?.description ?? ""); nothing says that it was the last event"
            )
            lines.append("ledger  tip \(verification.ledgerTip.prefix(12)), \(verification.eventCount) events")
            lines.append(
                "main    tip \(verification.mainTip.prefix(12)), \(verification.mainCommits) commits from genesis \(report.genesis.prefix(12))"
            )
        } else if report.result == .unproved {
            lines.append("only the ledger's first event is there, and what pins it comes with the second; ship again")
        }
        lines += report.faults.prefix(20).map {
            "\($0.fault.rawValue.padded(to: 8))\($0.name.shown): \(visible($0.reason))"
        }
        if report.faultCount > 20 { lines.append("and \(report.faultCount - 20) more") }
        if let failure = report.failure { lines.append("failed  \(visible(failure))") }
        if let regression = report.regression { lines.append("failed  \(visible(regression))") }
        if let clone = report.clone { lines.append("clone   " + relation(clone)) }
        return lines
    }

    private static func relation(_ clone: ShippedReport.Clone) -> String {
        let own = "this clone's height \(clone.height), \(clone.tip.prefix(12))"
        return switch clone.relation {
        case .same: "the copy ends where this clone's ledger does"
        case .behind: "the copy is \(clone.by) events behind \(own)"
        case .ahead: "the copy is \(clone.by) events ahead of \(own); run `git fetch`"
        case .forked: "the copy and this clone are two ledgers: it has no place for \(own)"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
    fileprivate var shown: String { "`\(visible(self))`" }
}
