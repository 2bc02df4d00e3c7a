internal import CryptoPrimitives

/// A signature that carries its public key and its purpose (OpenSSH's PROTOCOL.sshsig).
///
/// That it parses says nothing: `verify` does, and only about the key inside. Whose key that is, is the caller's question.
public struct SSHSignature: Sendable {
    /// Longer blobs are not looked at.
    public static let sizeLimit = 64 << 10

    private static let magic = Array("SSHSIG".utf8)

    /// The signature in wire format.
    public let blob: [UInt8]
    public let publicKey: SSHPublicKey
    /// What the signature was made for: `git`, `file`, `vote@agentsafe`. Printable ASCII, never empty.
    public let namespace: String
    public let hashAlgorithm: SSHHashAlgorithm
    let value: SignatureValue

    /// Reads what `ssh-keygen -Y sign` writes, from the first byte of the `BEGIN` line to the last of the `END` line; its
    /// line feed may be missing, as when a `gpgsig` header was unfolded.
    public init(armored text: String) throws(SSHSignatureError) { try self.init(armored: Array(text.utf8)) }

    /// Reads the bytes of such a text.
    public init(armored text: [UInt8]) throws(SSHSignatureError) {
        guard text.count <= Self.sizeLimit * 2 else { throw Self.tooLong }
        try self.init(
            blob: try SSHSignatureError.malformed { () throws(WireError) in
                try Armor.decode(text, label: Armor.signature)
            })
    }

    /// Reads a signature in wire format.
    public init(blob: [UInt8]) throws(SSHSignatureError) {
        guard blob.count <= Self.sizeLimit else { throw Self.tooLong }
        let fields = try SSHSignatureError.malformed { () throws(WireError) in try Fields(blob) }
        guard fields.version == 1 else {
            throw SSHSignatureError(.unsupported, "the signature has version \(fields.version), not 1")
        }
        guard !fields.namespace.isEmpty else { throw SSHSignatureError(.malformed, "the signature names no namespace") }
        // OpenSSH ignores this field and signs an empty one, so any content would be content that nobody signed.
        guard fields.reserved.isEmpty else {
            throw SSHSignatureError(.malformed, "the signature has content in its reserved field")
        }
        guard let hashAlgorithm = SSHHashAlgorithm(rawValue: fields.hashAlgorithm) else {
            throw SSHSignatureError(
                .unsupported, "the signature uses the hash `\(fields.hashAlgorithm.prefix(60))`, not sha256 or sha512")
        }
        do throws(SSHKeyError) {
            publicKey = try SSHPublicKey(blob: fields.publicKey)
        } catch {
            throw SSHSignatureError(.badKey, "inside the signature: \(error)")
        }
        value = try SignatureValue(fields.signature, by: publicKey.algorithm)
        self.blob = blob
        namespace = fields.namespace
        self.hashAlgorithm = hashAlgorithm
    }

    private static var tooLong: SSHSignatureError {
        SSHSignatureError(.malformed, "the signature is longer than \(sizeLimit / 1024) KiB")
    }

    /// The text that `ssh-keygen -Y sign` would write: lines of 70 characters, a line feed at the end.
    public var armored: String { Armor.encode(blob, label: Armor.signature) }

    /// The blob's outermost parts.
    private struct Fields {
        let version: UInt32
        let publicKey: [UInt8]
        let namespace: String
        let reserved: [UInt8]
        let hashAlgorithm: String
        let signature: [UInt8]

        init(_ blob: [UInt8]) throws(WireError) {
            var reader = WireReader(blob)
            guard try reader.take(magic.count, "magic").elementsEqual(magic) else {
                throw WireError(problem: "does not begin with `SSHSIG`")
            }
            version = try reader.uint32("version")
            publicKey = try reader.string("public key")
            namespace = try reader.name("namespace")
            reserved = try reader.string("reserved field")
            hashAlgorithm = try reader.name("hash algorithm")
            signature = try reader.string("signature proper")
            try reader.end()
        }
    }

    /// The bytes that a key signs for `message`.
    static func signedData(_ message: [UInt8], namespace: String, hash: SSHHashAlgorithm) -> [UInt8] {
        var writer = WireWriter()
        writer.raw(magic)
        writer.string(namespace)
        writer.string([UInt8]())
        writer.string(hash.rawValue)
        writer.string(hash.hash(message))
        return writer.bytes
    }

    /// The blob around `signature`, the signature proper with its algorithm's name.
    static func blob(
        key: SSHPublicKey, namespace: String, hash: SSHHashAlgorithm, signature: [UInt8]
    ) -> [UInt8] {
        var writer = WireWriter()
        writer.raw(magic)
        writer.uint32(1)
        writer.string(key.blob)
        writer.string(namespace)
        writer.string([UInt8]())
        writer.string(hash.rawValue)
        writer.string(signature)
        return writer.bytes
    }
}

extension SSHSignature: Hashable {
    public static func == (left: SSHSignature, right: SSHSignature) -> Bool { left.blob == right.blob }

    public func hash(into hasher: inout Hasher) { hasher.combine(blob) }
}
