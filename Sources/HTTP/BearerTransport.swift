/// A transport that can speak as somebody else for a while, by a bearer token (RFC 6750).
public protocol BearerTransport: HTTPTransport {
    /// From here on requests carry this token, and nothing else that says who asks: neither a client certificate nor what
    /// the connection was configured with. nil: as before.
    ///
    /// - Returns: false where it cannot; then nothing has changed.
    @discardableResult
    func speak(asBearer token: String?) -> Bool
}

/// The form of a bearer token (RFC 6750 section 2.1): letters, digits and `-._~+/`, then any number of `=`. Whatever else
/// stands in one would end the header that it is put into.
public enum BearerToken {
    public static let maximumSize = 64 << 10

    public static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let symbols = bytes.prefix { $0 != UInt8(ascii: "=") }
        guard !symbols.isEmpty, bytes.count <= maximumSize else { return false }
        return symbols.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~+/".utf8.contains(byte)
        } && bytes.dropFirst(symbols.count).allSatisfy { $0 == UInt8(ascii: "=") }
    }
}
