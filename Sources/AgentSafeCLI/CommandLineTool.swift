internal import AgentSafe
package import CommandLineParsing
public import OperatingSystem

/// The `agentsafe` command line.
public enum CommandLineTool {
    public static let version = "0.1.0"

    private static var commands: [any Command.Type] {
        [
            InitCommand.self, SetupCommand.self, IdentityAddCommand.self, TrustCommitCommand.self, ValidateCommand.self,
            LintCommand.self, ActionsCommand.self, TargetsCommand.self, TemplatesCommand.self, CheckCommand.self,
            ExplainCommand.self, TestCommand.self, ProposeCommand.self, GateCommand.self, ApproveCommand.self,
            RejectCommand.self, WithdrawCommand.self, CancelCommand.self, BreakGlassCommand.self, ReviewsCommand.self,
            RunCommand.self, ResolveCommand.self, RollbackCommand.self, StatusCommand.self, ShowCommand.self,
            LogCommand.self, LimitsCommand.self, VerifyCommand.self, ReplayCommand.self, ImpactCommand.self,
            NotifyCommand.self, VersionCommand.self,
        ]
    }

    package static let root = CommandSpec(
        name: "agentsafe",
        summary: "Change control between AI agents and production, on Git alone.",
        discussion: """
            Agents propose signed change files, policy decides, people approve, a runner executes and records before-state, \
            after-state and a rollback pair. `git log` is the audit trail, and `agentsafe verify` proves it.
            """,
        example: "agentsafe init governance --admin alice --key ~/.ssh/id_ed25519",
        moreExamples: [
            "agentsafe check scale-deployment --target staging/api-server --role deployer --param replicas=6"
        ],
        options: [OptionSpec("version", help: "show the version")],
        subcommands: [
            InitCommand.spec, SetupCommand.spec,
            CommandSpec(
                name: "identity",
                summary: "Add identities, list them, revoke and rotate their keys, and make tokens of them.",
                example: "agentsafe identity list",
                subcommands: [
                    IdentityAddCommand.spec, IdentityListCommand.spec, IdentityRevokeCommand.spec,
                    IdentityRotateCommand.spec, IdentityTokenCommand.spec, IdentityVerifyCommand.spec,
                ], group: "Repository"),
            CommandSpec(
                name: "delegation", summary: "Hand on some of what you may do, and check such chains.",
                example: "agentsafe delegation create --to worker-1 --role deployer --ttl 2h",
                subcommands: [DelegationCreateCommand.spec, DelegationVerifyCommand.spec], group: "Change"),
            CommandSpec(
                name: "ticket", summary: "Leave to carry out one change, once, as a token.",
                example: "agentsafe ticket issue chg-20261122-7f3k9q2m4x",
                subcommands: [TicketIssueCommand.spec, TicketVerifyCommand.spec], group: "Execution"),
            CommandSpec(
                name: "credential", summary: "Say what a run takes credentials from, and try them.",
                example: "agentsafe credential resolve chg-20261122-7f3k9q2m4x",
                subcommands: [CredentialResolveCommand.spec, CredentialTestCommand.spec], group: "Execution"),
            CommandSpec(
                name: "ledger", summary: "Ship the evidence to where nobody here can change it, and prove such a copy.",
                example: "agentsafe ledger ship /srv/evidence",
                subcommands: [LedgerShipCommand.spec, LedgerVerifyShippedCommand.spec], group: "Evidence"),
            CommandSpec(
                name: "audit", summary: "Look through the record for what it lacks.",
                example: "agentsafe audit coverage", subcommands: [CoverageCommand.spec], group: "Evidence"),
            CommandSpec(
                name: "trust", summary: "Change files that give power.",
                example: "agentsafe trust commit -m 'Allow restarts at night' --push",
                subcommands: [
                    TrustCommitCommand.spec, TrustProposeCommand.spec, TrustSignCommand.spec, TrustStatusCommand.spec,
                ], group: "Repository"),
            ValidateCommand.spec, LintCommand.spec, ActionsCommand.spec, TargetsCommand.spec, TemplatesCommand.spec,
            CheckCommand.spec,
            ExplainCommand.spec, TestCommand.spec, ImpactCommand.spec, ProposeCommand.spec,
            GateCommand.spec, ApproveCommand.spec, RejectCommand.spec, WithdrawCommand.spec, CancelCommand.spec,
            BreakGlassCommand.spec, ReviewsCommand.spec, RunCommand.spec, ResolveCommand.spec, RollbackCommand.spec,
            StatusCommand.spec, ShowCommand.spec,
            LogCommand.spec, LimitsCommand.spec,
            VerifyCommand.spec, ReplayCommand.spec, NotifyCommand.spec, VersionCommand.spec,
            CommandSpec(
                name: "hook", summary: "Guard the repository that others push to.",
                example: "agentsafe hook install --repository /srv/git/governance.git",
                subcommands: [HookInstallCommand.spec, PreReceiveCommand.spec], group: "Server"),
        ],
        exitCodes: ExitCodeSpec.judging)

