internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

/// What both commands have in common: a change, or an action with its target and params.
private enum CredentialArguments {
    static let options: [OptionSpec] =
        [
            OptionSpec(
                "target", short: "t", value: "ID", help: "with an action: the target's identifier in the inventory"),
            OptionSpec(
                "param", short: "p", value: "NAME=VALUE", repeatable: true, help: "with an action: a param of it"),
        ] + OptionSpec.reaching + [.remote, .output]
    static let positional = PositionalSpec("CHANGE|ACTION", help: "a change, or an action's name")

    static func subject(_ context: CommandContext) throws(AgentSafeError) -> CredentialSubject {
        let word = context.arguments.positionals.first ?? ""
        if let id = ChangeID(word) {
            guard !context.arguments.has("target"), !context.arguments.has("param") else {
                throw AgentSafeError(.usage, "a change says its target and params itself; leave these options out")
            }
            return .change(id)
        }
        guard let target = context.arguments.value("target") else {
            throw AgentSafeError(
                .usage,
                "`\(visible(String(word.prefix(60))))` is no change; with an action, name the target: `--target ID`")
        }
        let texts = try parameterTexts(context.arguments)
        return .action(
            word, target: target,
            parameters: Dictionary(texts.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }

    static func report(_ reports: [CredentialReport], _ context: CommandContext) -> Int32 {
        context.report(
            ["credentials": .array(reports.map(\.json))],
            reports.isEmpty ? ["it asks for no credentials and refers to no secret"] : reports.flatMap(lines))
        return reports.contains(where: \.isFaulty) ? 1 : 0
    }

    private static func lines(_ report: CredentialReport) -> [String] {
        let head = "\(report.action) on \(report.target): \(visible(report.type))"
        var lines: [String]
        if let backend = report.backend {
            lines = ["\(head) from `\(backend)` (\(report.kind ?? ""))"]
        } else {
            lines = [
                "\(head): no backend gives it" + (report.problem == nil ? "; the runner's own connection serves" : "")
            ]
        }
        if let place = report.place { lines.append("  \(visible(place))") }
        lines.append("  scope: \(visible(report.scope.canonicalText))")
        if let policy = report.sessionPolicy { lines.append("  session policy: \(visible(policy.canonicalText))") }
        if let identity = report.identity {
            lines.append("  known as \(visible(identity["arn"] ?? identity["account"] ?? "nobody"))")
        }
        if let expires = report.expires { lines.append("  until \(expires)") }
        if let problem = report.problem { lines.append("  problem: \(visible(problem))") }
        if let missing = report.missing {
            lines += missing.map { "  missing: \(visible($0))" }
            if missing.isEmpty { lines.append("  it may do what the action needs") }
        }
        for excess in (report.excess ?? []).prefix(20) { lines.append("  more than needed: \(visible(excess))") }
        if let excess = report.excess, excess.count > 20 { lines.append("  and \(excess.count - 20) more") }
        return lines
    }
}

enum CredentialResolveCommand: Command {
    static let spec = CommandSpec(
        name: "resolve", summary: "Say which credentials and secrets a run would take, and from where.",
        discussion: """
            By `credentials` of agentsafe.yaml on verified main, and this machine's own settings where main lets them speak. Fetches \
            nothing: neither a credential nor a branch. No option shows a value. Ends with 1 when a run would come to a halt for \
            lack of one.
            With `--output json`: {"credentials": [{"action", "target", "type" (of a secret: "secret"), "backend" (or null), "kind", \
            "place", "scope", "session_policy" (of kind "sts"), "ttl_seconds", "problem"}]}.
            """,
        example: "agentsafe credential resolve chg-20261122-7f3k9q2m4x",
        moreExamples: [
            "agentsafe credential resolve scale-deployment --target staging/api-server --param replicas=6"
        ],
        options: CredentialArguments.options, positionals: [CredentialArguments.positional],
        exitCodes: ExitCodeSpec.common, group: "Execution")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let workspace = try context.workspace()
        return CredentialArguments.report(
            try workspace.resolveCredentials(
                for: try CredentialArguments.subject(context), executors: try workspace.executors()), context)
    }
}

enum CredentialTestCommand: Command {
    static let spec = CommandSpec(
        name: "test", summary: "Fetch these credentials, ask the target what they may do, and drop them.",
        discussion: """
            Says what is missing (by a SelfSubjectAccessReview for each of the action's `required_privileges`), and what goes beyond. \
            Claims, changes and records nothing, and shows no value. Of a cluster in a file nobody can ask what a token may do; of AWS's \
            keys STS is asked whose they are, which must be the target's account. Ends with 1 when something could not be had, or lacks a right.
            With `--output json` as `credential resolve`, and of what was fetched "expires", "identity" (of AWS's keys: "account" and "arn"), "missing" \
            and "excess".
            """,
        example: "agentsafe credential test chg-20261122-7f3k9q2m4x",
        moreExamples: ["agentsafe credential test cordon-node --target staging/node-1"],
        options: CredentialArguments.options, positionals: [CredentialArguments.positional],
        exitCodes: ExitCodeSpec.common, group: "Execution")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let workspace = try context.workspace()
        return CredentialArguments.report(
            try workspace.testCredentials(
                for: try CredentialArguments.subject(context), executors: try workspace.executors()), context)
    }
}
