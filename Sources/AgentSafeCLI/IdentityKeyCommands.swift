internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing

extension OptionSpec {
    fileprivate static let end = OptionSpec(
        "valid-before", value: "TIME",
        help: "last instant at which stock tools take the old key's signatures (default: now)")
}

enum IdentityRevokeCommand: Command {
    static let spec = CommandSpec(
        name: "revoke", summary: "Take a key back; what it signed before stays proved.",
        discussion: """
            The key stays listed, `revoked` and with `valid_before`. It signs nothing any more: what it proposed does not run, what it \
            approved and did not run yet counts for nothing. In force for everybody who sees main; a gate or runner dates it in the ledger.
            """,
        example: "agentsafe identity revoke deploy-agent-01 --push",
        moreExamples: ["agentsafe identity revoke bob --fingerprint all --push"],
        options: [
            OptionSpec(
                "fingerprint", value: "FINGERPRINT",
                help: "`SHA256:…` as in `identity list`, or `all` (default: the only one that is left)"),
            .end, .push, .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the identity")], exitCodes: ExitCodeSpec.common + [.denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let id = arguments.positionals.first ?? ""
        let fingerprint = arguments.value("fingerprint")
        let result = try context.workspace().revokeKeys(
            of: id, fingerprint: fingerprint == "all" ? nil : fingerprint, all: fingerprint == "all",
            end: try context.instant("valid-before"), push: arguments.has("push"))
        let what = fingerprint.map { $0 == "all" ? "every key" : $0 } ?? "the key"
        context.report(result.json, ["revoked \(visible(what)) of \(visible(id))"] + TrustText.lines(result))
        return 0
    }
}

enum IdentityRotateCommand: Command {
    static let spec = CommandSpec(
        name: "rotate", summary: "Give an identity a new key and take the old one back.",
        discussion: """
            The new key is valid from now on, and the old one revoked. Rotating your own key as an admin, sign with the old one: what \
            main says before the commit is what counts.
            """,
        example: "agentsafe identity rotate runner-1 --key-file runner-2027.pub --push",
        options: [
            OptionSpec(
                "key-file", value: "FILE", required: true, help: "the new public key, one line as in `id_ed25519.pub`"),
            OptionSpec(
                "old", value: "FINGERPRINT",
                help: "the key to take back, `SHA256:…` (default: the only one that is left)"),
            .end, .push, .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the identity")], exitCodes: ExitCodeSpec.common + [.denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let id = arguments.positionals.first ?? ""
        let key = try context.publicKey()
        let result = try context.workspace().rotateKey(
            of: id, to: key.text, old: arguments.value("old"), end: try context.instant("valid-before"),
            push: arguments.has("push"))
        context.report(
            result.json, ["\(visible(id)) has the new key \(key.fingerprint)"] + TrustText.lines(result))
        return 0
    }
}
