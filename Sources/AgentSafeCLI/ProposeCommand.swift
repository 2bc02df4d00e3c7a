internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

enum ProposeCommand: Command {
    static let spec = CommandSpec(
        name: "propose", summary: "Propose a change: decide, write, sign and commit it on its own branch.",
        discussion: """
            Shows the decision to expect: a change that needs approval is proposed like one that is allowed. A change that the \
            policy denies is not written, unless you say `--anyway`, and the exit code is 20 either way. The work tree is never \
            touched. Without a network it works with what was fetched last, and says so.
            """,
        example: """
            agentsafe propose scale-deployment --target staging/api-server --param replicas=6 \\
                --reason 'Queue depth doubled since 14:00' --push
            """,
        options: [
            OptionSpec(
                "target", short: "t", value: "ID", required: true, help: "the target's identifier in the inventory"),
            OptionSpec(
                "param", short: "p", value: "NAME=VALUE", repeatable: true, help: "a param; the action says its type"),
            OptionSpec("reason", short: "r", value: "TEXT", required: true, help: "why, for reviewers and the record"),
            OptionSpec("ticket", value: "ID", help: "an external ticket"),
            .delegation,
            OptionSpec("expires", value: "DURATION", help: "how long the proposal lives, e.g. 30m, 24h, 7d"),
            OptionSpec("anyway", help: "write it even when the policy denies it"), .push, .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ACTION", help: "the action's name; see `agentsafe actions`")],
        exitCodes: ExitCodeSpec.proposing, group: "Change")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let proposal = Proposal(
            action: arguments.positionals.first ?? "", target: arguments.value("target") ?? "",
            parameterTexts: try parameterTexts(arguments), reason: arguments.value("reason") ?? "",
            ticket: arguments.value("ticket"), lifetime: try arguments.value("expires").map(seconds),
            delegation: try context.delegationOption(),
            anyway: arguments.has("anyway"), push: arguments.has("push"))
        let result = try context.workspace().propose(proposal)
        return report(result, context)
    }

    static func report(_ result: ProposalResult, _ context: CommandContext) -> Int32 {
        context.report(result.json, lines(result, context.terminal))
        let written = result.written != nil
        // What was written all the same is a proposal that waits; the gate will say no again.
        if result.decision.result == .deny { return 20 }
        return written ? 0 : 1
    }

    private static func lines(_ result: ProposalResult, _ terminal: Terminal) -> [String] {
        // What was not written has no name that anybody could use.
        let name = result.written == nil ? "not proposed" : result.change.id.text
        var lines = ["\(name)  \(visible(result.change.summary))"]
        lines += DecisionText.lines(result.decision, terminal).map { "  " + $0 }
        if let written = result.written {
            lines.append("  on branch \(written.branch)\(written.pushed ? ", pushed" : ", not pushed yet")")
            lines.append("  next: \(result.next)")
        } else {
            lines.append("  nothing was written; `--anyway` would propose it all the same")
        }
        return lines
    }

    static func seconds(_ text: String) throws(AgentSafeError) -> Int64 {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0,
            count < 1_000_000
        else {
            throw AgentSafeError(
                .usage, "`\(visible(String(text.prefix(40))))` is no duration; write 90s, 30m, 24h or 7d")
        }
        return count * unit
    }
}

enum RollbackCommand: Command {
    static let spec = CommandSpec(
        name: "rollback", summary: "Propose the recorded rollback pair of an executed change.",
        discussion: "The rollback is a change like any other: it goes through the gate, and may need approval.",
        example: "agentsafe rollback chg-20261122-7f3k9q2m4x --reason 'Latency rose' --push",
        options: [
            OptionSpec("reason", short: "r", value: "TEXT", help: "why (default: which change it rolls back)"),
            OptionSpec("ticket", value: "ID", help: "an external ticket"), .delegation,
            OptionSpec("anyway", help: "write it even when the policy denies it"), .push, .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the executed change")], exitCodes: ExitCodeSpec.proposing,
        group: "Change")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let id = try context.changeID()
        let result = try context.workspace().proposeRollback(
            of: id, reason: arguments.value("reason"), ticket: arguments.value("ticket"),
            delegation: try context.delegationOption(), push: arguments.has("push"), anyway: arguments.has("anyway"))
        return ProposeCommand.report(result, context)
    }
}