    /// Runs one command line.
    ///
    /// - Parameter arguments: the program's path first.
    /// - Returns: the exit code.
    public static func run(_ arguments: [String], host: Host, terminal: Terminal) -> Int32 {
        let words = Array(arguments.dropFirst())
        if words.prefix(while: { $0 != "--" }).contains("--version") {
            terminal.write("agentsafe \(version)")
            return 0
        }
        if words.isEmpty {
            terminal.say(String(root.help().dropLast()))
            return 2
        }
        let parsed: ParsedCommand
        do {
            parsed = try root.parse(words)
        } catch {
            terminal.say("agentsafe: \(error.message)")
            return 2
        }
        if parsed.wantsHelp {
            terminal.write(String(root.help(for: parsed.path).dropLast()))
            return 0
        }
        let context = CommandContext(
            host: host, terminal: terminal, arguments: parsed, program: arguments.first ?? "agentsafe")
        guard let command = command(at: parsed.path) else {
            terminal.say("agentsafe: nothing to do; see `agentsafe --help`")
            return 2
        }
        do {
            return try command.run(context)
        } catch {
            terminal.say("agentsafe: \(visible(error.message))")
            for line in error.details { terminal.say(visible(line)) }
            return error.code.rawValue
        }
    }

    private static func command(at path: [String]) -> (any Command.Type)? {
        switch path {
        case ["identity", "add"]: return IdentityAddCommand.self
        case ["identity", "list"]: return IdentityListCommand.self
        case ["identity", "revoke"]: return IdentityRevokeCommand.self
        case ["identity", "rotate"]: return IdentityRotateCommand.self
        case ["identity", "token"]: return IdentityTokenCommand.self
        case ["identity", "verify"]: return IdentityVerifyCommand.self
        case ["delegation", "create"]: return DelegationCreateCommand.self
        case ["delegation", "verify"]: return DelegationVerifyCommand.self
        case ["ticket", "issue"]: return TicketIssueCommand.self
        case ["ticket", "verify"]: return TicketVerifyCommand.self
        case ["ledger", "ship"]: return LedgerShipCommand.self
        case ["ledger", "verify-shipped"]: return LedgerVerifyShippedCommand.self
        case ["audit", "coverage"]: return CoverageCommand.self
        case ["credential", "resolve"]: return CredentialResolveCommand.self
        case ["credential", "test"]: return CredentialTestCommand.self
        case ["trust", "commit"]: return TrustCommitCommand.self
        case ["hook", "install"]: return HookInstallCommand.self
        case ["hook", "pre-receive"]: return PreReceiveCommand.self
        case ["trust", "propose"]: return TrustProposeCommand.self
        case ["trust", "sign"]: return TrustSignCommand.self
        case ["trust", "status"]: return TrustStatusCommand.self
        default: return path.count == 1 ? commands.first { $0.spec.name == path[0] } : nil
        }
    }
}
