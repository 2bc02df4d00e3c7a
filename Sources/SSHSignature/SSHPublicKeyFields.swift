internal import CryptoPrimitives

/// What follows the type in a public key's blob, before OpenSSL has judged it.
struct SSHPublicKeyFields {
    /// Ed25519: the point. ECDSA: the point. RSA: modulus and exponent.
    private let numbers: [[UInt8]]
    let application: [UInt8]?

    init(_ reader: inout WireReader, _ algorithm: SSHKeyAlgorithm) throws(WireError) {
        switch algorithm {
        case .rsa:
            let exponent = try reader.positiveInteger("exponent")
            numbers = [try reader.positiveInteger("modulus"), exponent]
        default:
            if let curve = algorithm.curve {
                guard try reader.name("curve") == curve.name else { throw WireError(problem: "names another curve") }
            }
            numbers = [try reader.string("point")]
        }
        application = algorithm.isSecurityKey ? try reader.string("application") : nil
        try reader.end()
    }

    func material(_ algorithm: SSHKeyAlgorithm) throws(CryptoError) -> SSHPublicKey.Material {
        if let curve = algorithm.curve { return .ecdsa(try ECDSAPublicKey(curve.curve, point: numbers[0])) }
        if numbers.count == 2 { return .rsa(try RSAPublicKey(modulus: numbers[0], exponent: numbers[1])) }
        return .ed25519(try Ed25519PublicKey(numbers[0]))
    }

    /// What is wrong with a key that OpenSSL, or the bounds above it, did not take.
    func objection(_ algorithm: SSHKeyAlgorithm) -> String {
        if algorithm.curve != nil { return "the public key is no uncompressed point on its curve" }
        if numbers.count == 2 {
            let bits = numbers[0].count * 8 - (numbers[0].first?.leadingZeroBitCount ?? 0)
            if !RSAPublicKey.modulusBits.contains(bits) {
                return "the rsa key has \(bits) bits; use one of 3072, or ed25519 (2048 to 16384 are accepted)"
            }
            return "the rsa key has an even number or an exponent of more than 64 bits"
        }
        return "the public key is no usable point of 32 bytes on the curve of ed25519"
    }
}
