public import ChangeModel
public import Git

/// One event as its JSON file says it: the record, of which the trailers are an index.
public struct LedgerEvent: Sendable, Hashable {
    public let kind: EventKind
    public let height: Int
    public let at: Timestamp
    public let main: ObjectID
    /// The identity that signed the event's commit.
    public let by: String
    public let change: ChangeReference?
    /// What the event holds beyond the common members; its shape depends on `kind`.
    public let body: JSONValue
    /// Digests of the files that the event adds beside its own, by path.
    public let files: [String: Digest]

    public struct ChangeReference: Sendable, Hashable {
        public let id: ChangeID
        public let digest: Digest

        public init(id: ChangeID, digest: Digest) {
            self.id = id
            self.digest = digest
        }
    }

    public init(
        kind: EventKind, height: Int, at: Timestamp, main: ObjectID, by: String, change: ChangeReference?,
        body: JSONValue, files: [String: Digest]
    ) {
        self.kind = kind
        self.height = height
        self.at = at
        self.main = main
        self.by = by
        self.change = change
        self.body = body
        self.files = files
    }

    public static let apiVersion = "agentsafe/v1"

    public var json: JSONValue {
        .compact([
            "apiVersion": .string(Self.apiVersion),
            "event": .string(kind.rawValue),
            "height": .integer(Int64(height)),
            "at": .string(at.description),
            "main": .string(main.description),
            "by": .string(by),
            "change": change.map { ["id": .string($0.id.text), "digest": .string($0.digest.description)] },
            kind.rawValue: body,
            "files": .object(files.mapValues { .string($0.description) }),
        ])
    }

    /// Reads an event's file. Members that are not the protocol's are refused, like any other spelling than the canonical one.
    public init(parsing bytes: [UInt8]) throws(LedgerError) {
        let value = try Self.canonical(bytes)
        guard value["apiVersion"]?.stringValue == Self.apiVersion,
            let kind = value["event"]?.stringValue.flatMap(EventKind.init(rawValue:)),
            let height = value["height"]?.integerValue, (0...999_999_999).contains(height),
            let at = value["at"]?.stringValue.flatMap({ Timestamp($0) }),
            let main = value["main"]?.stringValue.flatMap({ ObjectID($0) }),
            let by = value["by"]?.stringValue, Identifier.isName(by),
            let body = value[kind.rawValue], body.objectValue != nil,
            let files = value["files"]?.objectValue, let members = value.objectValue
        else { throw .notAuthentic("the event's JSON lacks a member, or one has the wrong type") }
        var digests: [String: Digest] = [:]
        for (path, digest) in files {
            guard let digest = digest.stringValue.flatMap({ Digest($0) }) else {
                throw .notAuthentic("the event's JSON lists a file without its digest")
            }
            digests[path] = digest
        }
        var reference: ChangeReference?
        if kind.concernsChange {
            guard let id = value.at("change", "id")?.stringValue.flatMap({ ChangeID($0) }),
                let digest = value.at("change", "digest")?.stringValue.flatMap({ Digest($0) }),
                value["change"]?.objectValue?.count == 2
            else { throw .notAuthentic("the event's JSON names no change") }
            reference = ChangeReference(id: id, digest: digest)
        }
        guard members.count == (kind.concernsChange ? 9 : 8) else {
            throw .notAuthentic("the event's JSON has members that are not the protocol's")
        }
        self.init(
            kind: kind, height: Int(height), at: at, main: main, by: by, change: reference, body: body, files: digests)
    }

    private static func canonical(_ bytes: [UInt8]) throws(LedgerError) -> JSONValue {
        let limits = JSONLimits(bytes: 4 << 20, depth: 40)
        if let value = JSONValue(evidence: bytes, limits: limits) { return value }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .notAuthentic("the event's JSON cannot be read: \(error)")
        }
        guard value.evidenceBytes == bytes else { throw .notAuthentic("the event's JSON is not in its canonical form") }
        return value
    }

    /// The folder that the event's files lie in.
    public var folder: String { change?.id.folder ?? "events/\(kind.rawValue)" }

    /// `000042-claim.json`, in `folder`.
    public var path: String { "\(folder)/\(Self.fileName(height, kind.rawValue + ".json"))" }

    static func fileName(_ height: Int, _ suffix: String) -> String {
        let digits = String(height)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "-" + suffix
    }

    // MARK: - What the bodies hold

    /// `allow`, `deny` or `require_approval` and the deciding rule, of decisions and claims.
    var decisionTrailer: String? {
        switch kind {
        case .decision:
            guard let result = body.at("decision", "result")?.stringValue else { return nil }
            return "\(result) \(ruleOrCode)"
        // A claim is an allow, whether at once or because people approved.
        case .claim: return "allow \(ruleOrCode)"
        default: return nil
        }
    }

    private var ruleOrCode: String {
        body.at("decision", "rule")?.stringValue ?? body.at("decision", "code")?.stringValue ?? "none"
    }

    public var leaseEnd: Timestamp? { body["lease_end"]?.stringValue.flatMap { Timestamp($0) } }
    public var locks: [Digest] {
        (body["locks"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { Digest($0) } }
    }
    /// Of a claim: the SHA-256 of the execution ticket that it used.
    public var ticket: Digest? { body["ticket"]?.stringValue.flatMap { Digest($0) } }
    public var plan: Digest? { body["plan"]?.stringValue.flatMap { Digest($0) } }
    public var outcome: String? { body["outcome"]?.stringValue }
}
