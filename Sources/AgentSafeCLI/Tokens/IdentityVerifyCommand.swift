internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Tokens

enum IdentityVerifyCommand: Command {
    static let spec = CommandSpec(
        name: "verify", summary: "Check an identity token, and say what its holder may be taken for.",
        discussion: """
            By main's verified identities: by the key of the identity, or, with a shared key, as a token of the Python project, \
            delegated ones too. Roles and groups that main does not give count for nothing.
            JSON: {"valid": true, "agent_id", "kind", "roles", "groups", "issuer", "expires", "ignored", "delegated_by"}, or \
            {"valid": false, "code", "reason"}.
            """,
        example: "agentsafe identity verify token.jwt",
        moreExamples: ["agentsafe identity verify - --shared-key-file shared.key"],
        options: [.tokenFormat, .sharedKeyFile, .remote, .output],
        positionals: [PositionalSpec("TOKEN", help: "the token, a file that holds it, or `-` for standard input")],
        exitCodes: [
            .done, .failed, .usage, ExitCodeSpec(20, "authentic, and expired, or delegated too far"), .notAuthentic,
        ])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let text = try context.tokenText(context.arguments.positionals.first ?? "")
        let result = try context.workspace().verifyIdentity(text, shared: try context.keyOfFormat())
        switch result {
        case .failure(let error): return context.report(refusal: error)
        case .success(let caller):
            context.report(caller.json, lines(caller, context.terminal))
            return 0
        }
    }

    private static func lines(_ proven: TokenCaller, _ terminal: Terminal) -> [String] {
        func list(_ names: [String]) -> String { names.isEmpty ? "none" : visible(names.joined(separator: ", ")) }
        var lines = [
            "\(terminal.verdict("authentic"))  \(visible(proven.token.agentID)), until \(proven.token.expires)",
            "  roles: \(list(proven.caller.roles)); groups: \(list(proven.caller.groups))",
        ]
        if let delegation = proven.caller.delegation { lines.append("  acts for \(list(delegation.delegators))") }
        if !proven.ignored.isEmpty { lines.append("  not given by main, and so ignored: \(list(proven.ignored))") }
        return lines
    }
}
