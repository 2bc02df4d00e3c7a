internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem
internal import SSHSignature

enum IdentityAddCommand: Command {
    static let spec = CommandSpec(
        name: "add", summary: "Add an identity, or another key to one.",
        discussion:
            "Makes a trust commit, signed by you as an admin: on main, or on a trust branch where more admins must sign. A key belongs to one identity, and stays listed for ever.",
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
        let publicKey = try context.publicKey()
        let key = IdentityKey(
            publicKey: publicKey.text, validAfter: try context.instant("valid-after"),
            validBefore: try context.instant("valid-before"))
        let result = try context.workspace().addIdentity(
            Identity(
                id: id, kind: kind, roles: arguments.values("role"), groups: arguments.values("group"), keys: [key]),
            push: arguments.has("push"))
        context.report(
            result.json,
            ["added \(kind.rawValue) \(id) with \(publicKey.fingerprint)"] + TrustText.lines(result))
        return 0
    }
}

extension CommandContext {
    /// The public key in the file that `--key-file` names.
    func publicKey() throws(AgentSafeError) -> SSHPublicKey {
        let path = host.absolute(arguments.value("key-file") ?? "")
        do {
            let line = String(decoding: try Files.read(path, limit: 64 << 10), as: UTF8.self)
            return try SSHPublicKey(line: line)
        } catch {
            throw AgentSafeError(.usage, "`\(path)` holds no public key: \(error)")
        }
    }

    /// The instant that an option names.
    func instant(_ option: String) throws(AgentSafeError) -> Timestamp? {
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
            "identities": registry.json(at: context.now),
        ]
        context.report(json, IdentityText.lines(registry, at: context.now))
        return 0
    }
}

/// Identities as people read them.
enum IdentityText {
    static func lines(_ registry: IdentityRegistry, at now: Timestamp) -> [String] {
        var lines = [
            "trust version \(registry.trustVersion), \(registry.adminThreshold) of \(registry.admins.count) admins change what gives power"
        ]
        let width = registry.identities.map(\.id.count).max() ?? 0
        for identity in registry.identities {
            let roles = identity.roles.isEmpty ? "no role" : identity.roles.joined(separator: ", ")
            let padding = String(repeating: " ", count: width - identity.id.count)
            lines.append("\(identity.id)\(padding)  \(identity.kind.rawValue)  \(roles)")
            for key in identity.keys {
                let window = [key.validAfter.map { "from \($0)" }, key.validBefore.map { "until \($0)" }].compactMap {
                    $0
                }
                lines.append("  " + ([key.fingerprint] + window + words(key.state(at: now))).joined(separator: " "))
            }
        }
        return lines
    }
    private static func words(_ state: KeyState) -> [String] {
        switch state {
        case .active: []
        case .revoked: ["revoked"]
        case .expired: ["expired, not revoked"]
        case .notYetValid: ["not valid yet"]
        }
    }
}
