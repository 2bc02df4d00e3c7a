internal import CryptoPrimitives

/// A SHA-256 digest. Its text is `sha256:` and 64 lower-case hexadecimal digits, everywhere in the protocol.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    // Inline: digests are copied and compared far more often than they are made.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    private static let size = 32

    public init(of content: [UInt8]) {
        words = Self.words(SHA256.hash(content))
    }

    /// Reads `sha256:<64 lower-case hexadecimal digits>`; nil for any other spelling.
    public init?(_ text: String) {
        var text = text
        guard let digest = text.withUTF8({ Digest(utf8: $0) }) else { return nil }
        self = digest
    }

    public init?(_ text: Substring) {
        var text = text
        guard let digest = text.withUTF8({ Digest(utf8: $0) }) else { return nil }
        self = digest
    }

    private init?(utf8 text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 7 + 2 * Self.size, text.starts(with: "sha256:".utf8),
            let bytes = Hexadecimal.bytes(UnsafeBufferPointer(rebasing: text[7...]))
        else { return nil }
        words = Self.words(bytes)
    }

    /// Takes 32 bytes.
    private static func words(_ bytes: [UInt8]) -> (UInt64, UInt64, UInt64, UInt64) {
        bytes.withUnsafeBytes { bytes in
            func word(_ index: Int) -> UInt64 {
                bytes.count == size ? bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) : 0
            }
            return (word(0), word(1), word(2), word(3))
        }
    }

    /// 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    public var hexadecimal: String { withUnsafeBytes(of: words) { Hexadecimal.text($0) } }
    public var description: String { "sha256:" + hexadecimal }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) { withUnsafeBytes(of: words) { hasher.combine(bytes: $0) } }
}
