internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

enum HookInstallCommand: Command {
    static let spec = CommandSpec(
        name: "install", summary: "Guard a bare repository: refuse pushes that `gate` and `verify` would refuse.",
        discussion: """
            Run it on the server, as the account that owns the repository. It verifies what the repository holds, sets \
            `agentsafe.genesis`, `agentsafe.maxPushBytes` and, where it is unset or the option is given, `receive.maxInputSize` in the \
            repository's settings, and writes `hooks/pre-receive`, which starts this program for every push. Run it again after \
            the program moved.

            A hook of somebody else's stays as it is: rename it to `hooks/pre-receive.local`, or have `--force` do so, and it runs \
            after agentsafe's own checks, with the same input, and may refuse what they take.

            gitolite: put what `--print` prints into `LOCAL_CODE/hooks/repo-specific/agentsafe`, executable; in `.gitolite.rc` \
            enable `repo-specific-hooks` and let GIT_CONFIG_KEYS match `agentsafe\\..*`; for the repository set \
            `option hook.pre-receive = agentsafe` and `config agentsafe.genesis = <commit>`.

            For an empty repository: run `agentsafe init`, install the hook with `--genesis <commit>` as it was printed, and push \
            `main` and `ledger`, in this order or at once. The hook knows what is authentic, and not who may push: who writes to \
            which branch is for the server's own rules.
            """,
        example: "agentsafe hook install --genesis 1b8f0c5e9a7d3b2c4e6f8091a2b3c4d5e6f70819",
        moreExamples: [
            "agentsafe hook install --repository /srv/git/governance.git --max-push-bytes 268435456",
            "agentsafe hook install --print --program /usr/local/bin/agentsafe",
        ],
        options: [
            OptionSpec("repository", value: "DIR", help: "the bare repository (default: the current folder)"),
            OptionSpec(
                "genesis", value: "COMMIT",
                help: "main's first commit, as `init` printed it (default: the pin that is there)"),
            OptionSpec(
                "max-push-bytes", value: "N",
                help: "bytes that the objects of one push may take (default: \(ReceiveHook.defaultMaximumBytes))"),
            OptionSpec("program", value: "PATH", help: "what the hook starts (default: this program, where it is now)"),
            OptionSpec("force", help: "keep another hook as `hooks/pre-receive.local`, and run it after the checks"),
            OptionSpec("print", help: "print the hook and change nothing"),
            .output,
        ], exitCodes: ExitCodeSpec.common, group: "Server")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let program = try program(context)
        if context.arguments.has("print") {
            context.terminal.write(String(ReceiveHook.script(program: program).dropLast()))
            return 0
        }
        var limit: Int?
        if let text = context.arguments.value("max-push-bytes") {
            guard let number = Int(text), number > 0 else {
                throw AgentSafeError(
                    .usage, "`--max-push-bytes` is a number of bytes above 0, not `\(text.prefix(40))`")
            }
            limit = number
        }
        let result = try ReceiveHook.install(
            HookWish(
                repository: context.host.absolute(context.arguments.value("repository") ?? "."), program: program,
                genesis: context.arguments.value("genesis"), maximumBytes: limit, force: context.arguments.has("force")),
            now: Timestamp(seconds: context.host.now()))
        context.report(result.json, lines(result))
        return 0
    }

    private static func lines(_ result: HookResult) -> [String] {
        var lines = ["hook    \(result.hook), starting \(result.program)"]
        if let chained = result.chained { lines.append("chained \(chained), which runs after it") }
        if let genesis = result.genesis {
            lines.append("genesis \(genesis)")
        } else {
            lines.append("genesis none: pushes are refused until `git config agentsafe.genesis <commit>` is run here")
        }
        for (name, tip) in [("main   ", result.main), ("ledger ", result.ledger)] {
            lines.append("\(name) \(tip.map { "\($0.short), authentic" } ?? "not there yet")")
        }
        return lines + ["limit   \(result.maximumBytes) bytes a push"]
    }

    private static func program(_ context: CommandContext) throws(AgentSafeError) -> String {
        let name = context.arguments.value("program") ?? context.program
        guard let found = Program.find(name, environment: context.host.environment) else {
            throw AgentSafeError(
                .usage, "there is no program `\(name.prefix(200))` that can be executed; give its path with `--program`"
            )
        }
        let path = context.host.absolute(found)
        // The path becomes a word of a shell script.
        guard !path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw AgentSafeError(.usage, "the program's path holds control characters; put it elsewhere")
        }
        return path
    }
}

/// Called by git, through the script that `hook install` writes.
enum PreReceiveCommand: Command {
    static let spec = CommandSpec(
        name: "pre-receive", summary: "Judge a push; the installed hook calls this.",
        discussion: """
            Reads `<old> <new> <reference>` lines on standard input, with git's quarantine in the environment (githooks(5)). Says \
            a line on standard error for each reference that it refuses. Every other end than 0 makes git refuse the whole push.
            """,
        example: "agentsafe hook pre-receive",
        exitCodes: [
            ExitCodeSpec(0, "the push is taken"), ExitCodeSpec(1, "it could not be judged, and is refused"), .usage,
            .notAuthentic,
        ], group: "Server")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let input: [UInt8]
        do {
            input = try Files.readStandardInput(limit: ReceiveHook.maximumInput)
        } catch {
            throw AgentSafeError(.failed, "the list of references cannot be read: \(error); push fewer at once")
        }
        let report = try ReceiveHook.judge(input, host: context.host)
        for line in report.lines { context.terminal.say(visible(line)) }
        return report.exitCode
    }
}
