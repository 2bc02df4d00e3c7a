internal import ChangeModel

/// A key that somebody handed out, and until when it is good.
struct IssuedKey: Sendable {
    let key: AccessKey
    /// nil: for ever, as far as is known.
    let expires: Timestamp?

    static let maximumSize = 64 << 10

    /// What a `credential_process` prints: `Version` 1.
    static func fromProcess(_ output: [UInt8]) -> IssuedKey? {
        guard let json = parse(output), json["Version"]?.integerValue == 1 else { return nil }
        return make(json, "AccessKeyId", "SecretAccessKey", token: "SessionToken")
    }

    /// As a `credential_process` would print it.
    var processDocument: JSONValue {
        .compact([
            "Version": 1, "AccessKeyId": .string(key.id), "SecretAccessKey": .string(key.secret),
            "SessionToken": key.sessionToken.map { .string($0) }, "Expiration": expires.map { .string($0.description) },
        ])
    }

    /// What a container's agent and an instance's metadata answer.
    static func fromMetadata(_ body: [UInt8]) -> IssuedKey? {
        guard let json = parse(body), json["Token"]?.stringValue != nil else { return nil }
        return make(json, "AccessKeyId", "SecretAccessKey", token: "Token")
    }

    /// What `sso:GetRoleCredentials` answers; its `expiration` counts milliseconds.
    static func fromSingleSignOn(_ body: [UInt8]) -> IssuedKey? {
        guard let json = parse(body)?["roleCredentials"],
            let key = make(json, "accessKeyId", "secretAccessKey", token: "sessionToken")?.key,
            let end = json["expiration"]?.integerValue
        else { return nil }
        return IssuedKey(key: key, expires: Timestamp(seconds: end / 1000))
    }

    /// `Credentials` of an answer of STS.
    init?(_ element: XMLElement?) {
        guard let id = element?["AccessKeyId"]?.text, let secret = element?["SecretAccessKey"]?.text,
            let token = element?["SessionToken"]?.text,
            let end = element?["Expiration"].flatMap({ Self.time($0.text) }),
            Self.isWord(id), !secret.isEmpty, Self.isWord(token)
        else { return nil }
        self.init(key: AccessKey(id: id, secret: secret, sessionToken: token), expires: end)
    }

    init(key: AccessKey, expires: Timestamp?) {
        self.key = key
        self.expires = expires
    }

    private static func parse(_ bytes: [UInt8]) -> JSONValue? {
        try? JSONValue(parsing: bytes, limits: JSONLimits(bytes: maximumSize, depth: 8))
    }

    private static func make(_ json: JSONValue, _ id: String, _ secret: String, token: String) -> IssuedKey? {
        guard let key = json[id]?.stringValue, let hidden = json[secret]?.stringValue, isWord(key), !hidden.isEmpty
        else { return nil }
        let session = json[token]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        guard session.map(isWord) ?? true else { return nil }
        let end = json["Expiration"]?.stringValue
        let expires = end.flatMap(time)
        // A time that cannot be read must not count as none.
        guard end == nil || expires != nil else { return nil }
        return IssuedKey(key: AccessKey(id: key, secret: hidden, sessionToken: session), expires: expires)
    }

    /// What may stand in a header.
    private static func isWord(_ text: String) -> Bool {
        (1...16_384).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// RFC 3339 with or without fractions, in UTC.
    private static func time(_ text: String) -> Timestamp? {
        var text = text
        if text.hasSuffix("+00:00") { text = text.dropLast(6) + "Z" }
        if let dot = text.firstIndex(of: "."), text.hasSuffix("Z"),
            text[text.index(after: dot)...].dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) })
        {
            text = text[..<dot] + "Z"
        }
        return Timestamp(text)
    }
}
