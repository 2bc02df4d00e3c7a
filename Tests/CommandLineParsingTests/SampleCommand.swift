import CommandLineParsing

/// A program with the shape of the real one.
enum SampleCommand {
    static let propose = CommandSpec(
        name: "propose", summary: "propose a change and show the decision to expect",
        discussion: """
            Writes the change, signs it and commits it on a branch of its own. Nothing is written when the policy would \
            deny it, unless `--anyway` is given.

            The decision is only a forecast: the gate judges again.
            """,
        example: "agentsafe propose scale-deployment --target staging/api-server --param replicas=6",
        moreExamples: [
            "agentsafe propose restart-deployment --target prod/api-server \\\n    --reason \"stuck\" --push"
        ],
        options: [
            OptionSpec(
                "target", short: "t", value: "ID", required: true, help: "what to act on, as the inventory names it"),
            OptionSpec(
                "param", short: "p", value: "NAME=VALUE", repeatable: true,
                help: "a param of the action; a value is read as the action's definition types it"),
            OptionSpec("reason", value: "TEXT", help: "why"),
            OptionSpec("push", help: "push the branch"),
            OptionSpec("anyway", help: "write the change though it would be denied"),
        ],
        positionals: [PositionalSpec("ACTION", help: "the action's name")],
        exitCodes: [ExitCodeSpec(0, "proposed"), ExitCodeSpec(2, "bad usage"), ExitCodeSpec(20, "denied")],
        group: "agents")

    static let root = CommandSpec(
        name: "agentsafe", summary: "change control between agents and production, on Git alone",
        example: "agentsafe init",
        options: [
            OptionSpec(
                "output", short: "o", value: "FORMAT", allowed: ["text", "json"], help: "how to answer"),
            OptionSpec("directory", short: "C", value: "PATH", help: "work there"),
        ],
        subcommands: [
            CommandSpec(
                name: "init", summary: "write a governance repository", example: "agentsafe init", group: "start"),
            propose,
            CommandSpec(
                name: "show", summary: "show a change", example: "agentsafe show chg-20261122-7f3k9q2m4x",
                positionals: [PositionalSpec("ID", help: "the change's id")], group: "agents"),
            CommandSpec(
                name: "run", summary: "execute what is authorised", example: "agentsafe run",
                positionals: [PositionalSpec("ID", required: false, help: "one change; all when left out")],
                group: "operators"),
            CommandSpec(
                name: "validate", summary: "check files", example: "agentsafe validate actions/a.yaml",
                positionals: [PositionalSpec("FILE", required: false, repeatable: true, help: "files")], group: "start"),
            CommandSpec(
                name: "identity", summary: "who may sign", example: "agentsafe identity list",
                subcommands: [
                    CommandSpec(name: "list", summary: "list identities", example: "agentsafe identity list"),
                    CommandSpec(
                        name: "add", summary: "add an identity", example: "agentsafe identity add alice",
                        positionals: [PositionalSpec("ID", help: "the identity's name")]),
                ], group: "operators"),
        ],
        exitCodes: [ExitCodeSpec(0, "done"), ExitCodeSpec(2, "bad usage")])
}
