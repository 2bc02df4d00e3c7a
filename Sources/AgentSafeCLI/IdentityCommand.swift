internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem
internal import SSHSignature

enum IdentityAddCommand: Command {
    static let spec = CommandSpec(
        name: "add", summary: "Add an identity, or another key to one.",
        discussion:
            "Makes a trust commit on main, signed by you as an admin. A key belongs to one identity, and stays listed for ever.",
        example: "agentsafe identity add bob --kind person --role approver --key-file bob.pub --push",
        moreExamples: ["agentsafe identity add runner-1 --kind service --role runner --key-file runner.pub --push"],
        options: [
            OptionSpec(
                "kind", value: "KIND", required: true, allowed: IdentityKind.allCases.map(\.rawValue), help: "who it is"
            ),
            OptionSpec(
                "role", value: "ROLE", repeatable: true,
                help: "a role; `admin`, `approver`, `gate`, `runner` mean something by themselves"),
            OptionSpec("group", value: "GROUP", repeatable: true, help: "a group, for policies"),
            OptionSpec(
                "key-file", value: "FILE", required: true, help: "the public key, one line as in `id_ed25519.pub`"),
            OptionSpec("valid-after", value: "TIME", help: "first instant of the key, e.g. 2026-01-01T00:00:00Z"),
            OptionSpec("valid-before", value: "TIME", help: "last instant of the key"), .push, .key, .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the identifier")], exitCodes: ExitCodeSpec.common + [.denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        let id = arguments.positionals.first ?? ""
        guard Identifier.isName(id) else {
            throw AgentSafeError(
                .usage,
                "`\(visible(String(id.prefix(60))))` is no identifier: letters, digits, `.`, `_` and `-`, not first")
        }
        for name in arguments.values("role") + arguments.values("group") where !Identifier.isName(name) {
            throw AgentSafeError(.usage, "`\(visible(String(name.prefix(60))))` is no name for a role or group")
        }
        let kind = IdentityKind(rawValue: arguments.value("kind") ?? "") ?? .agent
        let path = context.host.absolute(arguments.value("key-file") ?? "")
        let publicKey: SSHPublicKey
        do {
            let line = String(decoding: try Files.read(path, limit: 64 << 10), as: UTF8.self)
            publicKey = try SSHPublicKey(line: line)
        } catch {
            throw AgentSafeError(.usage, "`\(path)` holds no public key: \(error)")
        }
        let key = IdentityKey(
            publicKey: publicKey.text, validAfter: try instant("valid-after", arguments),
            validBefore: try instant("valid-before", arguments))
        let result = try context.workspace().addIdentity(
            Identity(
                id: id, kind: kind, roles: arguments.values("role"), groups: arguments.values("group"), keys: [key]),
            push: arguments.has("push"))
        context.report(
            result.json,
            [
                "added \(kind.rawValue) \(id) with \(publicKey.fingerprint)",
                "trust version \(result.version), main commit \(result.commit.short)\(result.pushed ? "" : " (not pushed yet)")",
            ])
        return 0
    }

    private static func instant(_ option: String, _ arguments: ParsedCommand) throws(AgentSafeError) -> Timestamp? {
        guard let text = arguments.value(option) else { return nil }
        guard let instant = Timestamp(text) else {
            throw AgentSafeError(
                .usage,
                "`--\(option)` takes a time like 2026-01-01T00:00:00Z, not `\(visible(String(text.prefix(40))))`")
        }
        return instant
    }
}

enum IdentityListCommand: Command {
    static let spec = CommandSpec(
        name: "list", summary: "List identities, roles and keys, by main's verified tip.",
        example: "agentsafe identity list --output json", options: [.remote, .output], exitCodes: ExitCodeSpec.common)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let view = try context.workspace().view()
        let registry = view.state.identities
        let json: JSONValue = [
            "trust_version": .integer(Int64(registry.trustVersion)),
            "admin_threshold": .integer(Int64(registry.adminThreshold)),
            "identities": .array(
                registry.identities.map { identity in
                    [
                        "id": .string(identity.id), "kind": .string(identity.kind.rawValue),
                        "roles": .strings(identity.roles), "groups": .strings(identity.groups),
                        "keys": .array(
                            identity.keys.map { key in
                                .compact([
                                    "key": .string(key.publicKey),
                                    "valid_after": key.validAfter.map { .string($0.description) },
                                    "valid_before": key.validBefore.map { .string($0.description) },
                                    "revoked": key.revoked ? true : nil,
                                ])
                            }),
                    ]
                }),
        ]
        context.report(json, lines(registry))
        return 0
    }

    private static func lines(_ registry: IdentityRegistry) -> [String] {
        var lines = [
            "trust version \(registry.trustVersion), \(registry.adminThreshold) of \(registry.admins.count) admins change what gives power"
        ]
        let width = registry.identities.map(\.id.count).max() ?? 0
        for identity in registry.identities {
            let roles = identity.roles.isEmpty ? "no role" : identity.roles.joined(separator: ", ")
            let padding = String(repeating: " ", count: width - identity.id.count)
            lines.append("\(identity.id)\(padding)  \(identity.kind.rawValue)  \(roles)")
            for key in identity.keys {
                let fingerprint = (try? SSHPublicKey(line: key.publicKey))?.fingerprint ?? key.publicKey
                let window = [key.validAfter.map { "from \($0)" }, key.validBefore.map { "until \($0)" }].compactMap {
                    $0
                }
                lines.append("  " + ([fingerprint] + window + (key.revoked ? ["revoked"] : [])).joined(separator: " "))
            }
        }
        return lines
    }
}

enum TrustCommitCommand: Command {
    static let spec = CommandSpec(
        name: "commit", summary: "Sign the work tree's edits of policies, actions, inventory, settings or identities.",
        discussion: """
            Files that give power change only by commits that carry admins' signatures over the exact difference. Edit them on main \
            as usual, and let this command raise `trust_version`, sign and commit.
            """,
        example: "agentsafe trust commit -m 'Let the night shift restart staging' --push",
        options: [
            OptionSpec("message", short: "m", value: "TEXT", required: true, help: "the commit's message"), .push, .key,
            .remote,
            .output,
        ], exitCodes: ExitCodeSpec.common + [.denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let result = try context.workspace().commitTrust(
            message: visible(context.arguments.value("message") ?? ""), push: context.arguments.has("push"))
        context.report(
            result.json,
            [
                "trust version \(result.version), main commit \(result.commit.short)\(result.pushed ? "" : " (not pushed yet)")"
            ]
                + result.files.map { "  \(visible($0))" })
        return 0
    }
}
