internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Tokens

enum IdentityTokenCommand: Command {
    static let spec = CommandSpec(
        name: "token", summary: "Make a token that says who you are.",
        discussion: """
            It names your identity with the roles and groups that main gives you, signed with your own key, and lives an hour. It \
            proves who you are and gives nothing: roles come from main alone. With `--format hs256` it is a token of the Python \
            project, under its shared key.
            JSON: {"token", "identity": its claims}.
            """,
        example: "agentsafe identity token --key deploy_ed25519",
        moreExamples: ["agentsafe identity token --format hs256 --shared-key-file shared.key"],
        options: [.tokenFormat, .sharedKeyFile, .timeToLive, .key, .remote, .output], exitCodes: ExitCodeSpec.common)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let made = try context.workspace().identityToken(
            shared: try context.keyOfFormat(),
            lifetime: try context.duration("ttl") ?? IdentityToken.defaultLifetime)
        context.report(["token": .string(made.text), "identity": made.token.json], [made.text])
        return 0
    }
}
