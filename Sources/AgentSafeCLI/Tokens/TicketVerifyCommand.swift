internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem
internal import SSHSignature
internal import Tokens

enum TicketVerifyCommand: Command {
    static let spec = CommandSpec(
        name: "verify", summary: "Check an execution ticket, before acting on it.",
        discussion: """
            In a clone, by main's verified identities. Elsewhere with public keys alone: `--public-key` or `--allowed-signers`, and \
            then `--issuer` and `--repository` say whose ticket it must be. Name what you are about to do with `--action`, `--target` \
            and every param: a ticket for anything else ends with 20. `--consume` uses the ticket up: of all who try, on one \
            nonce folder, one succeeds, and nobody may act who did not.
            JSON: {"valid": true, "consumed", "digest", "ticket": its claims}, or {"valid": false, "code", "reason"}.
            """,
        example: "agentsafe ticket verify - --action scale-deployment --target staging/api-server --consume",
        moreExamples: [
            """
            agentsafe ticket verify ticket.jwt --public-key runner.pub --issuer runner-1 \\
                --repository 51t4bdacbn17p35b5604fjp1nc --consume --nonces /var/lib/executor/nonces
            """
        ],
        options: [
            OptionSpec("action", value: "NAME", help: "the action that is about to be taken"),
            OptionSpec("target", short: "t", value: "ID", help: "the target"),
            OptionSpec(
                "param", short: "p", value: "NAME=VALUE", repeatable: true,
                help: "a param; with one, all of the ticket's must be given, and be equal"),
            OptionSpec("change", value: "ID", help: "the change"),
            OptionSpec("consume", help: "use the ticket up"),
            OptionSpec(
                "nonces", value: "FOLDER", help: "where used tickets are remembered (default: in the state folder)"),
            OptionSpec("public-key", value: "FILE", help: "the issuer's public key, as in `id_ed25519.pub`"),
            OptionSpec("allowed-signers", value: "FILE", help: "public keys by name, as `allowed_signers` on main"),
            OptionSpec("issuer", value: "ID", help: "who must have issued it (HS256: agent-safe)"),
            OptionSpec("repository", value: "ID", help: "the repository that it must be for"),
            .tokenFormat, .sharedKeyFile, .remote, .output,
        ],
        positionals: [PositionalSpec("TICKET", help: "the token, a file that holds it, or `-` for standard input")],
        exitCodes: [
            ExitCodeSpec(0, "the ticket serves"), .failed, .usage,
            ExitCodeSpec(20, "authentic, and it does not serve: expired, used, for something else"), .notAuthentic,
        ])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        if arguments.has("nonces"), !arguments.has("consume") {
            throw AgentSafeError(
                .usage, "`--nonces` says where `--consume` remembers; add `--consume`, or leave it out")
        }
        let text = try context.tokenText(arguments.positionals.first ?? "")
        var verified: VerifiedTicket
        switch try verify(text, context) {
        case .success(let ticket): verified = ticket
        case .failure(let error): return context.report(refusal: error)
        }
        if arguments.has("consume") {
            let named = arguments.value("nonces").map { NonceStore(folder: context.host.absolute($0)) }
            let store: NonceStore
            if let named { store = named } else { store = try .usual(context.host) }
            do {
                try verified.consume(in: store, now: context.now)
            } catch {
                guard case .used(let reason) = error else { throw AgentSafeError(.failed, "\(error)") }
                return context.report(refusal: TokenError(.used, reason))
            }
        }
        let ticket = verified.ticket
        context.report(
            verified.json,
            [
                "\(context.terminal.verdict("authentic"))  \(visible(ticket.action)) on \(visible(ticket.target)) for "
                    + "\(visible(ticket.caller)), until \(ticket.expires)\(verified.isConsumed ? ", used up now" : "")",
                "  change \(visible(ticket.auditID)), issued by \(visible(ticket.issuer))",
            ]
                + ticket.parameters.sorted { $0.key < $1.key }.map {
                    "  \(visible($0.key)): \(visible($0.value.canonicalText))"
                })
        return 0
    }

    private static func verify(
        _ text: String, _ context: CommandContext
    ) throws(AgentSafeError) -> Result<VerifiedTicket, TokenError> {
        let arguments = context.arguments
        let expected = try expectation(context)
        let shared = try context.keyOfFormat()
        let files = ["public-key", "allowed-signers"].filter { arguments.has($0) }
        guard files.count + (shared == nil ? 0 : 1) <= 1 else {
            throw AgentSafeError(.usage, "name one kind of key: `--public-key`, `--allowed-signers` or a shared one")
        }
        if let shared {
            return Result { () throws(TokenError) in
                try VerifiedTicket(text, shared: shared, expected: expected, now: context.now)
            }
        }
        guard files.isEmpty else {
            let keys = try publicKeys(expected, context)
            return Result { () throws(TokenError) in
                try VerifiedTicket(text, keys: keys, expected: expected, now: context.now)
            }
        }
        return try context.workspace().verifyTicket(text, expected: expected)
    }

    private static func expectation(_ context: CommandContext) throws(AgentSafeError) -> ExecutionTicket.Expectation {
        let arguments = context.arguments
        var expected = ExecutionTicket.Expectation(
            issuer: arguments.value("issuer"), repository: arguments.value("repository"),
            action: arguments.value("action"), target: arguments.value("target"))
        if let text = arguments.value("change") {
            guard let id = ChangeID(text) else {
                throw AgentSafeError(.usage, "`\(visible(String(text.prefix(60))))` is no change's identifier")
            }
            expected.change = id
        }
        let texts = try parameterTexts(arguments)
        if !texts.isEmpty { expected.parameters = Dictionary(uniqueKeysWithValues: texts.map { ($0.name, $0.value) }) }
        return expected
    }

    /// The keys that the named issuer may sign with, from a file that needs no secrecy.
    private static func publicKeys(
        _ expected: ExecutionTicket.Expectation, _ context: CommandContext
    ) throws(AgentSafeError) -> [SigningKeyWindow] {
        guard let issuer = expected.issuer, expected.repository != nil else {
            throw AgentSafeError(
                .usage, "outside of a repository, say whose ticket it must be with `--issuer` and `--repository`")
        }
        let path = context.arguments.value("public-key") ?? context.arguments.value("allowed-signers") ?? ""
        let text: String
        do {
            text = String(decoding: try Files.read(context.host.absolute(path), limit: 4 << 20), as: UTF8.self)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        if context.arguments.has("public-key") {
            guard let line = try? SSHPublicKey(line: text), let key = EdDSAKey(sshText: line.text) else {
                throw AgentSafeError(
                    .failed, "`\(visible(path))` holds no Ed25519 public key, one line as in `id_ed25519.pub`")
            }
            return [SigningKeyWindow(key: key)]
        }
        let keys = SigningKeyWindow.read(allowedSigners: text, principal: issuer)
        guard !keys.isEmpty else {
            throw AgentSafeError(.failed, "`\(visible(path))` lists no Ed25519 key of `\(visible(issuer))`")
        }
        return keys
    }
}
