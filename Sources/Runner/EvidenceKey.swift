internal import ChangeModel
internal import CryptoPrimitives

/// The key under which an executor records what it must not show: values, and whole objects that may hold secrets. It never
/// reaches Git, so nobody who reads the record can try guesses against it, and whoever holds it can tell whether two records
/// speak of the same thing.
public struct EvidenceKey: Sendable {
    /// Bytes of a new key.
    public static let size = 32
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// `hmac-sha256:` (RFC 2104) and 64 lower-case hexadecimal digits.
    public func code(of content: [UInt8]) throws(ExecutionError) -> String {
        do {
            return "hmac-sha256:" + Hexadecimal.text(try HMACSHA256.code(for: content, key: bytes))
        } catch {
            throw ExecutionError(
                code: .unsupported, message: "the system's cryptography failed; nothing was sent to the target")
        }
    }
}
