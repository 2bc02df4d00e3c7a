public import CryptoPrimitives

/// A key that sender and receiver share (Standard Webhooks 1.0.0): `whsec_` and the base64 of 24 to 64 random bytes.
public struct WebhookSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let key: [UInt8]

    public static let prefix = "whsec_"
    /// How many a message is signed with at most: more than one while a receiver changes over.
    public static let maximumCount = 4
    /// What to do about a text that is none, for messages.
    public static let advice =
        "write `whsec_` and the base64 of 24 to 64 random bytes, and at most \(maximumCount) of them"

    /// - Returns: nil for anything else; the text is quoted nowhere.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let key = Base64.decode(String(text.dropFirst(Self.prefix.count))),
            (24...64).contains(key.count)
        else { return nil }
        self.key = key
    }

    /// Reads one to four, between spaces, commas or line ends: the first is the newest.
    public static func list(_ text: String) -> [WebhookSecret]? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "," || $0.isNewline })
        let secrets = parts.compactMap { WebhookSecret(String($0)) }
        return (1...maximumCount).contains(parts.count) && secrets.count == parts.count ? secrets : nil
    }

    /// `v1,` and the base64 of HMAC-SHA256 over id, timestamp and body with dots between.
    public func signature(id: WebhookID, timestamp: Int64, body: [UInt8]) throws(CryptoError) -> String {
        let content = Array("\(id.text).\(timestamp).".utf8) + body
        return "v1," + Base64.encode(try HMACSHA256.code(for: content, key: key))
    }

    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What tells a receiver that two deliveries are one: letters, digits, `-` and `_`, at most 128. A dot would let text move between
/// id and timestamp under one signature.
public struct WebhookID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public init?(_ text: String) {
        guard (1...128).contains(text.utf8.count),
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || "-_".utf8.contains($0)
            })
        else { return nil }
        self.text = text
    }

    public var description: String { text }
}
