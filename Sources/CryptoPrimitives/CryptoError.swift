/// What OpenSSL refused. For public keys it is the key that is bad; for all else OpenSSL is out of memory or misconfigured.
public struct CryptoError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The C function that failed.
    public let function: String

    public init(function: String) {
        self.function = function
    }

    public var description: String { "openssl refused (`\(function)`)" }
}
