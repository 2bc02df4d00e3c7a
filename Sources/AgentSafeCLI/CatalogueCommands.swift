internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

enum ValidateCommand: Command {
    static let spec = CommandSpec(
        name: "validate", summary: "Check the catalogue's files.",
        discussion: """
            Reads agentsafe.yaml, actions, policies, inventory and identities, and says where something is wrong. Runs the \
            policy tests in tests/*.yaml: what each request is expected to get. Works in any folder with an agentsafe.yaml.
            """,
        example: "agentsafe validate", options: [.output], exitCodes: [.done, .failed, .usage], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let folder = try PlainFolder(host: context.host)
        let tests = folder.run(
            try folder.ownPolicyTests().tests, now: Timestamp(seconds: context.host.now()))
        let problems = folder.actionProblems() + tests.failures
        if let first = problems.first { throw AgentSafeError(.failed, first, details: Array(problems.dropFirst())) }
        let catalogue = folder.catalogue
        let unlocated = catalogue.targets.values.filter(\.locator.isEmpty).map(\.id).sorted()
        let json: JSONValue = [
            "result": "valid", "actions": .integer(Int64(catalogue.actions.count)),
            "rules": .integer(Int64(catalogue.rules.count)), "targets": .integer(Int64(catalogue.targets.count)),
            "identities": .integer(Int64(catalogue.identities?.identities.count ?? 0)),
            "policy_tests": .integer(Int64(tests.count)), "targets_without_locator": .strings(unlocated),
        ]
        context.report(
            json,
            [
                "valid: \(catalogue.actions.count) actions, \(catalogue.rules.count) rules, \(catalogue.targets.count) targets, "
                    + "\(catalogue.identities?.identities.count ?? 0) identities, \(tests.count) policy tests hold"
            ] + unlocated.map { "warning: target `\($0)` has no locator, so nothing binds its name to a real thing" })
        return 0
    }
}

enum ActionsCommand: Command {
    static let spec = CommandSpec(
        name: "actions", summary: "List the actions, or what a caller may do on a target.",
        discussion:
            "With `--as` and `--target`: for each action that fits the target, whether it is allowed, denied, or needs approval.",
        example: "agentsafe actions --as deploy-agent-01 --target staging/api-server --output json",
        options: [
            OptionSpec("as", value: "ID", help: "the caller"),
            OptionSpec("role", value: "ROLE", repeatable: true, help: "a role of the caller"),
            OptionSpec("group", value: "GROUP", repeatable: true, help: "a group of the caller"),
            OptionSpec("target", short: "t", value: "ID", help: "the target"), .output,
        ], exitCodes: [.done, .failed, .usage], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let folder = try PlainFolder(host: context.host)
        let arguments = context.arguments
        guard let target = arguments.value("target") else {
            if let option = ["as", "role", "group"].first(where: { arguments.has($0) }) {
                throw AgentSafeError(
                    .usage, "what `--\(option)` may do depends on the target; add `--target`, see `agentsafe targets`")
            }
            return list(folder, context)
        }
        guard folder.catalogue.targets[target] != nil else {
            let hint = Spelling.suggestion(for: target, among: folder.catalogue.targets.keys.sorted())
            throw AgentSafeError(
                .failed, "there is no target \(Spelling.quoted(target))\(hint); `agentsafe targets` lists them")
        }
        CheckCommand.noteStranger(folder, context)
        let caller = folder.caller(
            arguments.value("as"), roles: arguments.values("role"), groups: arguments.values("group"))
        let entries = folder.engine.permissions(
            for: caller, target: target, now: Timestamp(seconds: context.host.now()))
        let json: JSONValue = [
            "target": .string(target), "caller": caller.id.map { .string($0) } ?? .null,
            "actions": .array(entries.map(\.json)),
        ]
        let width = entries.map(\.action.count).max() ?? 0
        context.report(
            json,
            entries.map { entry in
                let padding = String(repeating: " ", count: width - entry.action.count)
                let needs = entry.decision.approvals.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
                return "\(entry.action)\(padding)  \(context.terminal.verdict(entry.decision.result.rawValue))"
                    + "  \(entry.decision.ruleOrCode)\(needs.isEmpty ? "" : ", needs \(needs)")"
            })
        return 0
    }

    private static func list(_ folder: PlainFolder, _ context: CommandContext) -> Int32 {
        let actions = folder.catalogue.actions.values.sorted { $0.name < $1.name }
        let json: JSONValue = [
            "actions": .array(
                actions.map { action in
                    [
                        "name": .string(action.name), "version": .string(action.version),
                        "description": .string(action.description), "risk_class": .string(action.riskClass.description),
                        "target_types": .strings(action.targetTypes), "reversible": .bool(action.reversible),
                        "params": .array(
                            action.parameters.map {
                                [
                                    "name": .string($0.name), "type": .string($0.type.rawValue),
                                    "required": .bool($0.required),
                                ]
                            }),
                    ]
                })
        ]
        let width = actions.map(\.name.count).max() ?? 0
        context.report(
            json,
            actions.map { action in
                let padding = String(repeating: " ", count: width - action.name.count)
                let parameters = action.parameters.map { $0.required ? $0.name : "[\($0.name)]" }.joined(separator: " ")
                return "\(action.name)\(padding)  \(action.riskClass)  \(parameters)"
            })
        return 0
    }
}

enum TargetsCommand: Command {
    static let spec = CommandSpec(
        name: "targets", summary: "List the inventory.", example: "agentsafe targets --output json", options: [.output],
        exitCodes: [.done, .failed, .usage], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let folder = try PlainFolder(host: context.host)
        let targets = folder.catalogue.targets.values.sorted { $0.id < $1.id }
        let width = targets.map(\.id.count).max() ?? 0
        context.report(
            ["targets": .array(targets.map(\.json))],
            targets.map { target in
                let padding = String(repeating: " ", count: width - target.id.count)
                return
                    "\(target.id)\(padding)  \(target.type)  \(target.environment.rawValue)  \(target.sensitivity.rawValue)"
            })
        return 0
    }
}
