internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Documents
internal import OperatingSystem
internal import PolicyEngine

/// A request put together from a command's options.
enum RequestOptions {
    static let all: [OptionSpec] = [
        OptionSpec("target", short: "t", value: "ID", help: "the target's identifier in the inventory"),
        OptionSpec("as", value: "ID", help: "who asks; an identity of identities.yaml brings its roles and groups"),
        OptionSpec("role", value: "ROLE", repeatable: true, help: "a role of the caller"),
        OptionSpec("group", value: "GROUP", repeatable: true, help: "a group of the caller"),
        OptionSpec("param", short: "p", value: "NAME=VALUE", repeatable: true, help: "a param of the action"),
        OptionSpec("ticket", value: "ID", help: "an external ticket"),
        OptionSpec("now", value: "TIME", help: "the instant to decide for, e.g. 2026-11-22T23:11:00Z"),
    ]
    /// All but the instant: what says something about the request itself.
    static let names = all.map(\.name).filter { $0 != "now" }

    static func request(
        _ action: String, _ context: CommandContext, _ folder: PlainFolder
    ) throws(AgentSafeError) -> DecisionRequest {
        let arguments = context.arguments
        let definitions = folder.catalogue.actions[action]?.parameters ?? []
        var parameters: [String: JSONValue] = [:]
        for (name, text) in try parameterTexts(arguments) {
            parameters[name] = ParameterText.parse(text, as: definitions.first { $0.name == name }?.type)
        }
        return DecisionRequest(
            action: action, target: arguments.value("target"),
            caller: folder.caller(
                arguments.value("as"), roles: arguments.values("role"), groups: arguments.values("group")),
            parameters: parameters, ticket: arguments.value("ticket"))
    }

    static func instant(_ context: CommandContext) throws(AgentSafeError) -> Timestamp {
        guard let text = context.arguments.value("now") else { return Timestamp(seconds: context.host.now()) }
        guard let instant = Timestamp(text) else {
            throw AgentSafeError(
                .usage, "`--now` takes a time like 2026-11-22T23:11:00Z, not `\(visible(String(text.prefix(40))))`")
        }
        return instant
    }
}
