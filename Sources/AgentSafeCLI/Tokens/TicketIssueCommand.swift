internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Tokens

enum TicketIssueCommand: Command {
    static let spec = CommandSpec(
        name: "issue", summary: "Issue an execution ticket for a landed change that may run now.",
        discussion: """
            Signed with your own key, which must be that of a service with role `gate` or `runner`. Whoever has the ticket may use \
            it, once: pass it on like a password. It lives as long as `tickets.ttl` in agentsafe.yaml says (300 seconds), and never \
            longer than its change. With `--format hs256` it is a ticket for the Python project's validators, under a key of at \
            least 32 bytes that issuer and validator share.
            JSON: {"token", "digest", "ticket": its claims}.
            """,
        example: "agentsafe ticket issue chg-20261122-7f3k9q2m4x --key runner_ed25519",
        moreExamples: [
            "agentsafe ticket issue chg-20261122-7f3k9q2m4x --format hs256 --shared-key-file shared.key"
        ],
        options: [.tokenFormat, .sharedKeyFile, .timeToLive, .key, .remote, .output],
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.judging)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let issued = try context.workspace().issueTicket(
            for: try context.changeID(), shared: try context.keyOfFormat(), lifetime: try context.duration("ttl"))
        context.terminal.say(
            "ticket for \(visible(issued.ticket.action)) on \(visible(issued.ticket.target)), until \(issued.ticket.expires)"
        )
        context.report(issued.json, [issued.token])
        return 0
    }
}
