public import ChangeModel
public import Runner

/// What a session's keys may do, at most: STS takes it with `AssumeRole`, and a key can do what both it and the role allow.
public struct SessionPolicy: Sendable, Hashable {
    /// As it is sent: JSON in ASCII.
    public let text: String
    public let json: JSONValue

    /// STS's limit for the text, in characters (AWS STS API Reference, "AssumeRole", `Policy`).
    public static let maximumSize = 2048

    /// - Parameter scope: `credentials.fields` of the action, filled: `actions` on `resources`, `unscoped_actions` on everything, and
    ///   `conditions`, each a condition key of IAM with the value that it must have where it is there.
    /// - Throws: for a scope that names nothing, or anything else: keys without a policy could do all that the role may.
    public init(scope: JSONValue) throws(ExecutionError) {
        let known: Set = ["actions", "resources", "unscoped_actions", "conditions"]
        guard let members = scope.objectValue, members.keys.allSatisfy(known.contains) else {
            throw Self.refusal(
                "`credentials.fields` may hold \(known.sorted().map { "`\($0)`" }.joined(separator: ", ")) alone")
        }
        let actions = try Self.words(members["actions"], "actions", Self.isAction)
        let resources = try Self.words(members["resources"], "resources") { $0.hasPrefix("arn:") }
        let unscoped = try Self.words(members["unscoped_actions"], "unscoped_actions", Self.isAction)
        guard actions.isEmpty == resources.isEmpty else {
            throw Self.refusal("`actions` and `resources` belong together; what goes with no resource is unscoped")
        }
        guard !actions.isEmpty || !unscoped.isEmpty else {
            throw Self.refusal(
                "`credentials.fields` names no actions, and keys without a policy could do all that the role may")
        }
        var statements: [JSONValue] = []
        if !actions.isEmpty {
            var statement: JSONValue = [
                "Effect": "Allow", "Action": .strings(actions), "Resource": .strings(resources),
            ]
            let conditions = try Self.conditions(members["conditions"])
            if !conditions.isEmpty { statement["Condition"] = ["StringEqualsIfExists": .object(conditions)] }
            statements.append(statement)
        }
        if !unscoped.isEmpty {
            statements.append(["Effect": "Allow", "Action": .strings(unscoped), "Resource": "*"])
        }
        json = ["Version": "2012-10-17", "Statement": .array(statements)]
        text = Self.ascii(json.canonicalText)
        guard text.utf8.count <= Self.maximumSize else {
            throw Self.refusal(
                "the session policy would have \(text.utf8.count) characters, and STS takes \(Self.maximumSize); name fewer resources, "
                    + "or shorter ones")
        }
    }

    private static func words(
        _ value: JSONValue?, _ name: String, _ isValid: (String) -> Bool
    ) throws(ExecutionError) -> [String] {
        guard let value else { return [] }
        let words = value.arrayValue?.map { $0.stringValue ?? "" }
        guard let words, words.allSatisfy(isValid) else {
            throw refusal(
                "`credentials.fields.\(name)` is no list of \(name == "resources" ? "ARNs" : "actions like `iam:GetRole`")"
            )
        }
        return words
    }

    private static func conditions(_ value: JSONValue?) throws(ExecutionError) -> [String: JSONValue] {
        guard let value else { return [:] }
        guard let members = value.objectValue,
            members.allSatisfy({ isName($0.key, and: ":/") && $0.value.stringValue?.isEmpty == false })
        else {
            throw refusal("`credentials.fields.conditions` is no mapping of IAM's condition keys to texts")
        }
        return members
    }

    /// `ec2:Describe*`; never every action of every service.
    private static func isAction(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && isName(String(parts[0]), and: "") && isName(String(parts[1]), and: "*?")
    }

    private static func isName(_ text: String, and others: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "-")
                    || others.utf8.contains(byte)
            }
    }

    /// STS takes no characters beyond Latin-1, and JSON can spell every one without.
    private static func ascii(_ text: String) -> String {
        var spelled = ""
        for unit in text.utf16 {
            if unit < 0x7F {
                spelled.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                let digits = String(unit, radix: 16)
                spelled += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return spelled
    }

    private static func refusal(_ message: String) -> ExecutionError {
        ExecutionError(code: .noCredential, message: message)
    }
}
