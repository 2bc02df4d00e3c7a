internal import AgentSafe

/// A person's word before something is done: `--yes`, or an answer at a terminal.
final class Confirmation {
    private let terminal: Terminal
    private let isYes: Bool
    private var isUnanswered = false

    init(_ context: CommandContext) {
        terminal = context.terminal
        isYes = context.arguments.has("yes")
    }

    /// Shows the lines, and asks.
    func ask(_ question: String, showing lines: [String]) -> Bool {
        for line in lines { terminal.say(line) }
        if isYes { return true }
        guard let answer = terminal.ask(question) else {
            isUnanswered = true
            return false
        }
        return answer
    }

    /// - Parameter nothing: what was not done, e.g. "nothing was signed".
    func refusal(_ nothing: String) -> AgentSafeError {
        isUnanswered
            ? AgentSafeError(.usage, "nobody is at a terminal to confirm, so \(nothing); add `--yes`")
            : AgentSafeError(.failed, nothing)
    }
}
