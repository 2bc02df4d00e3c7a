internal import AgentSafe
internal import CommandLineParsing

enum InitCommand: Command {
    static let spec = CommandSpec(
        name: "init", summary: "Make a governance repository.",
        discussion: """
            Writes the catalogue, default policies, an example inventory and your identity as its first admin, and founds main and \
            ledger by signed commits. It prints the genesis commit: everybody who trusts the repository pins it.
            """,
        example: """
            agentsafe init governance --admin alice --key ~/.ssh/id_ed25519 \\
                --remote git@example.com:governance.git --push
            """,
        options: [
            OptionSpec("admin", value: "ID", required: true, help: "your identifier; you become admin and approver"),
            .key,
            OptionSpec(
                "remote", value: "URL", help: "address of the remote, which becomes `origin`; it should be empty"),
            OptionSpec(
                "solo", help: "add the policy for a team of one: persons need nobody's approval, agents still do"),
            OptionSpec("no-limits", help: "leave out the limits on callers: `rate_limit` and `cumulative_risk`"),
            .push, .output,
        ],
        positionals: [
            PositionalSpec("FOLDER", required: false, help: "where (default: the current folder); it must be empty")
        ],
        exitCodes: ExitCodeSpec.common, group: "Repository")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let wish = Initialisation(
            directory: arguments.positionals.first ?? ".", admin: arguments.value("admin") ?? "",
            remote: arguments.value("remote"), push: arguments.has("push"), solo: arguments.has("solo"),
            limits: !arguments.has("no-limits"))
        let settings = Settings(key: arguments.value("key"))
        let terminal = context.terminal
        let result = try Workspace.initialise(
            wish, host: context.host, settings: settings, notify: { terminal.say(visible($0)) })
        context.report(
            result.json,
            [
                "made the governance repository \(result.repository) in \(visible(result.directory))",
                "genesis \(result.genesis)  (pin this: agentsafe setup --genesis …)",
                "admin   \(result.admin), threshold 1 of 1: one key can change everything that gives power",
            ])
        if !context.wantsJSON {
            terminal.say(
                result.pushed
                    ? "next: agentsafe identity add deploy-agent-01 --kind agent --role deployer --key-file agent.pub --push"
                    : "next: add a remote, and `git push origin main ledger`")
        }
        return 0
    }
}
