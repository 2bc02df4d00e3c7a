internal import ChangeModel

/// The shape of an API type: which fields there are, of which type, and how a strategic merge treats its lists.
indirect enum FieldSchema: Sendable {
    case string, boolean, int32, int64
    /// An integer or a string (`maxSurge`), or a quantity.
    case scalar
    /// Not looked into: objects merge member by member, lists are replaced.
    case any
    /// - mergeKey: the member by which a strategic merge finds an element (`patchMergeKey`); nil: the list is replaced.
    case list(FieldSchema, mergeKey: String? = nil)
    /// A list of scalars that a strategic merge treats as a set.
    case set
    case map(FieldSchema)
    /// - type: the Go type's name, which error messages carry.
    case object(type: String, [String: FieldSchema])

    func member(_ name: String) -> FieldSchema {
        switch self {
        case .object(_, let fields): fields[name] ?? .any
        case .map(let values): values
        default: .any
        }
    }

    var element: FieldSchema { if case .list(let element, _) = self { element } else { .any } }
    var mergeKey: String? { if case .list(_, let key) = self { key } else { nil } }
}

/// Holds an object against a schema, as the server does when it decodes JSON into its types.
struct SchemaCheck {
    /// Unknown fields that stay, because the object had them before anyone asked for a check.
    var kept: Set<String> = []
    /// Paths of fields that the type does not have.
    private(set) var unknownFields: [String] = []
    /// The first value of a wrong type, in the words of Go's decoder.
    private(set) var typeFault: String?

    /// - Returns: the value without unknown fields and without nulls.
    mutating func prune(
        _ value: JSONValue, _ schema: FieldSchema, path: String = "", owner: String = "", goPath: String = ""
    ) -> JSONValue {
        switch (schema, value) {
        case (.any, _): return value
        case (_, .null): return value
        case (.string, .string), (.boolean, .bool), (.int32, .integer), (.int64, .integer), (.scalar, .string),
            (.scalar, .integer), (.scalar, .number):
            if case .int32 = schema, let number = value.integerValue, Int32(exactly: number) == nil {
                note("number \(number)", owner, goPath, "int32")
            }
            return value
        case (.list(let element, _), .array(let elements)):
            return .array(
                elements.indices.map {
                    prune(elements[$0], element, path: "\(path)[\($0)]", owner: owner, goPath: goPath)
                })
        case (.set, .array): return value
        case (.map(let values), .object(let members)):
            return .object(
                members.filter { !$0.value.isNull }.reduce(into: [:]) { result, member in
                    result[member.key] = prune(
                        member.value, values, path: "\(path).\(member.key)", owner: owner, goPath: goPath)
                })
        case (.object(let type, let fields), .object(let members)):
            var result: [String: JSONValue] = [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                let memberPath = path.isEmpty ? name : "\(path).\(name)"
                guard let field = fields[name] else {
                    if kept.contains(memberPath) { result[name] = member } else { unknownFields.append(memberPath) }
                    continue
                }
                if member.isNull { continue }
                result[name] = prune(
                    member, field, path: memberPath, owner: type, goPath: goPath.isEmpty ? name : "\(goPath).\(name)")
            }
            return .object(result)
        default:
            note(Self.jsonName(value), owner, goPath, Self.goName(schema))
            return value
        }
    }

    private mutating func note(_ found: String, _ owner: String, _ path: String, _ expected: String) {
        guard typeFault == nil else { return }
        typeFault = "json: cannot unmarshal \(found) into Go struct field \(owner).\(path) of type \(expected)"
    }

    private static func jsonName(_ value: JSONValue) -> String {
        switch value {
        case .bool: "bool"
        case .integer, .number: "number"
        default: value.typeName
        }
    }

    private static func goName(_ schema: FieldSchema) -> String {
        switch schema {
        case .string: "string"
        case .boolean: "bool"
        case .int32: "int32"
        case .int64: "int64"
        case .scalar: "intstr.IntOrString"
        case .any: "interface {}"
        case .set: "[]string"
        case .map(let values): "map[string]\(goName(values))"
        case .list(let element, _): "[]\(goName(element))"
        case .object(let type, _): "v1.\(type)"
        }
    }
}

/// Go's `%v` of decoded JSON, in which a real server quotes a strategic merge patch.
enum GoFormat {
    static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let elements): "[" + elements.map(text).joined(separator: " ") + "]"
        case .object(let members):
            "map[" + members.sorted { $0.key < $1.key }.map { "\($0.key):\(text($0.value))" }.joined(separator: " ")
                + "]"
        default: value.canonicalText
        }
    }
}
