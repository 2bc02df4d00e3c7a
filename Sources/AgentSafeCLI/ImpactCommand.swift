internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

enum ImpactCommand: Command {
    static let spec = CommandSpec(
        name: "impact", summary: "Say which answers of the policy a change of it would flip.",
        discussion: """
            RANGE is `BASE..HEAD` (default: the remote's main, and HEAD). Both catalogues, identities included, are read out of \
            the commits; nothing is checked out or run. Every decision that the verified ledger recorded is asked of both, at \
            its own instant and with its own past; with `--requests`, every line of a file, as `check --batch` takes them. What \
            flips is reported, deny to allow first, then everything else that becomes softer, then what becomes stricter, then \
            what another rule decides alike.
            The exit code is 10 when something flips that `--fail-on` names: `softer` (default), `any`, or `none`.
            With `--output json`: {"result": "softer" | "stricter" | "same", "base", "head", "compared", "counts": {…}, "flips": \
            [{"change" or "line", "summary", "caller", "at", "shift", "before", "after"}], "skipped"}; `shift` is one of \
            deny_to_allow, deny_to_require_approval, require_approval_to_allow, weaker_approvals, allow_to_require_approval, \
            require_approval_to_deny, allow_to_deny, stronger_approvals, other_rule; `before` and `after` are decisions.
            With `--output github`, a page for the step's summary too.
            """,
        example: "agentsafe impact origin/main..HEAD",
        moreExamples: ["agentsafe impact --requests requests.jsonl --fail-on any"],
        options: [
            OptionSpec("requests", value: "FILE", help: "ask these requests, or those of standard input for `-`"),
            OptionSpec("last", value: "N", help: "only the newest N recorded decisions"),
            OptionSpec("since", value: "TIME", help: "only decisions recorded from then on, e.g. 2026-11-01T00:00:00Z"),
            OptionSpec(
                "fail-on", value: "WHAT", allowed: ["softer", "any", "none"],
                help: "what ends with exit code 10: what becomes softer (default), any flip, or none"),
            OptionSpec("genesis", value: "COMMIT", help: "the pinned genesis (default: AGENTSAFE_GENESIS, git config)"),
            .trustRemote, .remote,
            OptionSpec(
                "output", short: "o", value: "FORMAT", allowed: ["text", "json", "github"],
                help: "for people (default), stable for programs, or text with GitHub's step summary"),
        ],
        positionals: [PositionalSpec("RANGE", required: false, help: "two commits, BASE..HEAD")],
        exitCodes: [
            .done, .failed, .usage, ExitCodeSpec(10, "answers flip, as `--fail-on` names them"), .notAuthentic,
        ], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let isGitHub = context.arguments.value("output") == "github"
        let context = isGitHub ? context.onGitHub : context
        let report = try context.workspace().impact(try wish(context))
        context.report(report.json, lines(report, context.terminal))
        if isGitHub {
            GitHubOutput(context: context).deliver(
                page: ImpactSummary.text(report), impact: report.result.rawValue)
        }
        switch context.arguments.value("fail-on") ?? "softer" {
        case "none": return 0
        case "any": return report.result == .same ? 0 : 10
        default: return report.result == .softer ? 10 : 0
        }
    }

    private static func wish(_ context: CommandContext) throws(AgentSafeError) -> ImpactWish {
        let arguments = context.arguments
        var wish = ImpactWish(range: arguments.positionals.first)
        if let text = arguments.value("last") {
            guard let count = Int(text), (1...1_000_000).contains(count) else {
                throw AgentSafeError(
                    .usage, "`--last` takes a number from 1 to 1000000, not `\(visible(String(text.prefix(20))))`")
            }
            wish.last = count
        }
        if let text = arguments.value("since") {
            guard let instant = Timestamp(text) else {
                throw AgentSafeError(
                    .usage,
                    "`--since` takes a time like 2026-11-22T23:11:00Z, not `\(visible(String(text.prefix(40))))`")
            }
            wish.since = instant
        }
        if let file = arguments.value("requests") {
            guard wish.last == nil, wish.since == nil else {
                throw AgentSafeError(.usage, "`--last` and `--since` choose recorded decisions; leave out `--requests`")
            }
            do {
                wish.requests =
                    try file == "-"
                    ? Files.readStandardInput() : Files.read(context.host.absolute(file), limit: 64 << 20)
            } catch {
                throw AgentSafeError(.failed, "\(error)")
            }
        }
        return wish
    }

    /// The most flips of one kind that are shown to people; programs get all.
    private static let maximumShown = 50

    private static func lines(_ report: ImpactReport, _ terminal: Terminal) -> [String] {
        var lines: [String] = []
        for shift in DecisionShift.allCases {
            let flips = report.flips.filter { $0.shift == shift }
            guard !flips.isEmpty else { continue }
            let tone: Terminal.Tone = shift.isSofter ? .bad : shift.isFlip ? .careful : .faint
            lines.append(terminal.paint("\(shift.words): \(flips.count)", tone))
            lines += flips.prefix(maximumShown).map { "  " + visible(words($0)) }
            if flips.count > maximumShown { lines.append("  … \(flips.count - maximumShown) more") }
        }
        lines += report.skipped.map { "warning: not asked: \(visible($0))" }
        let flipped = report.flips.count { $0.shift.isFlip }
        lines.append(
            "\(flipped) of \(report.compared) answers flip from \(report.base.short) to \(report.head.short): "
                + report.result.rawValue)
        return lines
    }

    /// `chg-… scale-deployment on prod/api-server by deploy-agent-01 at …: rule a (policies/a.yaml:3) → rule b (…)`
    static func words(_ flip: DecisionFlip) -> String {
        func side(_ decision: Decision) -> String {
            let place = decision.location.map { " (\($0))" } ?? ""
            let needs = decision.approvals.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
            return decision.ruleOrCode + place + (needs.isEmpty ? "" : ", needs \(needs)")
        }
        let name = flip.change?.text ?? flip.line.map { "line \($0)" } ?? ""
        let caller = flip.caller.map { " by \($0)" } ?? ""
        return "\(name) \(flip.summary)\(caller) at \(flip.at): \(side(flip.before)) → \(side(flip.after))"
    }
}
