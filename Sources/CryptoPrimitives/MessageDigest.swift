internal import COpenSSL

/// The hash functions that signatures here are made over, fetched from OpenSSL's provider once for the whole process:
/// EVP_MD_fetch(3) costs more than hashing a short text.
enum MessageDigest {
    nonisolated(unsafe) static let sha256 = EVP_MD_fetch(nil, "SHA256", nil)
    nonisolated(unsafe) static let sha384 = EVP_MD_fetch(nil, "SHA384", nil)
    nonisolated(unsafe) static let sha512 = EVP_MD_fetch(nil, "SHA512", nil)

    /// The digest of `content`. Without its SHA-2 functions OpenSSL is unusable, and zeros would be taken for a digest:
    /// then the process stops.
    static func hash(_ content: [UInt8], with function: OpaquePointer?, size: Int) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        let status = content.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, nil, function, nil) }
        precondition(status == 1, "OpenSSL has no SHA-2: check its configuration")
        return digest
    }
}
