internal import ChangeModel
internal import YAML

/// An entry of an action's `parameters`.
enum ParameterFields {
    static let type = FieldType<ParameterDefinition>.mapping(
        "a param", placeholder: ParameterDefinition(name: "", type: .string), read)

    private static func read(_ fields: Fields) -> ParameterDefinition {
        let type = fields.required("type", FieldType<ParameterType>.choice())
        var parameter = ParameterDefinition(
            name: fields.required("name", .parameterName),
            type: type,
            required: fields.optional("required", .boolean) ?? true,
            description: fields.optional("description", .prose()) ?? "",
            defaultValue: fields.optional("default", .json),
            constraints: fields.optional("constraints", constraints(type)) ?? ParameterConstraints(),
            sensitive: fields.optional("sensitive", .boolean) ?? false)
        if let value = parameter.defaultValue {
            if let whole = type.normalized(value) {
                parameter.defaultValue = whole
            } else {
                fields.report(
                    "default", "the default is of type \(value.typeName), and the param of type \(type.rawValue)",
                    advice: type == .string ? "write it in double quotes" : nil)
            }
        }
        if parameter.sensitive {
            let reference = parameter.defaultValue?.stringValue
            if parameter.defaultValue != nil, reference?.hasPrefix("vault:") != true {
                fields.report(
                    "default", "a sensitive param takes a reference, never a value", advice: "write `vault:NAME`",
                    hidesLine: true)
            }
            if type != .string {
                fields.report("sensitive", "only a string can be sensitive: it holds a reference like `vault:NAME`")
            }
        }
        return parameter
    }

    private static func constraints(_ type: ParameterType) -> FieldType<ParameterConstraints> {
        .mapping("a constraint", placeholder: ParameterConstraints()) { fields in
            let constraints = ParameterConstraints(
                minimumValue: fields.optional("min_value", .number),
                maximumValue: fields.optional("max_value", .number),
                minimumLength: fields.optional("min_length", .integer(0...1_000_000)),
                maximumLength: fields.optional("max_length", .integer(0...1_000_000)),
                pattern: fields.optional("pattern", .line(limit: 500)),
                allowed: fields.optional("enum", .list(of: allowedValue(type), count: 1...1000)))
            if let least = constraints.minimumValue, let most = constraints.maximumValue, least > most {
                fields.report("max_value", "`max_value` is less than `min_value`, so that no value fits")
            }
            if let least = constraints.minimumLength, let most = constraints.maximumLength, least > most {
                fields.report("max_length", "`max_length` is less than `min_length`, so that no value fits")
            }
            return constraints
        }
    }

    /// The Python project writes every `enum` entry as a string, whatever the param's type: `"5"` allows the integer 5.
    private static func allowedValue(_ type: ParameterType) -> FieldType<JSONValue> {
        FieldType("a value of type \(type.rawValue)", placeholder: .null) { node, reader, _ in
            guard case .scalar(let text, _) = node.kind, let value = node.scalar?.json else {
                reader.report(node.mark, "expected a value of type \(type.rawValue), found \(reader.summary(node))")
                return nil
            }
            // No single value can be a whole list: such an entry is kept, and matches nothing.
            if type == .array { return value }
            if let whole = type.normalized(value) { return whole }
            if type != .string, let whole = YAMLScalar(plain: text).json.flatMap({ type.normalized($0) }) {
                return whole
            }
            reader.report(
                node.mark, "expected a value of type \(type.rawValue), found \(reader.summary(node))",
                advice: type == .string ? "write it in double quotes" : nil)
            return nil
        }
    }
}

extension ParameterType {
    /// The value in the one form that params of this type have, or nil when it is of another type. An integer is also a
    /// number, and an integral number is written as an integer; a boolean is neither.
    func normalized(_ value: JSONValue) -> JSONValue? {
        switch (self, value) {
        case (.string, .string), (.integer, .integer), (.number, .integer), (.boolean, .bool): return value
        case (.number, .number(let number)): return number.isFinite ? value.withoutIntegralNumbers : nil
        case (.array, .array(let elements)): return .array(elements.map(\.withoutIntegralNumbers))
        default: return nil
        }
    }
}

extension JSONValue {
    /// Integral numbers that integers can hold, as integers: a change file has one spelling for each value.
    var withoutIntegralNumbers: JSONValue {
        guard case .number(let number) = self, let integer = Int64(exactly: number),
            CanonicalChange.integers.contains(integer)
        else { return self }
        return .integer(integer)
    }
}
