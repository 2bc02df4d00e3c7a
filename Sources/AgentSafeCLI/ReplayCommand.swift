internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger

enum ReplayCommand: Command {
    static let spec = CommandSpec(
        name: "replay", summary: "Decide recorded decisions again, from the commits that they name.",
        discussion: """
            Takes each decision and claim of the change (or, with `--height`, of one event; with `--all`, of all), reads main and \
            ledger as of the commits that it names, asks the engine again for that very instant, and compares. Touches no \
            network. The exit code is 0 when all come out as recorded, and main and ledger are authentic; 30 when this version \
            of the engine decided then and says something else now, or when the rest of the ledger is not authentic; 1 when \
            another version of the engine decided then, and this one cannot confirm it.
            A ledger that `verify` refuses is replayed all the same, without trust in the rest of it.
            With `--output json`: {"result": "same" | "differs" | "other_engine" | "not_authentic", "authentic", "refusal", \
            "unreadable", "replays": [{"event", "height", "change", "digest", "commit", "main", "at", "engine", "outcome": "same" | \
            "differs" | "other_engine" | "impossible", "recorded", "replayed", "differences": [{"member", "recorded", \
            "replayed"}], "problem"}]}.
            """,
        example: "agentsafe replay chg-20261122-7f3k9q2m4x", moreExamples: ["agentsafe replay --all --output json"],
        options: [
            OptionSpec("all", help: "every decision and claim of the ledger"),
            OptionSpec("height", value: "N", help: "the event at this height"),
            OptionSpec("genesis", value: "COMMIT", help: "the pinned genesis (default: AGENTSAFE_GENESIS, git config)"),
            .remote, .output,
        ],
        positionals: [PositionalSpec("ID", required: false, help: "the change")],
        exitCodes: [
            ExitCodeSpec(0, "all come out as recorded"),
            ExitCodeSpec(1, "failed, or another version of the engine decided"),
            .usage, .notAuthentic,
        ], group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let report = try context.workspace().replay(try wish(context))
        context.report(report.json, lines(report, context.terminal))
        if let refusal = report.refusal {
            context.terminal.say(
                "warning: main or ledger is not authentic, and was read without trust: \(visible(refusal))")
        }
        for line in report.unreadable { context.terminal.say("warning: \(visible(line))") }
        return switch report.result {
        case .same: 0
        case .differs, .notAuthentic: 30
        case .otherEngine: 1
        }
    }

    private static func wish(_ context: CommandContext) throws(AgentSafeError) -> ReplayWish {
        let arguments = context.arguments
        let given = [arguments.has("all"), arguments.has("height"), !arguments.positionals.isEmpty].count { $0 }
        guard given == 1 else {
            throw AgentSafeError(.usage, "name a change, or a `--height`, or `--all`: one of the three")
        }
        if arguments.has("all") { return .all }
        guard let text = arguments.value("height") else { return .change(try context.changeID()) }
        guard let height = Int(text), (0...999_999_999).contains(height) else {
            throw AgentSafeError(
                .usage, "`--height` takes a number like 42, not `\(visible(String(text.prefix(20))))`")
        }
        return .height(height)
    }

    private static func lines(_ report: ReplayReport, _ terminal: Terminal) -> [String] {
        var lines: [String] = []
        for replay in report.replays {
            lines += Self.lines(replay, terminal)
        }
        let same = report.replays.count { $0.outcome == .same }
        lines.append("\(same) of \(report.replays.count) recorded decisions come out as recorded")
        return lines
    }

    private static func lines(_ replay: DecisionReplay, _ terminal: Terminal) -> [String] {
        let event = replay.event
        let word =
            switch replay.outcome {
            case .same: terminal.paint("same", .good)
            case .differs: terminal.paint("differs", .bad)
            case .otherEngine: terminal.paint("differs", .careful)
            case .impossible: terminal.paint("impossible", .bad)
            }
        var lines = [
            "\(word)  \(event.kind.rawValue) at height \(event.height), \(event.change?.id.text ?? "no change"), "
                + "\(event.at), main \(event.main.short), engine \(visible(String(replay.engine.prefix(40))))"
        ]
        if replay.isOtherEngine {
            lines.append(
                "  engine version \(visible(String(replay.engine.prefix(40)))) decided, and this is version \(AgentSafeVersion.engine)"
            )
        }
        lines.append("  recorded: \(words(replay.recorded, terminal))")
        if let replayed = replay.replayed, replay.outcome != .same {
            lines.append("  replayed: \(words(replayed, terminal))")
        }
        lines += replay.differences.map {
            "  \(visible($0.member)): recorded \(visible($0.recorded.canonicalText)), replayed \(visible($0.replayed.canonicalText))"
        }
        if let problem = replay.problem { lines.append("  \(visible(problem))") }
        return lines
    }

    /// `allow dev-and-staging-are-open`
    private static func words(_ members: [String: JSONValue], _ terminal: Terminal) -> String {
        guard let decision = members["decision"], let result = decision["result"]?.stringValue else { return "nothing" }
        let rule = decision["rule"]?.stringValue ?? decision["code"]?.stringValue ?? ""
        let standing = members["standing"]?.stringValue.map { ", \($0)" } ?? ""
        return terminal.verdict(visible(result)) + " " + visible(rule) + visible(standing)
    }
}
