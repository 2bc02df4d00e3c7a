internal import AgentSafe
internal import ChangeModel
internal import Ledger
internal import OperatingSystem

/// `gate --output github`: annotations on standard output, a step summary, and the step's outputs.
struct GitHubOutput {
    let context: CommandContext

    /// GitHub refuses a step's summary above 1 MiB.
    static let maximumSummary = 1_000_000

    func deliver(_ report: GateReport) {
        let commands = GateAnnotations.commands(report)
        for command in WorkflowCommand.shown(commands) { context.terminal.write(command.text) }
        let used = existingSummary()
        append("GITHUB_STEP_SUMMARY", GateSummary.text(report, limit: Self.maximumSummary - used))
        outputs(report.result, report.judgements.map(\.change.change.id))
    }

    func deliver(_ error: AgentSafeError) {
        let title = error.code == .notAuthentic ? "not authentic" : "not judged"
        let words = visible(error.message)
        context.terminal.write(WorkflowCommand(level: .error, title: title, message: words).text)
        append("GITHUB_STEP_SUMMARY", "### agentsafe: \(title)\n\n\(MarkdownText.code(error.message))\n")
        outputs(error.code == .notAuthentic ? "not_authentic" : "failed", [])
    }

    /// A page for the step's summary, as far as there is room, and one word for the step's output.
    func deliver(page: String, impact: String) {
        if page.utf8.count <= Self.maximumSummary - existingSummary() { append("GITHUB_STEP_SUMMARY", page) }
        append("GITHUB_OUTPUT", "impact=\(impact)\n")
    }

    /// Nothing of these two lines was written by a proposer: one of a few words, and identifiers.
    private func outputs(_ result: String, _ ids: [ChangeID]) {
        append("GITHUB_OUTPUT", "result=\(result)\nids=\(ids.map(\.text).joined(separator: ","))\n")
    }

    private func existingSummary() -> Int {
        guard let path = path("GITHUB_STEP_SUMMARY"), Files.kind(path, followingLinks: true) != nil else { return 0 }
        // One that is too large to be read leaves no room.
        return (try? Files.read(path, limit: Self.maximumSummary).count) ?? Self.maximumSummary
    }

    private func path(_ variable: String) -> String? {
        context.host.environment[variable].flatMap { $0.isEmpty ? nil : context.host.absolute($0) }
    }

    /// Outside of GitHub there is no such file, which is no fault. One that cannot be written changes no verdict.
    private func append(_ variable: String, _ text: String) {
        guard let path = path(variable), !text.isEmpty else { return }
        do {
            try Files.append(path, Array(text.utf8))
        } catch {
            context.terminal.say("warning: \(variable) is not written: \(error)")
        }
    }
}

/// The same context, in which nothing that is said can be taken for one of GitHub's commands.
extension CommandContext {
    var onGitHub: CommandContext {
        var terminal = terminal
        let say = terminal.say
        terminal.say = { say(WorkflowCommand.harmless($0)) }
        return CommandContext(host: host, terminal: terminal, arguments: arguments, program: program)
    }
}
