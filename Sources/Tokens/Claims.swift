internal import ChangeModel

/// Reads claims, each by its type. What is missing, of another type, too long, or not known is refused.
struct Claims {
    private let members: [String: JSONValue]
    private let subject: String

    /// - Parameter subject: what the token is, for messages: `ticket`.
    init(_ token: VerifiedToken, of subject: String) {
        members = token.claims
        self.subject = subject
    }

    /// Refuses claims that are not listed: one that nobody knows may be a restriction that nobody would keep.
    func allow(only names: Set<String>) throws(TokenError) {
        if let stranger = members.keys.sorted().first(where: { !names.contains($0) }) {
            throw TokenError(.malformed, "the \(subject) has an unknown claim `\(Excerpt.bounded(stranger))`")
        }
    }

    func has(_ name: String) -> Bool { members[name] != nil }
    subscript(name: String) -> JSONValue? { members[name] }

    /// 1 to `limit` bytes of printable ASCII.
    func text(_ name: String, limit: Int = 200) throws(TokenError) -> String {
        guard let text = members[name]?.stringValue, (1...limit).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw TokenError(
                .malformed, "the \(subject)'s `\(name)` is missing, or no text of 1 to \(limit) characters")
        }
        return text
    }

    func name(_ name: String) throws(TokenError) -> String {
        let text = try text(name)
        guard Identifier.isName(text) else {
            throw TokenError(.malformed, "the \(subject)'s `\(name)` is not the name of an identity")
        }
        return text
    }

    /// A NumericDate (RFC 7519, section 2) in whole seconds, of the years 1970 to 9999.
    func instant(_ name: String) throws(TokenError) -> Timestamp {
        guard let seconds = members[name]?.integerValue, (0...253_402_300_799).contains(seconds) else {
            throw TokenError(.malformed, "the \(subject)'s `\(name)` is missing, or no time in whole seconds")
        }
        return Timestamp(seconds: seconds)
    }

    func count(_ name: String, in range: ClosedRange<Int64>) throws(TokenError) -> Int {
        guard let number = members[name]?.integerValue, range.contains(number) else {
            throw TokenError(
                .malformed,
                "the \(subject)'s `\(name)` is missing, or no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }

    func digest(_ name: String) throws(TokenError) -> Digest {
        guard let digest = members[name]?.stringValue.flatMap({ Digest($0) }) else {
            throw TokenError(.malformed, "the \(subject)'s `\(name)` is missing, or no digest")
        }
        return digest
    }

    /// A list of texts, at most 100, none twice.
    func texts(_ name: String, isValid: (String) -> Bool) throws(TokenError) -> [String] {
        guard let values = members[name]?.arrayValue, values.count <= 100 else {
            throw TokenError(.malformed, "the \(subject)'s `\(name)` is missing, or no list of up to 100 names")
        }
        let texts = values.compactMap(\.stringValue)
        guard texts.count == values.count, Set(texts).count == texts.count, texts.allSatisfy(isValid) else {
            throw TokenError(.malformed, "the \(subject)'s `\(name)` holds something else than names, or one twice")
        }
        return texts
    }

    /// 128 bits in lower-case hexadecimal digits.
    func random(_ name: String) throws(TokenError) -> String {
        guard let text = members[name]?.stringValue, text.utf8.count == 32, Hexadecimal.bytes(text) != nil else {
            throw TokenError(.malformed, "the \(subject)'s `\(name)` is missing, or not 128 bits in hexadecimal digits")
        }
        return text
    }

    /// Whether `issued` … `expires` is a life time at all, and covers `now`.
    ///
    /// Messages do not say `now`: a decision's reason is recorded, and derived again a moment later.
    ///
    /// - Parameters:
    ///   - longest: in seconds.
    ///   - early: seconds by which it may be dated ahead.
    ///   - late: seconds for which it goes on after its end.
    static func checkLife(
        _ subject: String, issued: Timestamp, expires: Timestamp, longest: Int64, early: Int64, late: Int64,
        now: Timestamp
    ) throws(TokenError) {
        guard expires > issued, expires <= issued + .seconds(longest) else {
            throw TokenError(
                .malformed, "the \(subject) lives from \(issued) to \(expires), which is no life time here")
        }
        guard issued <= now + .seconds(early) else {
            throw TokenError(.notYetValid, "the \(subject) is dated \(issued), in the future")
        }
        // RFC 7519, section 4.1.4: on `exp` itself it is over.
        guard now < expires + .seconds(late) else {
            throw TokenError(.expired, "the \(subject) expired at \(expires)")
        }
    }
}
