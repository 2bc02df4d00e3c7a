internal import AgentSafe
internal import CommandLineParsing

enum LedgerShipCommand: Command {
    static let spec = CommandSpec(
        name: "ship", summary: "Bring every event of the ledger to a place that the repository's owners do not rule.",
        discussion: """
            One git bundle an event, named by its height (000000000042.bundle), in order: the next one only when the one before is \
            there. What is there is compared and never overwritten, so it may be run at any time, after any crash, and by several \
            at once. Nothing is shipped that does not verify. Ends with 30 when the place holds another ledger's events, or more \
            than this ledger has.
            With `--output json`: {"destination", "repository", "genesis", "height", "tip", "sent": [{"from", "to"}], "count", \
            "already_there", "refilled", "before", "dry_run"}.
            """,
        example: "agentsafe ledger ship /srv/evidence",
        moreExamples: [
            "agentsafe ledger ship s3://evidence/acme --object-lock compliance --retain-days 2555",
            "agentsafe ledger ship https://evidence.example.com/governance --secret-file ~/.evidence",
        ],
        options: [
            OptionSpec(
                "object-lock", value: "MODE", allowed: ["governance", "compliance"],
                help: "S3: keep each object from removal, with `--retain-days`"),
            OptionSpec("retain-days", value: "DAYS", help: "S3: for how long"),
            OptionSpec("region", value: "REGION", help: "S3: the bucket's region (default: AWS_REGION, the profile's)"),
            .profile,
            OptionSpec(
                "secret-file", value: "FILE",
                help: "webhook: `whsec_…`, which its receiver has too (default: AGENTSAFE_SHIP_SECRET, git config)"),
            OptionSpec("dry-run", help: "say what would be shipped"), .remote, .output,
        ],
        positionals: [PositionalSpec("DESTINATION", help: "a folder, s3://BUCKET/PREFIX or https://…")],
        exitCodes: ExitCodeSpec.common)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let terminal = context.terminal
        var shipping = ShippingSettings()
        shipping.region = context.arguments.value("region")
        shipping.objectLock = context.arguments.value("object-lock")
        shipping.secretFile = context.arguments.value("secret-file")
        shipping.isRehearsal = context.arguments.has("dry-run")
        if let text = context.arguments.value("retain-days") {
            guard let days = Int(text) else {
                throw AgentSafeError(
                    .usage, "`--retain-days` takes a number from 1 to 36500, not `\(visible(String(text.prefix(20))))`")
            }
            shipping.retainDays = days
        }
        let report: ShipReport
        do {
            report = try context.workspace().ship(to: context.arguments.positionals.first ?? "", shipping) {
                sent, all in
                if sent % 10 == 0 { terminal.progress("shipped \(sent) of \(all) events") }
            }
            terminal.endProgress()
        } catch {
            terminal.endProgress()
            throw error
        }
        context.report(report.json, lines(report))
        return 0
    }

    private static func lines(_ report: ShipReport) -> [String] {
        let place = visible(report.destination)
        guard !report.sent.isEmpty else {
            return ["\(place) has every event up to height \(report.height), \(report.tip.prefix(12))"]
        }
        let heights = report.sent.prefix(10).map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
        }
        let rest = report.sent.count > 10 ? ", …" : ""
        let verb = report.isRehearsal ? "would ship" : "shipped"
        return [
            "\(verb) \(report.count) \(report.count == 1 ? "event" : "events") to \(place): height \(heights.joined(separator: ", "))\(rest)",
            report.refilled == 0
                ? nil
                : "warning: \(report.refilled) of them had been there before, and were gone; find out who removed them",
            report.isRehearsal ? nil : "it has every event up to height \(report.height), \(report.tip.prefix(12))",
        ].compactMap { $0 }
    }
}
