internal import COpenSSL

/// SHA-1 (FIPS 180-4), for the names that git and AWS's tools give to files, and for nothing else: it is broken as
/// a seal.
///
/// Keeps OpenSSL's state for the next message. Not thread-safe: use one from one thread.
public final class SHA1 {
    private let context = EVP_MD_CTX_new()
    nonisolated(unsafe) private static let function = EVP_MD_fetch(nil, "SHA1", nil)

    public static let size = 20

    public init() {}

    deinit { EVP_MD_CTX_free(context) }

    /// Hands `body` the 20 bytes for `header` and `content` one after the other; nil when OpenSSL has no SHA-1.
    public func hash<Result>(
        _ header: [UInt8], _ content: [UInt8], _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        withUnsafeTemporaryAllocation(byteCount: Self.size, alignment: 8) { digest in
            guard let target = digest.baseAddress?.assumingMemoryBound(to: UInt8.self),
                EVP_DigestInit_ex(context, Self.function, nil) == 1,
                EVP_DigestUpdate(context, header, header.count) == 1,
                EVP_DigestUpdate(context, content, content.count) == 1,
                EVP_DigestFinal_ex(context, target, nil) == 1
            else {
                ERR_clear_error()
                return nil
            }
            return body(UnsafeRawBufferPointer(digest))
        }
    }
}
