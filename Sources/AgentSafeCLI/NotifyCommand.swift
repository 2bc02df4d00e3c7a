internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

enum NotifyCommand: Command {
    static let spec = CommandSpec(
        name: "notify", summary: "Send the notifications that wait on this machine, and say what is left.",
        discussion: """
            By `notifications` of agentsafe.yaml on verified main; where each sink is, and its secret, is this machine's: \
            AGENTSAFE_NOTIFY_<NAME>_URL and AGENTSAFE_NOTIFY_<NAME>_SECRET, or files that `git config agentsafe.notify-<name>.urlFile` and \
            `secretFile` name. `gate --record` and `run` send at their end what goes through at once; this sends the rest, and what a \
            process that died had no time to send. Ends with 1 when something could not be sent.
            With `--output json`: {"sinks": [{"name", "kind", "on", "waiting", "failed", "problem"}], "notifications": [{"id", "sink", \
            "state": "sent", "waiting" or "failed", "type", "change", "height", "at", "attempts", "failure"}], "dropped"}; of a test \
            {"sink", "delivered": true}.
            """,
        example: "agentsafe notify",
        moreExamples: ["agentsafe notify --list", "agentsafe notify --test ops", "agentsafe notify --retry"],
        options: [
            OptionSpec("list", help: "only show what waits and what failed; no network"),
            OptionSpec("retry", help: "send what failed for good, too"),
            OptionSpec("forget", help: "drop what failed for good: nobody will be told"),
            OptionSpec("test", value: "SINK", help: "send one message that says nothing to this sink"), .remote,
            .output,
        ], exitCodes: ExitCodeSpec.common, group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        guard ["list", "retry", "forget", "test"].filter({ arguments.has($0) }).count <= 1 else {
            throw AgentSafeError(.usage, "`--list`, `--retry`, `--forget` and `--test` do not go together; choose one")
        }
        let workspace = try context.workspace()
        if let sink = arguments.value("test") {
            try workspace.testSink(sink)
            context.report(["sink": .string(sink), "delivered": true], ["`\(visible(sink))` took a test"])
            return 0
        }
        let report: NotifyReport
        if arguments.has("list") {
            report = try workspace.listNotifications()
        } else if arguments.has("forget") {
            report = try workspace.forgetFailedNotifications()
        } else {
            report = try workspace.tell(retries: arguments.has("retry"))
        }
        context.report(report.json, report.lines.map { visible($0) })
        return arguments.has("list") || report.isComplete ? 0 : 1
    }
}
