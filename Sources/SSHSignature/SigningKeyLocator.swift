public import OperatingSystem

/// Finds the signer behind what `--key`, `AGENTSAFE_KEY` or git's `user.signingkey` says.
public struct SigningKeyLocator: Sendable {
    private let host: Host
    private let program: String

    /// - Parameter program: what stands in for `ssh-keygen` (git's `gpg.ssh.program`).
    public init(host: Host, program: String = "ssh-keygen") {
        self.host = host
        self.program = program
    }

    /// - Parameter value: the path of a private key; the path of a public key, whose private key is beside it (without
    ///   `.pub`) or in the agent; or a public key itself, after `key::` or bare, for the agent.
    public func signer(for value: String) throws(SigningError) -> any Signer {
        guard !value.isEmpty else { throw SigningError(.notFound, "the name of the signing key is empty") }
        if let literal = Self.literal(value) {
            return try agentSigner(try publicKey(literal, name: "the signing key"), name: "the signing key")
        }
        let path = host.absolute(value)
        switch Files.kind(path, followingLinks: true) {
        case .file: break
        case nil: throw SigningError(.notFound, "no signing key at `\(path)`")
        default: throw SigningError(.notAKey, "the signing key `\(path)` is no file")
        }
        let content = try read(path)
        if PrivateKeyFile.looksLikeOne(content) { return try privateKeySigner(path, content, expected: nil) }
        guard let first = content.first, first != 0x2D, content.allSatisfy({ $0 >= 0x20 || $0 == 0x0A || $0 == 0x0D })
        else {
            throw SigningError(.notAKey, "`\(path)` is neither a private nor a public OpenSSH key")
        }
        return try publicKeySigner(path, try publicKey(String(decoding: content, as: UTF8.self), name: "`\(path)`"))
    }

    /// git takes what begins with `key::` or `ssh-` for a key; here every type of key may stand bare.
    private static func literal(_ value: String) -> String? {
        if value.hasPrefix("key::") { return String(value.dropFirst("key::".count)) }
        return SSHKeyAlgorithm.allCases.contains { value.hasPrefix($0.rawValue + " ") } ? value : nil
    }

    private func publicKeySigner(_ path: String, _ key: SSHPublicKey) throws(SigningError) -> any Signer {
        guard path.hasSuffix(".pub") else { return try agentSigner(key, name: "`\(path)`") }
        let privatePath = String(path.dropLast(".pub".count))
        guard Files.kind(privatePath, followingLinks: true) == .file else {
            return try agentSigner(key, name: "`\(path)`", privatePath: privatePath)
        }
        return try privateKeySigner(privatePath, try read(privatePath), expected: key)
    }

    private func privateKeySigner(
        _ path: String, _ content: [UInt8], expected: SSHPublicKey?
    ) throws(SigningError) -> any Signer {
        try PrivateKeyFile.checkPermissions(path)
        let signer: any Signer
        switch try PrivateKeyFile.parse(content, path) {
        case .ed25519(let own):
            signer = own
        case .external(let stated):
            let key: SSHPublicKey
            if let known = stated ?? expected { key = known } else { key = try publicKeyOfPEM(path) }
            signer = SSHKeygenSigner(publicKey: key, keyFile: path, environment: host.environment, program: program)
        }
        if let expected, signer.publicKey != expected {
            throw SigningError(.notAKey, "`\(path).pub` is not the public key of `\(path)`")
        }
        return signer
    }

    /// PEM forms do not say their public key; ssh-keygen, too, signs with them only if it is in the file beside.
    private func publicKeyOfPEM(_ path: String) throws(SigningError) -> SSHPublicKey {
        guard Files.kind("\(path).pub", followingLinks: true) == .file else {
            throw SigningError(
                .notFound,
                "the private key `\(path)` needs its public key beside it: "
                    + "run `ssh-keygen -y -f \(path) > \(path).pub`")
        }
        return try publicKey(String(decoding: try read("\(path).pub"), as: UTF8.self), name: "`\(path).pub`")
    }

    private func agentSigner(
        _ key: SSHPublicKey, name: String, privatePath: String? = nil
    ) throws(SigningError) -> any Signer {
        guard let socket = host.environment["SSH_AUTH_SOCK"], !socket.isEmpty else {
            let lack = privatePath.map { "there is no private key `\($0)`" } ?? "it has no private part"
            throw SigningError(
                .noAgent,
                "\(name) is a public key, \(lack), and no ssh-agent runs (`SSH_AUTH_SOCK` is not set): "
                    + "name a private key, or start an agent and `ssh-add` it")
        }
        return SSHKeygenSigner(agentKey: key, environment: host.environment, program: program)
    }

    private func publicKey(_ line: String, name: String) throws(SigningError) -> SSHPublicKey {
        do throws(SSHKeyError) {
            return try SSHPublicKey(line: line)
        } catch {
            throw SigningError(.notAKey, "\(name) cannot be used: \(error)")
        }
    }

    private func read(_ path: String) throws(SigningError) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, limit: PrivateKeyFile.sizeLimit)
        } catch {
            throw SigningError(error.isMissing ? .notFound : .notAKey, error.description)
        }
    }
}
