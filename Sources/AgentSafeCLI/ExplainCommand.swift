internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import PolicyEngine

enum ExplainCommand: Command {
    static let spec = CommandSpec(
        name: "explain", summary: "Say how the policy comes to its answer, rule by rule.",
        discussion: """
            Works in any folder with an `agentsafe.yaml`. The decision is that of `agentsafe check` for the same request. Below \
            it stands every rule, in the order in which rules are asked: the one that `decides`; those that hold too and are \
            `overruled` by it; those that are `missed`, with each condition that does not hold. A request that is denied before \
            the rules (an unknown action, invalid params, a wrong target) asks none of them; what they would say stands there \
            all the same.
            With `--output json`: {"decision", "asks_rules", "rules": [{"rule", "location", "priority", "decision", "standing": \
            "decides" | "overruled" | "not_asked" | "missed", "missed"}]}.
            """,
        example: """
            agentsafe explain scale-deployment --target prod/api-server --param replicas=6 \\
                --as deploy-agent-01 --role deployer
            """,
        options: RequestOptions.all + [.output],
        positionals: [PositionalSpec("ACTION", required: true, help: "the action's name")],
        exitCodes: [.done, .failed, .usage, .approvalNeeded, .denied, .notAuthentic], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let folder = try PlainFolder(host: context.host)
        let now = try RequestOptions.instant(context)
        let request = try RequestOptions.request(context.arguments.positionals[0], context, folder)
        CheckCommand.noteStranger(folder, context)
        let explanation = folder.engine.explain(request, now: now)
        context.report(explanation.json, lines(explanation, context.terminal))
        return ExitCodeSpec.code(of: explanation.decision.result.rawValue)
    }

    private static func lines(_ explanation: Explanation, _ terminal: Terminal) -> [String] {
        var decision = explanation.decision
        // The rules themselves follow, all of them.
        decision.nearest = []
        var lines = DecisionText.lines(decision, terminal)
        guard !explanation.rules.isEmpty else { return lines + ["there are no rules"] }
        lines.append(
            explanation.asksRules
                ? "rules, in the order in which they are asked:"
                : "no rule was asked; in their order, they would say:")
        for (number, rule) in explanation.rules.enumerated() {
            let isLast = number == explanation.rules.count - 1
            let standing =
                switch rule.standing {
                case .decides: terminal.paint("decides", .strong)
                case .overruled: "holds, and is overruled"
                case .notAsked: "holds, and is not asked"
                case .missed: "missed"
                }
            lines.append(
                (isLast ? "└─ " : "├─ ")
                    + "\(rule.name) (\(visible(rule.location.description))), \(rule.decision.rawValue), priority "
                    + "\(rule.priority): \(standing)")
            lines += rule.missed.map { (isLast ? "     " : "│    ") + visible($0) }
        }
        return lines
    }
}

extension Explanation {
    var json: JSONValue {
        [
            "decision": decision.json, "asks_rules": .bool(asksRules),
            "rules": .array(
                rules.map {
                    [
                        "rule": .string($0.name), "location": .string($0.location.description),
                        "priority": .integer(Int64($0.priority)), "decision": .string($0.decision.rawValue),
                        "standing": .string($0.standing.rawValue), "missed": .strings($0.missed),
                    ]
                }),
        ]
    }
}
