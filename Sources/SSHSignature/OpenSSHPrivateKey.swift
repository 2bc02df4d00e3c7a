internal import CryptoPrimitives

/// The decoded content of an `OPENSSH PRIVATE KEY` block (OpenSSH's PROTOCOL.key), with one key.
struct OpenSSHPrivateKey {
    enum Secret {
        case encrypted
        case plain([UInt8])
    }

    private static let magic = Array("openssh-key-v1\0".utf8)

    let publicKey: [UInt8]
    let secret: Secret

    init(_ content: [UInt8]) throws(WireError) {
        var reader = WireReader(content)
        guard try reader.take(Self.magic.count, "magic").elementsEqual(Self.magic) else {
            throw WireError(problem: "does not begin with `openssh-key-v1`")
        }
        let cipher = try reader.name("cipher")
        let derivation = try reader.name("key derivation")
        let options = try reader.string("options of the key derivation")
        guard try reader.uint32("number of keys") == 1 else { throw WireError(problem: "holds more than one key") }
        publicKey = try reader.string("public key")
        let section = try reader.string("private section")
        guard cipher == "none" else {
            // Some ciphers put an authentication tag after the section: ssh-keygen will see to it.
            secret = .encrypted
            return
        }
        guard derivation == "none", options.isEmpty else {
            throw WireError(problem: "names a key derivation without a cipher")
        }
        try reader.end()
        secret = .plain(section)
    }

    /// The seed in an unencrypted private section, whose every byte is checked but those of the comment.
    static func ed25519Seed(_ section: [UInt8]) throws(WireError) -> [UInt8] {
        var reader = WireReader(section)
        guard try reader.uint32("first check number") == reader.uint32("second check number") else {
            throw WireError(problem: "is damaged: its two check numbers differ")
        }
        guard try reader.name("key type") == SSHKeyAlgorithm.ed25519.rawValue else {
            throw WireError(problem: "has a private part of another type than its public part")
        }
        let publicKey = try reader.string("public key")
        let pair = try reader.string("private key")
        guard publicKey.count == Ed25519.publicKeySize, pair.count == Ed25519.seedSize + Ed25519.publicKeySize,
            pair.suffix(Ed25519.publicKeySize).elementsEqual(publicKey)
        else { throw WireError(problem: "has a public part that does not belong to its private part") }
        _ = try reader.string("comment")
        // Up to a whole block of 8 bytes: 1, 2, 3, …
        var expected: UInt8 = 1
        while !reader.isAtEnd {
            guard try reader.byte("padding") == expected, expected < 8 else {
                throw WireError(problem: "is damaged: its padding is wrong")
            }
            expected += 1
        }
        return Array(pair.prefix(Ed25519.seedSize))
    }
}
