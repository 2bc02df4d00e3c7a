internal import CryptoPrimitives

/// The types of public key that are understood, by their OpenSSH names.
public enum SSHKeyAlgorithm: String, Sendable, CaseIterable {
    case ed25519 = "ssh-ed25519"
    case ecdsaP256 = "ecdsa-sha2-nistp256"
    case ecdsaP384 = "ecdsa-sha2-nistp384"
    case ecdsaP521 = "ecdsa-sha2-nistp521"
    case rsa = "ssh-rsa"
    case ed25519SecurityKey = "sk-ssh-ed25519@openssh.com"
    case ecdsaP256SecurityKey = "sk-ecdsa-sha2-nistp256@openssh.com"

    /// Whether the private key lives on a FIDO authenticator, which states what its user did.
    public var isSecurityKey: Bool { self == .ed25519SecurityKey || self == .ecdsaP256SecurityKey }

    /// The curve, and the name that the key repeats in its blob (RFC 5656, section 6.1).
    var curve: (curve: EllipticCurve, name: String)? {
        switch self {
        case .ecdsaP256, .ecdsaP256SecurityKey: (.p256, "nistp256")
        case .ecdsaP384: (.p384, "nistp384")
        case .ecdsaP521: (.p521, "nistp521")
        case .ed25519, .ed25519SecurityKey, .rsa: nil
        }
    }
}

/// The hash function that SSHSIG applies to the message, by the name in the signature.
public enum SSHHashAlgorithm: String, Sendable, CaseIterable {
    case sha256, sha512

    func hash(_ message: [UInt8]) -> [UInt8] {
        switch self {
        case .sha256: SHA256.hash(message)
        case .sha512: SHA512.hash(message)
        }
    }
}

/// The algorithms in the innermost part of a signature.
enum SignatureAlgorithm: String, CaseIterable {
    case ed25519 = "ssh-ed25519"
    case ecdsaP256 = "ecdsa-sha2-nistp256"
    case ecdsaP384 = "ecdsa-sha2-nistp384"
    case ecdsaP521 = "ecdsa-sha2-nistp521"
    case rsaSHA256 = "rsa-sha2-256"
    case rsaSHA512 = "rsa-sha2-512"
    case ed25519SecurityKey = "sk-ssh-ed25519@openssh.com"
    case ecdsaP256SecurityKey = "sk-ecdsa-sha2-nistp256@openssh.com"
    case webAuthn = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

    /// The one type of key that makes such signatures.
    var keyAlgorithm: SSHKeyAlgorithm {
        switch self {
        case .ed25519: .ed25519
        case .ecdsaP256: .ecdsaP256
        case .ecdsaP384: .ecdsaP384
        case .ecdsaP521: .ecdsaP521
        case .rsaSHA256, .rsaSHA512: .rsa
        case .ed25519SecurityKey: .ed25519SecurityKey
        case .ecdsaP256SecurityKey, .webAuthn: .ecdsaP256SecurityKey
        }
    }
}
