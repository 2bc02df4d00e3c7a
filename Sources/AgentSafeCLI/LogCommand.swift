internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger

enum LogCommand: Command {
    static let spec = CommandSpec(
        name: "log", summary: "Tell the ledger's story, or a part of it, newest first.",
        discussion: """
            Reads the verified ledger. All options that say what to look for must fit together. `--by` finds what somebody \
            recorded, proposed or voted; `--grep` looks, in any case of letters, through the events' files and what their \
            changes say. At most 1,000,000 events are looked at; a warning says so when that was not all.
            `git log origin/ledger` tells the same story with stock git, and `git log --grep 'ticket INC-42' origin/ledger` \
            finds what was done for a ticket.
            With `--output json`: {"complete", "events": [the event as its file says it, with "commit" and, where its change \
            names one, "ticket"]}.
            """,
        example: "agentsafe log --ticket INC-42",
        moreExamples: [
            "agentsafe log --target prod/api-server --event execution --since 2026-11-01T00:00:00Z --limit 20"
        ],
        options: [
            OptionSpec("limit", short: "n", value: "COUNT", help: "how many events (default: 50)"),
            OptionSpec("ticket", value: "ID", help: "for this external ticket"),
            OptionSpec("target", short: "t", value: "ID", help: "on this target"),
            OptionSpec("action", value: "NAME", help: "by this action"),
            OptionSpec("by", value: "ID", help: "recorded, proposed or voted by this identity"),
            OptionSpec("change", value: "ID", help: "about this change"),
            OptionSpec("event", value: "KIND", allowed: EventKind.allCases.map(\.rawValue), help: "of this kind"),
            OptionSpec("since", value: "TIME", help: "not before, e.g. 2026-11-22T23:11:00Z"),
            OptionSpec("until", value: "TIME", help: "not after"),
            OptionSpec("grep", value: "TEXT", help: "with this text"), .remote, .output,
        ], exitCodes: ExitCodeSpec.common, group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        var limit = 50
        if let text = context.arguments.value("limit") {
            guard let count = Int(text), (1...1_000_000).contains(count) else {
                throw AgentSafeError(
                    .usage, "`--limit` takes a number from 1 to 1000000, not `\(visible(String(text.prefix(20))))`")
            }
            limit = count
        }
        let (events, isComplete) = try context.workspace().events(matching: try query(context), limit: limit)
        if !isComplete {
            context.terminal.say("warning: the ledger is longer than what was looked at; narrow it down with `--since`")
        }
        context.report(
            ["complete": .bool(isComplete), "events": .array(events.map(\.json))],
            events.map { found in
                let (commit, event) = (found.accepted.commit, found.accepted.event)
                let ticket = found.change?.ticket.map { "  [\(visible($0))]" } ?? ""
                return "\(context.terminal.paint(commit.id.short, .careful))  \(event.at)  \(event.by)  "
                    + visible(commit.subject) + ticket
            })
        return 0
    }

    private static func query(_ context: CommandContext) throws(AgentSafeError) -> LedgerQuery {
        let arguments = context.arguments
        var query = LedgerQuery()
        query.ticket = arguments.value("ticket")
        query.target = arguments.value("target")
        query.action = arguments.value("action")
        query.by = arguments.value("by")
        query.text = arguments.value("grep")
        query.kind = arguments.value("event").flatMap { EventKind(rawValue: $0) }
        query.since = try instant("since", context)
        query.until = try instant("until", context)
        if let text = arguments.value("change") {
            guard let id = ChangeID(text) else {
                throw AgentSafeError(
                    .usage,
                    "`--change` takes an identifier like `chg-20261122-7f3k9q2m4x`, not `\(visible(String(text.prefix(60))))`"
                )
            }
            query.change = id
        }
        return query
    }

    private static func instant(_ option: String, _ context: CommandContext) throws(AgentSafeError) -> Timestamp? {
        guard let text = context.arguments.value(option) else { return nil }
        guard let instant = Timestamp(text) else {
            throw AgentSafeError(
                .usage,
                "`--\(option)` takes a time like 2026-11-22T23:11:00Z, not `\(visible(String(text.prefix(40))))`")
        }
        return instant
    }
}
