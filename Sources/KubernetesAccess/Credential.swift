internal import ChangeModel
public import HTTP

/// What proves who asks.
public struct Credential: Sendable, Hashable, CustomStringConvertible {
    /// Goes out as `Authorization: Bearer` (RFC 6750).
    public var token: String?
    public var identity: ConnectionSettings.ClientIdentity?
    /// Whole seconds since 1970; nil: unknown.
    public var expires: Int64?

    /// The longest token that is taken, in bytes: it must fit into a server's bound for header lines.
    public static let maximumTokenSize = 32 << 10

    public init(
        token: String? = nil, identity: ConnectionSettings.ClientIdentity? = nil, expires: Int64? = nil
    ) {
        self.token = token
        self.identity = identity
        self.expires = expires
    }

    public var description: String { "<redacted>" }

    /// Whether the text can be a bearer token: `b64token` by RFC 6750 and whatever else is one visible ASCII word.
    public static func isToken(_ text: String) -> Bool {
        (1...maximumTokenSize).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

/// Reads what a plugin printed: an `ExecCredential` (Kubernetes, "client-authentication (v1)" reference). Pure.
enum ExecCredential {
    /// Bytes that are read of a plugin's answer.
    static let maximumSize = 256 << 10

    /// What may be said of a bad answer: never what stands in it.
    struct Refusal: Error { let reason: String }

    static func parse(_ output: [UInt8], apiVersion: String) throws(Refusal) -> Credential {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: output, limits: JSONLimits(bytes: maximumSize, depth: 16))
        } catch {
            throw Refusal(reason: "printed no JSON (line \(error.line), column \(error.column))")
        }
        guard value["kind"]?.stringValue == "ExecCredential" else {
            throw Refusal(reason: "printed no `ExecCredential`")
        }
        guard value["apiVersion"]?.stringValue == apiVersion else {
            throw Refusal(reason: "answered in another version than `\(apiVersion)`, which the kubeconfig names")
        }
        guard let status = value["status"], status.objectValue != nil else { throw Refusal(reason: "gave no `status`") }
        var credential = Credential()
        if let token = try text(status, "token") {
            guard Credential.isToken(token) else { throw Refusal(reason: "gave a `token` that is none") }
            credential.token = token
        }
        let certificate = try text(status, "clientCertificateData")
        let key = try text(status, "clientKeyData")
        switch (certificate, key) {
        case (let certificate?, let key?):
            credential.identity = .init(certificate: Array(certificate.utf8), key: Array(key.utf8))
        case (nil, nil): break
        default: throw Refusal(reason: "gave only one of `clientCertificateData` and `clientKeyData`")
        }
        guard credential.token != nil || credential.identity != nil else {
            throw Refusal(reason: "gave neither a `token` nor a client certificate")
        }
        if let text = try text(status, "expirationTimestamp") {
            guard let instant = RFC3339.seconds(text) else {
                throw Refusal(reason: "gave an `expirationTimestamp` that is no time by RFC 3339")
            }
            credential.expires = instant
        }
        return credential
    }

    private static func text(_ status: JSONValue, _ key: String) throws(Refusal) -> String? {
        switch status[key] {
        case .none, .null: return nil
        case .string(let text): return text.isEmpty ? nil : text
        default: throw Refusal(reason: "gave a `\(key)` that is no text")
        }
    }
}

/// Times as other programs write them (RFC 3339): with fractions and any offset.
enum RFC3339 {
    /// Whole seconds since 1970, rounded down.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), bytes[10] | 0x20 == UInt8(ascii: "t") else { return nil }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
        }
        let clock =
            String(decoding: bytes[..<10], as: UTF8.self) + "T" + String(decoding: bytes[11..<19], as: UTF8.self)
        guard let instant = Timestamp(clock + "Z") else { return nil }
        if rest.count == 1, let zulu = rest.first, zulu | 0x20 == UInt8(ascii: "z") { return instant.seconds }
        let offset = Array(rest)
        guard offset.count == 6, offset[0] == UInt8(ascii: "+") || offset[0] == UInt8(ascii: "-"),
            offset[3] == UInt8(ascii: ":"), let hours = number(offset[1...2]), let minutes = number(offset[4...5]),
            hours < 24, minutes < 60
        else { return nil }
        let shift = Int64(hours * 3600 + minutes * 60)
        return offset[0] == UInt8(ascii: "+") ? instant.seconds - shift : instant.seconds + shift
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.allSatisfy { (0x30...0x39).contains($0) } ? Int(String(decoding: digits, as: UTF8.self)) : nil
    }
}
