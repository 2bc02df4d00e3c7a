public import ChangeModel
internal import YAML

/// The value of a `--param name=value`.
public enum ParameterText {
    /// Reads `text` as a YAML 1.2 core scalar: `replicas=6` is an integer. Where the wanted type is known, it decides:
    /// `version=1` is text for a string param, and an array param takes `["a", "b"]`.
    ///
    /// Never fails: what does not fit the type comes back as it reads, or as text, for the policy engine to refuse.
    public static func parse(_ text: String, as type: ParameterType? = nil) -> JSONValue {
        switch type {
        case .string: return .string(text)
        case .array: return array(text) ?? .string(text)
        case .integer, .number, .boolean, nil:
            // A param can hold neither null nor an infinity.
            guard let value = YAMLScalar(plain: text).json, !value.isNull else { return .string(text) }
            return type == .integer ? value : value.withoutIntegralNumbers
        }
    }

    private static func array(_ text: String) -> JSONValue? {
        guard text.hasPrefix("["), let node = try? parseYAML(Array(text.utf8)),
            case .sequence(let nodes) = node.kind
        else { return nil }
        var elements: [JSONValue] = []
        for node in nodes {
            guard let element = node.scalar?.json, !element.isNull else { return nil }
            elements.append(element.withoutIntegralNumbers)
        }
        return .array(elements)
    }
}
