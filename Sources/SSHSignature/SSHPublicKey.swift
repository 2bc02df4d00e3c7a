internal import CryptoPrimitives

/// A public key as OpenSSH writes it (RFC 4253, section 6.6; RFC 5656; RFC 8709; OpenSSH's PROTOCOL.u2f).
///
/// A key has exactly one blob and one text: other spellings of the same key are refused.
public struct SSHPublicKey: Sendable {
    typealias Fields = SSHPublicKeyFields

    enum Material: Sendable {
        case ed25519(Ed25519PublicKey)
        case ecdsa(ECDSAPublicKey)
        case rsa(RSAPublicKey)
    }

    /// Longer texts and blobs are not looked at: a key of 16,384 bits has about 2 KiB.
    public static let sizeLimit = 16 << 10

    public let algorithm: SSHKeyAlgorithm
    /// The key in wire format.
    public let blob: [UInt8]
    let material: Material
    /// What a security key was enrolled for (`ssh:`, or a web site's name); nil for other keys.
    let application: [UInt8]?

    /// Reads a key in wire format.
    public init(blob: [UInt8]) throws(SSHKeyError) {
        guard blob.count <= Self.sizeLimit else { throw SSHKeyError(.malformed, "the public key is too long") }
        var reader = WireReader(blob)
        let type = try SSHKeyError.malformed { () throws(WireError) in try reader.name("key type") }
        let algorithm = try SSHKeyAlgorithm(named: type)
        let fields = try SSHKeyError.malformed { () throws(WireError) in try Fields(&reader, algorithm) }
        self.blob = blob
        self.algorithm = algorithm
        application = fields.application
        do throws(CryptoError) {
            material = try fields.material(algorithm)
        } catch {
            throw SSHKeyError(.unacceptable, fields.objection(algorithm))
        }
    }

    /// Reads the content of a `.pub` file: type, base64, and a comment that may be missing.
    public init(line: some StringProtocol) throws(SSHKeyError) {
        guard line.utf8.count <= Self.sizeLimit * 2 else { throw SSHKeyError(.malformed, "the public key is too long") }
        var text = Array(line.utf8)[...]
        while let last = text.last, Self.isSpace(last) || last == 0x0A || last == 0x0D { text.removeLast() }
        while let first = text.first, Self.isSpace(first) { text.removeFirst() }
        guard !text.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
            throw SSHKeyError(.malformed, "a public key is one line; here are more")
        }
        let fields = text.split(maxSplits: 2, whereSeparator: Self.isSpace)
        guard let first = fields.first else { throw SSHKeyError(.malformed, "the public key is empty") }
        let type = String(decoding: first, as: UTF8.self)
        _ = try SSHKeyAlgorithm(named: type)
        guard fields.count > 1, let blob = Base64.decode(Array(fields[1])) else {
            throw SSHKeyError(.malformed, "no base64 follows the key type `\(type)`")
        }
        try self.init(blob: blob)
        guard algorithm.rawValue.utf8.elementsEqual(first) else {
            throw SSHKeyError(
                .malformed, "the key type says `\(type)`, the key itself says `\(algorithm.rawValue)`")
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Type and base64, without comment: the one text of this key.
    public var text: String { "\(algorithm.rawValue) \(Base64.encode(blob))" }

    /// `SHA256:` and 43 characters, as `ssh-keygen -l` shows it.
    public var fingerprint: String {
        "SHA256:" + Base64.encode(SHA256.hash(blob)).prefix { $0 != "=" }
    }
}

extension SSHPublicKey: Hashable, CustomStringConvertible {
    public static func == (left: SSHPublicKey, right: SSHPublicKey) -> Bool { left.blob == right.blob }

    public func hash(into hasher: inout Hasher) { hasher.combine(blob) }

    public var description: String { text }
}
