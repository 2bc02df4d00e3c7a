internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Documents
internal import OperatingSystem
internal import PolicyEngine

enum CheckCommand: Command {
    static let spec = CommandSpec(
        name: "check", summary: "Ask what the policy says, without proposing anything.",
        discussion: """
            Works in any folder with an `agentsafe.yaml`.
            With `--batch`, every line of the file (or of standard input, `-`) is a request {"action", "target", "caller", \
            "params", "ticket_id", "now"}, of which `action` alone is needed; `caller` is an identifier or {"agent_id", "roles", \
            "groups", "delegated_by"}. One decision comes out for each line, in order, as JSON: {"result", "rule", "code", \
            "reason", "risk_class", "effective_risk", "warnings", …}. A line that is no request (blank, no JSON, an unknown member, more than 1 MiB) is \
            denied with code `bad_request` and says why in a further member, `error`. The exit code is 0 once every line is \
            answered.
            """,
        example: """
            agentsafe check scale-deployment --target staging/api-server --param replicas=6 \\
                --as deploy-agent-01 --role deployer
            """,
        moreExamples: ["agentsafe check --batch requests.jsonl"],
        options: RequestOptions.all + [
            OptionSpec("batch", value: "FILE", help: "answer every line of FILE, or of standard input for `-`"),
            .output,
        ],
        positionals: [PositionalSpec("ACTION", required: false, help: "the action's name")],
        exitCodes: [.done, .failed, .usage, .approvalNeeded, .denied, .notAuthentic], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let folder = try PlainFolder(host: context.host)
        let now = try RequestOptions.instant(context)
        if let file = arguments.value("batch") {
            let others = RequestOptions.names.filter { arguments.has($0) }
                .map { "`--\($0)`" }
            if let other = (arguments.positionals.map { "`\(visible(String($0.prefix(60))))`" } + others).first {
                throw AgentSafeError(
                    .usage, "\(other) does not go with `--batch`, whose lines say everything themselves")
            }
            return try batch(file, context, folder, now)
        }
        guard let action = arguments.positionals.first else {
            throw AgentSafeError(
                .usage, "name an action, or answer a file with `--batch`; see `agentsafe check --help`")
        }
        let request = try RequestOptions.request(action, context, folder)
        noteStranger(folder, context)
        let decision = folder.engine.decide(request, now: now)
        context.report(decision.json, DecisionText.lines(decision, context.terminal))
        return ExitCodeSpec.code(of: decision.result.rawValue)
    }

    /// A misspelt caller has no roles, and would be denied for reasons that lead astray.
    static func noteStranger(_ folder: PlainFolder, _ context: CommandContext) {
        guard let id = context.arguments.value("as"), folder.isStranger(id) else { return }
        let known = (folder.catalogue.identities?.identities ?? []).map(\.id).sorted()
        context.terminal.say(
            "note: \(Spelling.quoted(id)) is not in identities.yaml, so it has only the roles that `--role` gives"
                + Spelling.suggestion(for: id, among: known))
    }

    private static func batch(
        _ file: String, _ context: CommandContext, _ folder: PlainFolder, _ now: Timestamp
    ) throws(AgentSafeError) -> Int32 {
        let content: [UInt8]
        do {
            content =
                try file == "-"
                ? Files.readStandardInput() : Files.read(context.host.absolute(file), limit: 256 << 20)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var answers = ""
        for line in lines {
            answers += printable(folder.answer(batchLine: Array(line), now: now).canonicalText) + "\n"
            if answers.utf8.count > 64 << 10 {
                context.terminal.write(String(answers.dropLast()))
                answers = ""
            }
        }
        if !answers.isEmpty { context.terminal.write(String(answers.dropLast())) }
        return 0
    }
}

/// `--param name=value`, in order.
func parameterTexts(_ arguments: ParsedCommand) throws(AgentSafeError) -> [(name: String, value: String)] {
    try namedTexts(arguments, "param", "param")
}

/// `--<option> name=value`, in order.
///
/// - Parameter noun: what the option names.
func namedTexts(
    _ arguments: ParsedCommand, _ option: String, _ noun: String
) throws(AgentSafeError) -> [(name: String, value: String)] {
    var texts: [(name: String, value: String)] = []
    for text in arguments.values(option) {
        guard let equals = text.firstIndex(of: "=") else {
            throw AgentSafeError(.usage, "`--\(option)` takes NAME=VALUE, not `\(visible(String(text.prefix(60))))`")
        }
        let name = String(text[..<equals])
        guard Identifier.isParameterName(name) else {
            throw AgentSafeError(.usage, "`\(visible(String(name.prefix(60))))` is no name for a \(noun)")
        }
        guard !texts.contains(where: { $0.name == name }) else {
            throw AgentSafeError(.usage, "\(noun) `\(name)` is given twice")
        }
        texts.append((name, String(text[text.index(after: equals)...])))
    }
    return texts
}
