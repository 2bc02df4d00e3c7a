internal import ChangeModel

/// The scope of AWS's keys: actions, and the resources that they may be done to, by ARN. A blank takes what its place in the ARN
/// allows, so that no value ends the name that it stands in, or makes the scope wider.
///
/// An ARN is `arn:partition:service:region:account:resource`. IAM reads `*`, `?` and `${…}` in it as patterns (IAM User Guide,
/// "IAM JSON policy elements: Resource").
struct ResourceScope {
    let fields: JSONValue
    let step: ExecutionStep

    /// `fields` with every blank filled. In an ARN, the account `*` becomes the one that the target is pinned to, and the
    /// partition `aws` that of the region.
    func resolve() throws(ExecutionError) -> JSONValue { try resolve(fields) }

    private func resolve(_ value: JSONValue) throws(ExecutionError) -> JSONValue {
        switch value {
        case .string(let text): return .string(try fill(text))
        case .array(let elements):
            var filled: [JSONValue] = []
            for element in elements { filled.append(try resolve(element)) }
            return .array(filled)
        case .object(let members):
            var filled: [String: JSONValue] = [:]
            for (key, member) in members { filled[key] = try resolve(member) }
            return .object(filled)
        case .null, .bool, .integer, .number: return value
        }
    }

    func fill(_ text: String) throws(ExecutionError) -> String {
        let parts = try CredentialScopes.parts(of: text)
        if parts.count == 1, case .parameter(let name) = parts[0] {
            return try whole(try CredentialScopes.value(of: parts[0], for: step).value, name)
        }
        guard text.hasPrefix("arn:") else { return try CredentialScopes.fill(text, for: step) }
        return bound(try fill(parts))
    }

    // MARK: - A blank within an ARN

    private func fill(_ parts: [ScopeTemplate.Part]) throws(ExecutionError) -> String {
        var filled = ""
        for (index, part) in parts.enumerated() {
            if case .text(let text) = part {
                filled += text
                continue
            }
            let (value, name) = try CredentialScopes.value(of: part, for: step)
            switch Place(after: filled, isLast: index == parts.count - 1) {
            case .field:
                guard ScopeTemplate.isFilling(value) else {
                    throw refused(name, "only letters, digits, `.`, `-` and `_` may, a letter or digit first")
                }
                filled += value
            case .name:
                guard (1...253).contains(value.utf8.count), value.utf8.allSatisfy(Self.isNameByte) else {
                    throw refused(
                        name, "only letters, digits and `+=,.@_-` may, and it would end the name or widen it")
                }
                filled += value
            case .key:
                guard (1...1024).contains(value.utf8.count), !value.unicodeScalars.contains(where: Self.isControl)
                else {
                    throw refused(name, "a key has 1 to 1,024 bytes, and no control characters")
                }
                filled += Self.literal(value)
            }
        }
        return filled
    }

    private enum Place {
        /// Before the resource: a region, say.
        case field
        /// A name in the resource.
        case name
        /// An object's key in S3: anything may stand in it.
        case key

        init(after filled: String, isLast: Bool) {
            let fields = filled.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
            if fields.count < 6 {
                self = .field
            } else if fields[2] == "s3", isLast, fields[5].contains("/") {
                self = .key
            } else {
                self = .name
            }
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "+=,.@_-".utf8.contains(byte)
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// A text that IAM matches with itself alone: `${*}`, `${?}` and `${$}` stand for the three characters that it would read
    /// (IAM User Guide, "IAM policy elements: Variables and tags").
    private static func literal(_ text: String) -> String {
        var literal = ""
        for scalar in text.unicodeScalars {
            if "*?$".unicodeScalars.contains(scalar) {
                literal += "${\(scalar)}"
            } else {
                literal.unicodeScalars.append(scalar)
            }
        }
        return literal
    }

    /// Narrows what the action's file leaves open: it is written for any account.
    private func bound(_ arn: String) -> String {
        var fields = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6 else { return arn }
        if fields[4] == "*", let account = step.target.locator["account"], Self.isAccount(account) {
            fields[4] = account
        }
        let region = fields[3].isEmpty ? step.parameters["region"]?.stringValue ?? "" : fields[3]
        if fields[1] == "aws" { fields[1] = Self.partition(of: region) }
        return fields.joined(separator: ":")
    }

    private static func partition(of region: String) -> String {
        region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
    }

    private static func isAccount(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    // MARK: - A blank that is the whole ARN

    /// A param `policy_arn` holds the ARN of a `policy`, whole and without a pattern, in a service that the action speaks to, and
    /// in the target's account or AWS's own.
    private func whole(_ value: String, _ parameter: String) throws(ExecutionError) -> String {
        guard parameter.hasSuffix("_arn"), parameter.utf8.count > 4 else {
            throw CredentialScopes.refusal(
                "the param `\(parameter)` is a whole resource in the credentials' scope, and only one named for the kind of "
                    + "its ARN may be, like `policy_arn`")
        }
        let kind = parameter.dropLast(4)
        let name = "the param `\(parameter)`"
        let fields = value.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard value.utf8.count <= 2048, fields.count == 6, fields[0] == "arn",
            ["aws", "aws-cn", "aws-us-gov"].contains(fields[1]),
            value.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }),
            ["/", ":"].contains(where: {
                fields[5].hasPrefix("\(kind)\($0)") && fields[5].utf8.count > kind.utf8.count + 1
            })
        else {
            throw refused(name, "the ARN of a \(kind) is expected, whole and without a wildcard")
        }
        guard services.contains(String(fields[2])) else {
            throw refused(name, "its service `\(fields[2].prefix(40))` is none that the action's `actions` name")
        }
        let account = String(fields[4])
        if let pinned = step.target.locator["account"], Self.isAccount(account), account != pinned {
            throw refused(name, "it is of another account than the target, which is pinned to `\(pinned.forMessage())`")
        }
        return value
    }

    /// The services that the scope's actions name: `iam` of `iam:GetRole`.
    private var services: Set<String> {
        let actions = (fields["actions"]?.strings ?? []) + (fields["unscoped_actions"]?.strings ?? [])
        return Set(actions.compactMap { $0.split(separator: ":").first.map(String.init) })
    }

    private func refused(_ name: String, _ why: String) -> ExecutionError {
        CredentialScopes.refusal("\(name) cannot stand in the credentials' scope: \(why)")
    }
}
