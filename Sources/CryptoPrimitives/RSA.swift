internal import COpenSSL

/// An RSA public key, for PKCS #1 v1.5 signatures (RFC 8017, section 8.2).
public struct RSAPublicKey: Sendable {
    public enum Digest: Sendable, Hashable {
        case sha256, sha512
    }

    /// Shorter moduli can be factored; longer ones only cost time.
    public static let modulusBits = 2048...16384

    /// Bytes of the modulus, and so of a signature.
    public let size: Int
    private let handle: KeyHandle

    /// - Parameters modulus, exponent: big-endian magnitudes. The exponent is odd, greater than 1 and at most 64 bits.
    public init(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
        let n = Array(modulus.drop { $0 == 0 })
        let e = Array(exponent.drop { $0 == 0 })
        let bits = n.isEmpty ? 0 : n.count * 8 - n[0].leadingZeroBitCount
        guard Self.modulusBits.contains(bits), n.last.map({ $0 & 1 }) == 1, (1...8).contains(e.count),
            e.last.map({ $0 & 1 }) == 1, e != [1], let modulusLength = Int32(exactly: n.count),
            let exponentLength = Int32(exactly: e.count)
        else { throw CryptoError(function: "EVP_PKEY_fromdata") }
        size = n.count
        handle = try KeyHandle(
            owning: agentsafe_rsa_public_key(n, modulusLength, e, exponentLength), from: "EVP_PKEY_fromdata")
    }

    /// - Parameter signature: exactly `size` bytes.
    public func verifies(_ signature: [UInt8], of message: [UInt8], digest: Digest) -> Bool {
        guard signature.count == size else { return false }
        // PKCS #1 v1.5 is the padding that EVP_DigestVerify(3) uses for RSA unless told otherwise.
        return handle.verifies(
            signature, of: message, digest: digest == .sha256 ? MessageDigest.sha256 : MessageDigest.sha512)
    }
}
