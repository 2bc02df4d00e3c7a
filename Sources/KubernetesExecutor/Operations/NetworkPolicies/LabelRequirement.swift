internal import ChangeModel
internal import Runner

/// One requirement of a label selector in the syntax of `kubectl -l` (Kubernetes, "Labels and Selectors"): `app=api`,
/// `tier!=web`, `env in (a, b)`, `env notin (a)`, `app`, `!app`; joined by commas, all must hold.
struct LabelRequirement: Equatable {
    enum Condition: String {
        case isIn = "In"
        case isNotIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    let key: String
    let condition: Condition
    let values: [String]

    /// At most this many bytes are read.
    static let maximumLength = 2048

    /// - Throws: `invalid` for whatever is no selector, and for one that selects everything.
    static func parse(_ text: String, parameter: String) throws(ExecutionError) -> [LabelRequirement] {
        func fault(_ what: String) -> ExecutionError {
            ExecutionError(
                code: .invalid,
                message:
                    "param `\(parameter)`: `\(text.forMessage())` is no label selector: \(what); write for example "
                    + "`app=api,tier in (web, worker)`; nothing was sent")
        }
        guard text.utf8.count <= maximumLength else { throw fault("it is longer than \(maximumLength) bytes") }
        guard let tokens = tokens(text) else { throw fault("it has characters that no selector has") }
        var rest = tokens[...]
        var requirements: [LabelRequirement] = []
        repeat {
            guard let requirement = requirement(&rest) else {
                throw fault(tokens.isEmpty ? "it is empty, and would select everything" : "a requirement is malformed")
            }
            requirements.append(requirement)
            guard let next = rest.popFirst() else { break }
            guard next == "," else { throw fault("`,` is missing between two requirements") }
        } while true
        return requirements
    }

    private static func requirement(_ rest: inout ArraySlice<String>) -> LabelRequirement? {
        guard let first = rest.popFirst() else { return nil }
        if first == "!" {
            guard let key = rest.popFirst(), isKey(key) else { return nil }
            return LabelRequirement(key: key, condition: .doesNotExist, values: [])
        }
        guard isKey(first) else { return nil }
        switch rest.first {
        case nil, ",": return LabelRequirement(key: first, condition: .exists, values: [])
        case "=", "==", "!=":
            let isEqual = rest.removeFirst() != "!="
            let value = rest.first == nil || rest.first == "," ? "" : rest.removeFirst()
            guard isValue(value) else { return nil }
            return LabelRequirement(key: first, condition: isEqual ? .isIn : .isNotIn, values: [value])
        case "in", "notin":
            let isIn = rest.removeFirst() == "in"
            guard rest.popFirst() == "(" else { return nil }
            var values: [String] = []
            while true {
                guard let value = rest.popFirst(), isValue(value), !value.isEmpty else { return nil }
                values.append(value)
                let next = rest.popFirst()
                if next == ")" { break }
                guard next == "," else { return nil }
            }
            return LabelRequirement(key: first, condition: isIn ? .isIn : .isNotIn, values: values)
        default: return nil
        }
    }

    private static func tokens(_ text: String) -> [String]? {
        var (tokens, word) = ([String](), [UInt8]())
        var rest = Array(text.utf8)[...]
        func flush() {
            if !word.isEmpty { tokens.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: " "): flush()
            case UInt8(ascii: "="), UInt8(ascii: "!"):
                flush()
                let isPair = rest.first == UInt8(ascii: "=")
                if isPair { rest.removeFirst() }
                tokens.append((byte == UInt8(ascii: "=") ? "=" : "!") + (isPair ? "=" : ""))
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
                flush()
                tokens.append(String(decoding: [byte], as: UTF8.self))
            case let other where isNameByte(other) || other == UInt8(ascii: "/"): word.append(other)
            default: return nil
            }
        }
        flush()
        return tokens
    }

    /// `[PREFIX/]NAME`: a DNS subdomain, and a name by the same rules as a value, but not empty.
    private static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, parts.count <= 2, !name.isEmpty, isValue(name) else { return false }
        return parts.count == 1 || ResourceName.isSubdomain(parts[0])
    }

    private static func isValue(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return true }
        func isAlphanumeric(_ byte: UInt8) -> Bool { isNameByte(byte) && !"-_.".utf8.contains(byte) }
        return bytes.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.".utf8.contains(byte)
    }
}

extension [LabelRequirement] {
    /// A `LabelSelector` object (meta/v1).
    var selector: JSONValue {
        var (labels, expressions) = ([String: JSONValue](), [JSONValue]())
        for requirement in self {
            if requirement.condition == .isIn, let value = requirement.values.first, requirement.values.count == 1,
                labels[requirement.key] == nil
            {
                labels[requirement.key] = .string(value)
                continue
            }
            expressions.append(
                .compact([
                    "key": .string(requirement.key), "operator": .string(requirement.condition.rawValue),
                    "values": requirement.values.isEmpty ? nil : .strings(requirement.values),
                ]))
        }
        return .compact([
            "matchLabels": labels.isEmpty ? nil : .object(labels),
            "matchExpressions": expressions.isEmpty ? nil : .array(expressions),
        ])
    }

    /// The `labelSelector` of a list, written anew from what was understood.
    var query: String {
        map { requirement in
            let values = requirement.values.joined(separator: ",")
            return switch requirement.condition {
            case .isIn where requirement.values.count == 1: "\(requirement.key)=\(values)"
            case .isNotIn where requirement.values.count == 1: "\(requirement.key)!=\(values)"
            case .isIn: "\(requirement.key) in (\(values))"
            case .isNotIn: "\(requirement.key) notin (\(values))"
            case .exists: requirement.key
            case .doesNotExist: "!\(requirement.key)"
            }
        }
        .joined(separator: ",")
    }
}
