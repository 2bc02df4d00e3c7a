internal import CryptoPrimitives

/// A SHA-256 digest. Its text is `sha256:` and 64 lower-case hexadecimal digits, everywhere in the protocol.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    public init(of content: [UInt8]) {
        bytes = SHA256.hash(content)
    }

    /// Reads `sha256:<64 lower-case hexadecimal digits>`; nil for any other spelling.
    public init?(_ text: some StringProtocol) {
        guard text.hasPrefix("sha256:") else { return nil }
        let digits = text.dropFirst("sha256:".count)
        guard digits.utf8.count == 64, let bytes = Hexadecimal.bytes(digits) else { return nil }
        self.bytes = bytes
    }

    public var description: String { "sha256:" + hexadecimal }
    public var hexadecimal: String { Hexadecimal.text(bytes) }
}
