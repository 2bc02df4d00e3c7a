public import ChangeModel
public import Runner

/// A role to be assumed for one step, by the executor's own keys.
public struct RoleSession: Sendable, Hashable {
    public let role: String
    public let policy: SessionPolicy
    /// Seconds, 900 at least: STS gives no shorter ones.
    public let duration: Int
    /// By which CloudTrail names the session: the change's id.
    public let name: String
    public let tags: [Tag]
    let externalID: String?
    let region: String

    public struct Tag: Sendable, Hashable {
        public let key: String
        public let value: String

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// STS's bounds (AWS STS API Reference, "AssumeRole", `DurationSeconds`).
    static let durations = 900...43_200

    /// - Parameters:
    ///   - role: of main's settings; its blanks are filled here.
    ///   - lifetime: seconds for which the action wants its keys.
    ///   - name: of the session; what STS does not take in it becomes `-`.
    ///   - tags: what they say is shortened to what STS takes.
    public init(
        _ role: SessionRole, for step: ExecutionStep, scope: JSONValue, lifetime: Int, name: String, tags: [Tag]
    ) throws(ExecutionError) {
        policy = try SessionPolicy(scope: scope)
        self.role = try CredentialScopes.fillResource(role.arn, for: step)
        guard let account = Self.account(ofRole: self.role) else {
            throw Self.refusal(
                "`\(self.role.forMessage(limit: 120))` is no ARN of one role; correct `role_arn` of the backend")
        }
        if let pinned = step.target.locator["account"], pinned != account {
            throw Self.refusal(
                "the role `\(self.role.forMessage(limit: 120))` is of another account than target `\(step.target.id)`, which is "
                    + "pinned to `\(pinned.forMessage())`; nothing was asked")
        }
        duration = max(lifetime, Self.durations.lowerBound)
        guard duration <= Self.durations.upperBound else {
            throw Self.refusal(
                "`credentials.ttl` of `\(step.action.name)` is \(lifetime) seconds, and STS gives keys for "
                    + "\(Self.durations.upperBound) at most")
        }
        guard let region = role.region ?? step.parameters["region"]?.stringValue, Partition.isRegion(region) else {
            throw Self.refusal("no region is known whose STS could be asked; give the backend a `region`")
        }
        self.region = region
        self.name = Self.sessionName(name)
        self.tags = role.isTagged ? tags.map { Tag($0.key, Self.tagValue($0.value)) } : []
        externalID = role.externalID
    }

    /// The account of a role's ARN; nil for anything else.
    private static func account(ofRole arn: String) -> String? {
        let fields = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 6, arn.utf8.count <= 2048, fields[0] == "arn",
            Partition(rawValue: String(fields[1])) != nil, fields[2] == "iam", fields[3].isEmpty,
            fields[4].utf8.count == 12, fields[4].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            fields[5].hasPrefix("role/"), fields[5].utf8.count > 5,
            fields[5].utf8.allSatisfy({ isWordByte($0) || "+=,.@-/".utf8.contains($0) })
        else { return nil }
        return String(fields[4])
    }

    /// 2 to 64 of letters, digits and `_+=,.@-`.
    private static func sessionName(_ text: String) -> String {
        let name = String(
            decoding: text.utf8.prefix(64).map {
                isWordByte($0) || "+=,.@-".utf8.contains($0) ? $0 : UInt8(ascii: "-")
            },
            as: UTF8.self)
        return name.utf8.count >= 2 ? name : "agentsafe"
    }

    /// At most 256 of letters, digits, blanks and `_.:/=+-@`.
    private static func tagValue(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(256).map {
                isWordByte($0) || " .:/=+-@".utf8.contains($0) ? $0 : UInt8(ascii: "-")
            }, as: UTF8.self)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    private static func refusal(_ message: String) -> ExecutionError {
        ExecutionError(code: .noCredential, message: message)
    }
}
