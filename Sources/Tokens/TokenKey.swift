internal import ChangeModel
internal import CryptoPrimitives

/// A key that proves tokens, and the one algorithm that it is for.
public protocol TokenKey: Sendable {
    var algorithm: TokenAlgorithm { get }
    func verifies(_ signature: [UInt8], of signed: [UInt8]) -> Bool
}

/// Something that can sign tokens.
public protocol TokenSigner: Sendable {
    var algorithm: TokenAlgorithm { get }
    /// The `kid` that goes into the header: a fingerprint; nil for a shared key, which has no name.
    var keyID: String? { get }
    func sign(_ signed: [UInt8]) throws(TokenError) -> [UInt8]
}

/// An Ed25519 key of an identity, as OpenSSH writes it.
public struct EdDSAKey: TokenKey {
    /// `ssh-ed25519 AAAA…`, without a comment.
    public let sshText: String
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    public let fingerprint: String
    private let key: Ed25519PublicKey

    /// The wire format (RFC 8709, section 4): two strings, of which the first is always the same.
    private static let prefix: [UInt8] = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32]

    /// - Parameter sshText: type and base64. nil for a key of another type, and for one that is no key.
    public init?(sshText: String) {
        let fields = sshText.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 2, fields[0] == "ssh-ed25519", let blob = Base64.decode(String(fields[1])),
            blob.count == Self.prefix.count + Ed25519.publicKeySize, blob.starts(with: Self.prefix),
            let key = try? Ed25519PublicKey(Array(blob[Self.prefix.count...]))
        else { return nil }
        self.sshText = sshText
        self.key = key
        fingerprint = Self.fingerprint(ofBlob: blob)
    }

    /// The fingerprint of a key of any type; nil for a text that is no key.
    public static func fingerprint(of sshText: String) -> String? {
        let fields = sshText.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 2, let blob = Base64.decode(String(fields[1])), !blob.isEmpty else { return nil }
        return fingerprint(ofBlob: blob)
    }

    private static func fingerprint(ofBlob blob: [UInt8]) -> String {
        "SHA256:" + Base64.encode(SHA256.hash(blob)).prefix { $0 != "=" }
    }

    public var algorithm: TokenAlgorithm { .edDSA }

    public func verifies(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        key.verifies(signature, of: signed)
    }
}

/// A secret that issuer and verifier share, for tokens of the Python project. Whoever can verify with it can also issue.
public struct SharedKey: TokenKey, TokenSigner, CustomStringConvertible, CustomReflectable {
    /// RFC 7518, section 3.2: a key is at least as long as the hash.
    public static let minimumSize = 32
    static let sizeLimit = 4 << 10
    private let secret: [UInt8]

    /// - Parameter content: of a file; one line end at its end is no part of the secret.
    public init(_ content: [UInt8]) throws(TokenError) {
        var secret = content
        if secret.last == 0x0A { secret.removeLast() }
        if secret.last == 0x0D { secret.removeLast() }
        guard (1...Self.sizeLimit).contains(secret.count) else {
            throw TokenError(.weakKey, "a shared key has 1 to \(Self.sizeLimit) bytes, and this has \(secret.count)")
        }
        // HS256 with a public key as its secret: everybody could sign (RFC 8725, section 2.1).
        guard !Self.looksPublic(secret) else {
            throw TokenError(
                .weakKey,
                "this is no secret but a public key or a certificate, which everybody may have; draw a shared key "
                    + "with `head -c 32 /dev/urandom | base64`")
        }
        self.secret = secret
    }

    private static func looksPublic(_ secret: [UInt8]) -> Bool {
        let names = ["-----BEGIN ", "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN "]
        return names.contains { secret.starts(with: $0.utf8) }
    }

    /// Shorter than the hash: tokens of others are read under such a key, and none is issued.
    public var isWeak: Bool { secret.count < Self.minimumSize }

    public var algorithm: TokenAlgorithm { .hs256 }
    public var keyID: String? { nil }

    public func verifies(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        HMACSHA256.verifies(signature, of: signed, key: secret)
    }

    public func sign(_ signed: [UInt8]) throws(TokenError) -> [UInt8] {
        guard !isWeak else {
            throw TokenError(
                .weakKey,
                "the shared key has \(secret.count) bytes, and none is issued with less than \(Self.minimumSize); draw one with "
                    + "`head -c 32 /dev/urandom | base64`")
        }
        do {
            return try HMACSHA256.code(for: signed, key: secret)
        } catch {
            throw TokenError(.signature, "cannot sign: \(error)")
        }
    }

    public var description: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
