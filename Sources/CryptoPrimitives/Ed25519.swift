internal import COpenSSL

/// Ed25519 (RFC 8032), without prehash and context.
public enum Ed25519 {
    public static let seedSize = 32
    public static let publicKeySize = 32
    public static let signatureSize = 64
}

/// A private key. OpenSSL holds it, and wipes it when it is freed.
public struct Ed25519PrivateKey: Sendable {
    private let handle: KeyHandle
    /// 32 bytes.
    public let publicKey: [UInt8]

    /// - Parameter seed: the 32 bytes that RFC 8032 calls the private key.
    public init(seed: [UInt8]) throws(CryptoError) {
        guard seed.count == Ed25519.seedSize else { throw CryptoError(function: "EVP_PKEY_new_raw_private_key") }
        handle = try KeyHandle(
            owning: EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count),
            from: "EVP_PKEY_new_raw_private_key")
        publicKey = try handle.rawPublicKey(size: Ed25519.publicKeySize)
    }

    /// 64 bytes; always the same for the same message.
    public func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        try handle.sign(message, size: Ed25519.signatureSize)
    }
}

/// A public key.
public struct Ed25519PublicKey: Sendable {
    private let handle: KeyHandle

    /// - Parameter bytes: 32 bytes, the only encoding of a point that is not of low order. A key of low order verifies
    ///   signatures that nobody made, so its owner could deny any of them.
    public init(_ bytes: [UInt8]) throws(CryptoError) {
        guard bytes.count == Ed25519.publicKeySize, Self.isCanonical(bytes), !Self.isLowOrder(bytes) else {
            throw CryptoError(function: "EVP_PKEY_new_raw_public_key")
        }
        handle = try KeyHandle(
            owning: EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count),
            from: "EVP_PKEY_new_raw_public_key")
    }

    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        signature.count == Ed25519.signatureSize && handle.verifies(signature, of: message, digest: nil)
    }

    /// Whether the y coordinate (little-endian, the top bit is the sign of x) is less than p = 2^255 - 19.
    private static func isCanonical(_ bytes: [UInt8]) -> Bool {
        bytes[31] & 0x7F != 0x7F || bytes[0] < 0xED || bytes[1..<31].contains { $0 != 0xFF }
    }

    /// The y coordinates of the eight points whose order divides 8, whatever the sign of x: 0, 1, -1, and the two of
    /// order 8.
    private static let lowOrder: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
    ]

    private static func isLowOrder(_ bytes: [UInt8]) -> Bool {
        var y = bytes
        y[31] &= 0x7F
        return lowOrder.contains(y)
    }
}
