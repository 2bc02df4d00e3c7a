internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Documents
internal import OperatingSystem
internal import PolicyEngine
internal import Tokens

/// A request put together from a command's options.
enum RequestOptions {
    static let all: [OptionSpec] = [
        OptionSpec("target", short: "t", value: "ID", help: "the target's identifier in the inventory"),
        OptionSpec("as", value: "ID", help: "who asks; an identity of identities.yaml brings its roles and groups"),
        OptionSpec("role", value: "ROLE", repeatable: true, help: "a role of the caller"),
        OptionSpec("group", value: "GROUP", repeatable: true, help: "a group of the caller"),
        OptionSpec(
            "token", value: "TOKEN",
            help: "who asks, by an identity token: itself, a file, or `-`; under a shared key one of the Python project"
        ),
        .sharedKeyFile,
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
            action: action, target: arguments.value("target"), caller: try caller(context, folder),
            parameters: parameters, ticket: arguments.value("ticket"))
    }

    /// Whom a token proves, or whom `--as`, `--role` and `--group` describe.
    private static func caller(_ context: CommandContext, _ folder: PlainFolder) throws(AgentSafeError) -> Caller {
        let arguments = context.arguments
        guard let argument = arguments.value("token") else {
            return folder.caller(
                arguments.value("as"), roles: arguments.values("role"), groups: arguments.values("group"))
        }
        if let other = ["as", "role", "group"].first(where: { arguments.has($0) }) {
            throw AgentSafeError(.usage, "`--\(other)` does not go with `--token`, which says who asks")
        }
        let text = try context.tokenText(argument)
        let shared = try context.sharedKey()
        let proven: TokenCaller
        do {
            proven = try TokenCaller(
                text, identities: folder.catalogue.identities,
                repository: folder.catalogue.configuration.repository, shared: shared, now: try instant(context))
        } catch let error as TokenError {
            throw AgentSafeError(error.isAuthentic ? .denied : .notAuthentic, error.message)
        } catch {
            throw error as? AgentSafeError ?? AgentSafeError(.failed, "\(error)")
        }
        if !proven.ignored.isEmpty {
            context.terminal.say(
                "note: what the token names and the identities do not give counts for nothing: "
                    + visible(proven.ignored.joined(separator: ", ")))
        }
        return proven.caller
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
