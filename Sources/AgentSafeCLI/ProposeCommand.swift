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
            A plan of several steps is decided, approved and claimed as a whole, and runs in order until a step fails. Its steps \
            come from a template, see `agentsafe templates`, or from a file: a YAML list of `action`, `target` and `params`. \
            `--resume` proposes what an executed plan left undone, from the step that failed on: a change runs once.
            """,
        example: """
            agentsafe propose scale-deployment --target staging/api-server --param replicas=6 \\
                --reason 'Queue depth doubled since 14:00' --push
            """,
        moreExamples: [
            """
            agentsafe propose --template image-release --set target=staging/api-server --set container=api \\
                --set image=registry.example/api-server:1.9.0 --reason 'Release 1.9.0' --push
            """,
            "agentsafe propose --resume chg-20261122-7f3k9q2m4x --push",
        ],
        options: [
            OptionSpec(
                "target", short: "t", value: "ID", help: "the target's identifier in the inventory"),
            OptionSpec(
                "param", short: "p", value: "NAME=VALUE", repeatable: true, help: "a param; the action says its type"),
            OptionSpec("template", value: "NAME", help: "the steps of a template, in place of an action"),
            OptionSpec(
                "set", short: "s", value: "NAME=VALUE", repeatable: true, help: "what fills a blank of the template"),
            OptionSpec("steps", value: "FILE", help: "the steps that a file lists, in place of an action"),
            OptionSpec(
                "resume", value: "ID", help: "the steps that an executed plan left undone, in place of an action"),
            OptionSpec("reason", short: "r", value: "TEXT", help: "why, for reviewers and the record"),
            OptionSpec("ticket", value: "ID", help: "an external ticket"),
            .delegation,
            OptionSpec("expires", value: "DURATION", help: "how long the proposal lives, e.g. 30m, 24h, 7d"),
            OptionSpec("anyway", help: "write it even when the policy denies it"), .push, .key, .remote, .output,
        ],
        positionals: [
            PositionalSpec("ACTION", required: false, help: "the action's name; see `agentsafe actions`")
        ],
        exitCodes: ExitCodeSpec.proposing, group: "Change")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let sources =
            (arguments.positionals.isEmpty ? [] : ["an action"])
            + ["template", "steps", "resume"].filter { arguments.has($0) }.map { "`--\($0)`" }
        guard sources.count == 1 else {
            throw AgentSafeError(
                .usage,
                sources.isEmpty
                    ? "propose what? name an action, or give `--template`, `--steps` or `--resume`"
                    : "\(sources.joined(separator: " and ")) exclude each other; choose one")
        }
        let isAction = !arguments.positionals.isEmpty
        for option in ["target", "param"] where !isAction && arguments.has(option) {
            throw AgentSafeError(.usage, "`--\(option)` belongs to an action; \(sources[0]) says it for each step")
        }
        guard arguments.has("template") || !arguments.has("set") else {
            throw AgentSafeError(.usage, "`--set` fills a template's blanks; add `--template`")
        }
        if isAction, !arguments.has("target") { throw missing("target", "ID") }
        guard arguments.has("resume") || arguments.has("reason") else { throw missing("reason", "TEXT") }
        let workspace = try context.workspace()
        let lifetime = try arguments.value("expires").map(seconds)
        if arguments.has("resume") {
            let text = arguments.value("resume") ?? ""
            return report(
                try workspace.proposeRest(
                    of: try changeID(text), reason: arguments.value("reason"), ticket: arguments.value("ticket"),
                    lifetime: lifetime, delegation: try context.delegationOption(), push: arguments.has("push"),
                    anyway: arguments.has("anyway")), context)
        }
        var proposal = Proposal(
            action: arguments.positionals.first ?? "", target: arguments.value("target") ?? "",
            parameterTexts: try parameterTexts(arguments), reason: arguments.value("reason") ?? "",
            ticket: arguments.value("ticket"), lifetime: lifetime, delegation: try context.delegationOption(),
            anyway: arguments.has("anyway"), push: arguments.has("push"))
        if let name = arguments.value("template") {
            proposal.steps = try workspace.steps(ofTemplate: name, try namedTexts(arguments, "set", "variable"))
        } else if let file = arguments.value("steps") {
            proposal.steps = try workspace.steps(inFile: file)
        }
        return report(try workspace.propose(proposal), context)
    }

    private static func missing(_ option: String, _ value: String) -> AgentSafeError {
        AgentSafeError(.usage, "`--\(option) \(value)` is missing; see `agentsafe propose --help`")
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
