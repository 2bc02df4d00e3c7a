internal import CryptoPrimitives
internal import OperatingSystem

/// A file with a private key, as `ssh-keygen` writes it (OpenSSH's PROTOCOL.key), or in a PEM form.
public enum PrivateKeyFile: Sendable {
    /// An Ed25519 key without a passphrase.
    case ed25519(Ed25519Signer)
    /// A key with a passphrase, on hardware, or of another type: only `ssh-keygen` can use it. OpenSSH's own form says the
    /// public key even so; PEM forms do not.
    case external(SSHPublicKey?)

    /// Longer files are no keys.
    static let sizeLimit = 64 << 10

    static func looksLikeOne(_ content: [UInt8]) -> Bool {
        content.starts(with: "-----BEGIN ".utf8)
            && content.prefix { $0 != 0x0A }.split(separator: 0x20).contains { $0.starts(with: "PRIVATE".utf8) }
    }

    /// Reads the key at `path`, which nobody but its owner may be able to read.
    public static func read(_ path: String) throws(SigningError) -> PrivateKeyFile {
        try checkPermissions(path)
        var content: [UInt8]
        do throws(SystemError) {
            content = try Files.read(path, limit: sizeLimit)
        } catch {
            throw SigningError(error.isMissing ? .notFound : .notAKey, error.description)
        }
        defer { SecretBytes.wipe(&content) }
        return try parse(content, path)
    }

    /// ssh ignores private keys that others can read.
    static func checkPermissions(_ path: String) throws(SigningError) {
        guard let mode = Files.permissions(path) else {
            throw SigningError(.notFound, "no signing key at `\(path)`")
        }
        guard mode & 0o077 == 0 else {
            throw SigningError(
                .permissions,
                "others can read the private key `\(path)` (mode \(String(mode & 0o777, radix: 8))): "
                    + "run `chmod 600 \(path)`")
        }
    }

    static func parse(_ content: [UInt8], _ path: String) throws(SigningError) -> PrivateKeyFile {
        guard Armor.isArmored(content, label: Armor.privateKey) else {
            guard looksLikeOne(content) else { throw SigningError(.notAKey, "`\(path)` is no private key") }
            return .external(nil)
        }
        // A key that went through an editor or a secret store often has other line ends.
        var text = content.filter { $0 != 0x0D }
        while let last = text.last, last == 0x0A || last == 0x20 { text.removeLast() }
        defer { SecretBytes.wipe(&text) }
        let file: OpenSSHPrivateKey
        do throws(WireError) {
            file = try OpenSSHPrivateKey(try Armor.decode(text, label: Armor.privateKey))
        } catch {
            throw SigningError(.notAKey, "the private key `\(path)` \(error.problem)")
        }
        let publicKey: SSHPublicKey
        do throws(SSHKeyError) {
            publicKey = try SSHPublicKey(blob: file.publicKey)
        } catch {
            throw SigningError(.notAKey, "in `\(path)`: \(error)")
        }
        guard case .plain(var section) = file.secret, publicKey.algorithm == .ed25519 else {
            return .external(publicKey)
        }
        defer { SecretBytes.wipe(&section) }
        do throws(WireError) {
            var seed = try OpenSSHPrivateKey.ed25519Seed(section)
            defer { SecretBytes.wipe(&seed) }
            return .ed25519(try signer(seed, publicKey))
        } catch {
            throw SigningError(.notAKey, "the private key `\(path)` \(error.problem)")
        }
    }

    private static func signer(_ seed: [UInt8], _ publicKey: SSHPublicKey) throws(WireError) -> Ed25519Signer {
        guard let signer = try? Ed25519Signer(seed: seed), signer.publicKey == publicKey else {
            throw WireError(problem: "has a public part that does not belong to its private part")
        }
        return signer
    }
}
