internal import AgentSafe
internal import CommandLineParsing
internal import Ledger

enum ReviewsCommand: Command {
    static let spec = CommandSpec(
        name: "reviews", summary: "List what ran by broken glass and still lacks its approvals.",
        discussion: """
            Each stays open until the approvals that the rule required are recorded (`agentsafe approve ID`, then `agentsafe gate --record` or \
            any `agentsafe run`); neither the proposer nor whoever broke the glass may give them. JSON: `open_reviews`, each with `id`, `by`, \
            `reason`, `plan`, `since`, `due`, `overdue`, `missing` and `rejected_by`.
            """,
        example: "agentsafe reviews --fail-on overdue",
        options: [
            OptionSpec(
                "fail-on", value: "WHICH", allowed: ["open", "overdue"],
                help: "end with exit code 10 when there is any that is open, or overdue"), .remote, .output,
        ], exitCodes: [.done, .failed, .usage, .approvalNeeded, .notAuthentic], group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let now = context.now
        let reviews = try context.workspace().openReviews()
        context.report(
            ["open_reviews": .array(reviews.map { $0.json(at: now) })],
            reviews.isEmpty ? ["no review is open"] : reviews.map { visible($0.summary(at: now)) })
        switch context.arguments.value("fail-on") {
        case "open": return reviews.isEmpty ? 0 : 10
        case "overdue": return reviews.contains { $0.isOverdue(at: now) } ? 10 : 0
        default: return 0
        }
    }
}
