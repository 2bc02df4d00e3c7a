internal import ChangeModel
internal import HTTP

/// A LIST request: selectors, `limit` and `continue`.
struct ObjectList {
    private let type: ResourceType
    private let namespace: String?
    private let labels: LabelSelector?
    private let fields: FieldSelector?
    /// 0: all.
    private let limit: Int
    /// The position behind which the page starts.
    private let start: String?

    init(_ type: ResourceType, _ namespace: String?, _ target: RequestTarget) throws(StatusFailure) {
        self.type = type
        self.namespace = namespace
        var labels: LabelSelector?
        if let text = target.value(of: "labelSelector"), !text.isEmpty { labels = try LabelSelector(text) }
        var fields: FieldSelector?
        if let text = target.value(of: "fieldSelector"), !text.isEmpty { fields = try FieldSelector(text, for: type) }
        self.labels = labels
        self.fields = fields
        let limit = target.value(of: "limit") ?? ""
        guard limit.isEmpty || (Int(limit) ?? -1) >= 0 else {
            throw .badRequest("limit: Invalid value: \"\(limit.prefix(40))\": must be an integer")
        }
        self.limit = Int(limit) ?? 0
        start = try Self.position(target.value(of: "continue") ?? "")
    }

    func read(from state: ClusterState) throws(StatusFailure) -> JSONValue {
        var items: [JSONValue] = []
        var metadata: [String: JSONValue] = ["resourceVersion": .string(String(state.resourceVersion))]
        var last: ObjectKey?
        for key in state.keys(type, namespace: namespace) {
            if let start, !start.utf8.lexicographicallyPrecedes(Self.position(of: key).utf8) { continue }
            guard let object = state[key], selects(object) else { continue }
            if limit > 0, items.count == limit, let last {
                metadata["continue"] = .string(Self.token(last, state.resourceVersion))
                break
            }
            var item = object
            // The list's kind says it for all.
            item["kind"] = nil
            item["apiVersion"] = nil
            items.append(item)
            last = key
        }
        return [
            "kind": .string("\(type.kind)List"), "apiVersion": .string(type.apiVersion), "metadata": .object(metadata),
            "items": .array(items),
        ]
    }

    /// Whether the selectors let an object of the type and namespace pass.
    func selects(_ object: JSONValue) -> Bool { labels?.matches(object) ?? true && fields?.matches(object) ?? true }

    private static func position(of key: ObjectKey) -> String { "/\(key.namespace)/\(key.name)" }

    /// Like the real one, a token is JSON in unpadded base64url; clients must not look inside.
    private static func token(_ key: ObjectKey, _ version: Int64) -> String {
        let content: JSONValue = ["v": "meta.k8s.io/v1", "rv": .integer(version), "start": .string(position(of: key))]
        return Base64URL.text(content.canonicalBytes)
    }

    private static func position(_ token: String) throws(StatusFailure) -> String? {
        if token.isEmpty { return nil }
        let prefix = "invalid continue token: continue key is not valid: "
        guard let bytes = Base64URL.bytes(token), let first = bytes.first else {
            throw .badRequest(prefix + "illegal base64 data at input byte 0")
        }
        guard let content = try? JSONValue(parsing: bytes), let start = content["start"]?.stringValue else {
            let character = Unicode.Scalar(first)
            throw .badRequest(prefix + "invalid character '\(character)' looking for beginning of value")
        }
        return start
    }
}

/// Base64 with the URL-safe alphabet and without padding (RFC 4648 section 5).
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < group.count ? Int(group[start + offset]) : 0) }
            for offset in 0...group.count { text.append(alphabet[bits >> (18 - 6 * offset) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for byte in text.utf8 {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return bytes
    }
}
