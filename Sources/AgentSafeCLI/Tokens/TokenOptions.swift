internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Documents
internal import OperatingSystem
internal import Tokens

extension OptionSpec {
    static let sharedKeyFile = OptionSpec(
        "shared-key-file", value: "FILE",
        help: "the secret of HS256 tokens, as the Python project uses them (default: AGENTSAFE_SHARED_KEY_FILE)")
    static let tokenFormat = OptionSpec(
        "format", value: "FORMAT", allowed: ["eddsa", "hs256"],
        help: "`eddsa`, by the issuer's own key (default), or `hs256`, by a shared key")
    static let timeToLive = OptionSpec("ttl", value: "DURATION", help: "how long it lives, e.g. 90s, 30m, 24h")
}

extension CommandContext {
    /// A token, or several, from an argument: itself, a file, or standard input for `-`.
    func tokenText(_ argument: String) throws(AgentSafeError) -> String {
        if argument.hasPrefix("eyJ") { return argument }
        let content: [UInt8]
        do {
            content =
                try argument == "-"
                ? Files.readStandardInput(limit: 128 << 10) : Files.read(host.absolute(argument), limit: 128 << 10)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        var text = content[...]
        while let last = text.last, last == 0x0A || last == 0x0D || last == 0x20 { text.removeLast() }
        guard text.allSatisfy({ $0 < 0x80 }) else {
            throw AgentSafeError(.notAuthentic, "what was given is no token: it holds other characters than a token's")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The shared key that was named by a flag or the environment; nil where none was.
    func sharedKey() throws(AgentSafeError) -> SharedKey? {
        let variable = host.environment["AGENTSAFE_SHARED_KEY_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = arguments.value("shared-key-file") ?? variable else { return nil }
        let key: SharedKey
        do {
            key = try SharedKey(try Files.read(host.absolute(path), limit: 64 << 10))
        } catch let error as TokenError {
            throw AgentSafeError(.failed, "`\(visible(path))`: \(error.message)")
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        if let mode = Files.permissions(host.absolute(path)), mode & 0o077 != 0 {
            terminal.say("warning: others can read the shared key `\(visible(path))`: run `chmod 600` on it")
        }
        if key.isWeak {
            terminal.say(
                "warning: the shared key has less than \(SharedKey.minimumSize) bytes, so its tokens can be forged by guessing"
            )
        }
        return key
    }

    /// The shared key, where HS256 is asked for; nil for EdDSA. A token never says which one is meant.
    func keyOfFormat() throws(AgentSafeError) -> SharedKey? {
        let named = arguments.has("shared-key-file")
        guard (arguments.value("format") ?? (named ? "hs256" : "eddsa")) == "hs256" else {
            guard !named else {
                throw AgentSafeError(.usage, "a shared key signs no EdDSA token; leave `--shared-key-file` out")
            }
            return nil
        }
        guard let key = try sharedKey() else {
            throw AgentSafeError(.usage, "`--format hs256` needs a secret; name it with `--shared-key-file`")
        }
        return key
    }

    /// Seconds that an option says.
    func duration(_ option: String) throws(AgentSafeError) -> Int64? {
        guard let text = arguments.value(option) else { return nil }
        guard let seconds = DurationText.seconds(text) else {
            throw AgentSafeError(
                .usage,
                "`--\(option)` takes a length of time like 90s, 30m or 24h, not `\(visible(String(text.prefix(40))))`")
        }
        return seconds
    }

    /// Prints why a token does not serve. That is a result: it goes to standard output.
    func report(refusal error: TokenError) -> Int32 {
        report(
            ["valid": false, "code": .string(error.code.rawValue), "reason": .string(error.message)],
            [
                "\(terminal.verdict(error.isAuthentic ? "denied" : "not_authentic"))  \(error.code.rawValue): \(visible(error.message))"
            ])
        return error.isAuthentic ? 20 : 30
    }
}
