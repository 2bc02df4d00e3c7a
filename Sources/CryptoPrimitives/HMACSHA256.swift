internal import COpenSSL

/// HMAC (RFC 2104) with SHA-256.
public enum HMACSHA256 {
    /// The authentication code of `message`: 32 bytes. A key may have any length.
    public static func code(for message: [UInt8], key: [UInt8]) throws(CryptoError) -> [UInt8] {
        // A nil key has a meaning of its own in HMAC(3), and an empty array may have no address.
        let padded = key.isEmpty ? [0] : key
        guard let length = Int32(exactly: padded.count) else { throw CryptoError(function: "HMAC") }
        var code = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 0
        guard HMAC(MessageDigest.sha256, padded, length, message, message.count, &code, &size) != nil, size == 32 else {
            ERR_clear_error()
            throw CryptoError(function: "HMAC")
        }
        return code
    }

    /// Whether `code` is the code of `message`. Takes the same time wherever they differ.
    public static func verifies(_ code: [UInt8], of message: [UInt8], key: [UInt8]) -> Bool {
        guard let expected = try? self.code(for: message, key: key), code.count == expected.count else { return false }
        return CRYPTO_memcmp(code, expected, expected.count) == 0
    }
}
