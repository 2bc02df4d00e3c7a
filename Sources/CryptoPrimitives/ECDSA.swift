internal import COpenSSL

/// The prime curves of FIPS 186-5 that ECDSA keys live on here.
public enum EllipticCurve: Sendable, Hashable, CaseIterable {
    case p256, p384, p521

    /// The length of one coordinate, and of r and s, in bytes.
    public var coordinateSize: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }

    fileprivate var openSSLName: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }

    /// The hash function that goes with the curve (RFC 5656, section 6.2.1): SHA-256, SHA-384, SHA-512.
    fileprivate var digest: OpaquePointer? {
        switch self {
        case .p256: MessageDigest.sha256
        case .p384: MessageDigest.sha384
        case .p521: MessageDigest.sha512
        }
    }
}

/// An ECDSA public key (FIPS 186-5).
public struct ECDSAPublicKey: Sendable {
    public let curve: EllipticCurve
    private let handle: KeyHandle

    /// - Parameter point: the uncompressed encoding (SEC 1, section 2.3.3): `04`, x, y. It must lie on the curve.
    public init(_ curve: EllipticCurve, point: [UInt8]) throws(CryptoError) {
        guard point.count == 1 + 2 * curve.coordinateSize, point.first == 4 else {
            throw CryptoError(function: "EVP_PKEY_fromdata")
        }
        self.curve = curve
        handle = try KeyHandle(
            owning: agentsafe_ec_public_key(curve.openSSLName, point, point.count), from: "EVP_PKEY_fromdata")
    }

    /// Checks a signature over the curve's own hash of `message`.
    ///
    /// - Parameters r, s: big-endian magnitudes.
    public func verifies(r: [UInt8], s: [UInt8], of message: [UInt8]) -> Bool {
        guard let signature = Self.encode(r: r, s: s, limit: curve.coordinateSize) else { return false }
        return handle.verifies(signature, of: message, digest: curve.digest)
    }

    /// `ECDSA-Sig-Value` (RFC 3279, section 2.2.3) in DER; nil when a number is zero or longer than `limit` bytes.
    private static func encode(r: [UInt8], s: [UInt8], limit: Int) -> [UInt8]? {
        var body: [UInt8] = []
        for number in [r, s] {
            let magnitude = number.drop { $0 == 0 }
            guard let first = magnitude.first, magnitude.count <= limit else { return nil }
            let sign: [UInt8] = first >= 0x80 ? [0] : []
            body += [0x02, UInt8(sign.count + magnitude.count)] + sign + magnitude
        }
        // At most 2 × (2 + 67) bytes: one length byte after 0x81 is enough.
        let length: [UInt8] = body.count < 0x80 ? [UInt8(body.count)] : [0x81, UInt8(body.count)]
        return [0x30] + length + body
    }
}
