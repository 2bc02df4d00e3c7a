internal import AgentSafe
internal import CommandLineParsing
internal import Git
internal import OperatingSystem

enum SetupCommand: Command {
    static let spec = CommandSpec(
        name: "setup", summary: "Prepare a clone: pin the genesis, set up signature checks, get the ledger.",
        discussion: """
            Fetches, verifies everything from the genesis, and sets `agentsafe.genesis`, `gpg.format` and \
            `gpg.ssh.allowedSignersFile` in the clone, so that stock `git log --show-signature` works. Get the genesis from an \
            admin over another channel than the repository itself.
            """,
        example: "agentsafe setup --genesis 1b8f0c5e9a7d3b2c4e6f8091a2b3c4d5e6f70819 --key ~/.ssh/agent_ed25519",
        options: [
            OptionSpec("genesis", value: "COMMIT", help: "main's first commit, as `init` printed it"), .key, .remote,
            .output,
        ],
        exitCodes: ExitCodeSpec.common, group: "Repository")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let workspace = try context.workspace()
        let result = try workspace.setup()
        try alias(context, workspace)
        context.report(
            result.json,
            [
                "genesis \(result.genesis) is pinned, and everything since is authentic",
                "main    \(result.mainTip.short)",
                "ledger  \(result.ledgerTip.short), height \(result.height)",
                "you     \(result.identity ?? "no identity of this repository (set a key with `--key`)")",
            ])
        return 0
    }

    /// Makes `git agentsafe …` work in this clone where no `git-agentsafe` is in PATH.
    private static func alias(_ context: CommandContext, _ workspace: Workspace) throws(AgentSafeError) {
        guard Program.find("git-agentsafe", environment: context.host.environment) == nil,
            let program = Program.find(context.program, environment: context.host.environment)
        else { return }
        let path = context.host.absolute(program)
        guard !path.contains("'") else { return }
        do {
            if try workspace.repository.configuration("alias.agentsafe") == nil {
                try workspace.repository.setConfiguration("alias.agentsafe", "!'\(path)'")
            }
        } catch {
            throw AgentSafeError(.failed, error.message)
        }
    }
}
