internal import CryptoPrimitives

/// The signature proper, without the SSHSIG frame: what the key computed.
struct SignatureValue: Sendable {
    enum Numbers: Sendable {
        case ed25519([UInt8])
        case ecdsa(r: [UInt8], s: [UInt8])
        case rsa([UInt8], RSAPublicKey.Digest)
    }

    let numbers: Numbers
    /// For security keys: what the authenticator added to the message.
    let authenticator: AuthenticatorData?

    init(_ blob: [UInt8], by key: SSHKeyAlgorithm) throws(SSHSignatureError) {
        var reader = WireReader(blob)
        let name = try SSHSignatureError.malformed { () throws(WireError) in try reader.name("signature algorithm") }
        guard name != "ssh-rsa" else {
            throw SSHSignatureError(.unsupported, "the signature is made with SHA-1 (`ssh-rsa`); use rsa-sha2-512")
        }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else {
            throw SSHSignatureError(.unsupported, "the signature algorithm `\(name.prefix(60))` is not known")
        }
        guard algorithm.keyAlgorithm == key else {
            throw SSHSignatureError(.malformed, "the signature is `\(name)`, but its key is `\(key.rawValue)`")
        }
        (numbers, authenticator) = try SSHSignatureError.malformed { () throws(WireError) in
            let content = try reader.string("signature value")
            let numbers = try Self.numbers(content, algorithm)
            let authenticator =
                key.isSecurityKey
                ? try AuthenticatorData(&reader, withClientData: algorithm == .webAuthn) : nil
            try reader.end()
            return (numbers, authenticator)
        }
    }

    private static func numbers(_ content: [UInt8], _ algorithm: SignatureAlgorithm) throws(WireError) -> Numbers {
        switch algorithm {
        case .ed25519, .ed25519SecurityKey:
            return .ed25519(content)
        case .rsaSHA256:
            return .rsa(content, .sha256)
        case .rsaSHA512:
            return .rsa(content, .sha512)
        case .ecdsaP256, .ecdsaP384, .ecdsaP521, .ecdsaP256SecurityKey, .webAuthn:
            var reader = WireReader(content)
            let r = try reader.positiveInteger("number r")
            let s = try reader.positiveInteger("number s")
            try reader.end()
            return .ecdsa(r: r, s: s)
        }
    }

    func isMade(by key: SSHPublicKey.Material, over message: [UInt8]) -> Bool {
        switch (key, numbers) {
        case (.ed25519(let key), .ed25519(let signature)):
            return key.verifies(signature, of: message)
        case (.ecdsa(let key), .ecdsa(let r, let s)):
            return key.verifies(r: r, s: s, of: message)
        case (.rsa(let key), .rsa(let number, let digest)):
            // RFC 4253 writes the number without padding, so a signer may leave out leading zeros.
            guard let first = number.first, number.count == key.size || (number.count < key.size && first != 0) else {
                return false
            }
            let padding = [UInt8](repeating: 0, count: key.size - number.count)
            return key.verifies(padding + number, of: message, digest: digest)
        default:
            return false
        }
    }
}
