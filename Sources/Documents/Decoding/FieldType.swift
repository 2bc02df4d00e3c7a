internal import ChangeModel
internal import YAML

/// How to read one kind of value from a node. `read` reports what is wrong and returns nil.
struct FieldType<Value: Sendable>: Sendable {
    /// What a reader goes on with after an error; it never leaves a reader that reported one.
    let placeholder: Value
    /// What is expected, for messages.
    let expectation: String
    let read: @Sendable (_ node: YAMLNode, _ reader: DocumentReader, _ requiresValues: Bool) -> Value?

    init(
        _ expectation: String, placeholder: Value,
        read: @escaping @Sendable (_ node: YAMLNode, _ reader: DocumentReader, _ requiresValues: Bool) -> Value?
    ) {
        self.expectation = expectation
        self.placeholder = placeholder
        self.read = read
    }

    /// A value that one scalar holds.
    init(
        scalar expectation: String, placeholder: Value,
        convert: @escaping @Sendable (YAMLScalar) -> Value?
    ) {
        self.init(expectation, placeholder: placeholder) { node, reader, _ in
            if let value = node.scalar.flatMap(convert) { return value }
            reader.report(
                node.mark, "expected \(expectation), found \(reader.summary(node))",
                advice: Self.advice(node, expectation))
            return nil
        }
    }

    private static func advice(_ node: YAMLNode, _ expectation: String) -> String? {
        guard case .scalar(let text, _) = node.kind else { return nil }
        switch (node.scalar, Value.self is String.Type, Value.self is Bool.Type) {
        case (.string, false, true) where ["yes", "on", "y"].contains(text.lowercased()):
            return "YAML 1.2 reads `\(text)` as text: write `true`"
        case (.string, false, true) where ["no", "off", "n"].contains(text.lowercased()):
            return "YAML 1.2 reads `\(text)` as text: write `false`"
        case (.bool, true, _), (.integer, true, _), (.float, true, _), (.oversizedInteger, true, _):
            return "write it in double quotes"
        default: return nil
        }
    }

    /// Refuses a well-formed value for a reason of its own.
    func checked(_ problem: @escaping @Sendable (Value) -> (message: String, advice: String?)?) -> FieldType {
        FieldType(expectation, placeholder: placeholder) { node, reader, requiresValues in
            guard let value = self.read(node, reader, requiresValues) else { return nil }
            guard let problem = problem(value) else { return value }
            reader.report(node.mark, problem.message, advice: problem.advice)
            return nil
        }
    }
}

extension FieldType {
    /// One of a few words.
    static func choice(_ choices: [(word: String, value: Value)]) -> FieldType {
        let words = choices.map(\.word)
        let expectation = "one of " + words.map { "`\($0)`" }.joined(separator: ", ")
        return FieldType(expectation, placeholder: choices[0].value) { node, reader, _ in
            guard case .string(let text)? = node.scalar else {
                reader.report(node.mark, "expected \(expectation), found \(reader.summary(node))")
                return nil
            }
            if let choice = choices.first(where: { $0.word == text }) { return choice.value }
            reader.report(
                node.mark, "`\(EscapedText.bounded(text, limit: 40))` is not \(expectation)",
                advice: Suggestion.advice(for: text, among: words))
            return nil
        }
    }

    static func choice() -> FieldType where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
        choice(Value.allCases.map { ($0.rawValue, $0) })
    }
}

extension FieldType {
    /// A list of values of one type.
    static func list<Element>(
        of element: FieldType<Element>, count: ClosedRange<Int> = 0...10_000
    ) -> FieldType where Value == [Element] {
        FieldType("a list", placeholder: []) { node, reader, requiresValues in
            guard case .sequence(let nodes) = node.kind else {
                reader.report(
                    node.mark, "expected a list, found \(reader.summary(node))",
                    advice: node.scalar == nil ? "put `- ` before each entry" : "write `[...]` around it")
                return nil
            }
            guard count.contains(nodes.count) else {
                let message =
                    nodes.count < count.lowerBound
                    ? "the list needs at least \(count.lowerBound) \(count.lowerBound == 1 ? "entry" : "entries")"
                    : "the list has \(nodes.count) entries, at most \(count.upperBound) are allowed"
                reader.report(node.mark, message)
                return nil
            }
            return nodes.map { element.read($0, reader, requiresValues) ?? element.placeholder }
        }
    }

    /// A mapping with known keys.
    ///
    /// - Parameter requiresValues: nil takes over what holds for the mapping around it.
    static func mapping(
        _ noun: String, placeholder: Value, requiresValues: Bool? = nil, _ read: @escaping @Sendable (Fields) -> Value
    ) -> FieldType {
        FieldType(noun, placeholder: placeholder) { node, reader, inherited in
            guard case .mapping(let pairs) = node.kind else {
                reader.report(node.mark, "expected \(noun), which is a mapping, found \(reader.summary(node))")
                return nil
            }
            let fields = Fields(
                reader, pairs, mark: node.mark, noun: noun, requiresValues: requiresValues ?? inherited)
            let value = read(fields)
            fields.refuseOthers()
            return value
        }
    }

    /// A mapping whose keys the author chooses.
    static func map<Element>(
        keys keyType: FieldType<String>, to element: FieldType<Element>, limit: Int = 1000
    ) -> FieldType where Value == [String: Element] {
        FieldType("a mapping", placeholder: [:]) { node, reader, requiresValues in
            guard case .mapping(let pairs) = node.kind else {
                reader.report(node.mark, "expected a mapping, found \(reader.summary(node))")
                return nil
            }
            guard pairs.count <= limit else {
                reader.report(node.mark, "the mapping has \(pairs.count) keys, at most \(limit) are allowed")
                return nil
            }
            var result: [String: Element] = [:]
            for pair in pairs {
                let key = YAMLNode(kind: .scalar(pair.key, .doubleQuoted), mark: pair.keyMark)
                guard let name = keyType.read(key, reader, false) else { continue }
                result[name] = element.read(pair.value, reader, requiresValues) ?? element.placeholder
            }
            return result
        }
    }

    /// The value together with the place where it stands.
    func marked() -> FieldType<(value: Value, mark: YAMLMark)> {
        FieldType<(value: Value, mark: YAMLMark)>(expectation, placeholder: (placeholder, .start)) {
            node, reader, strict in
            self.read(node, reader, strict).map { ($0, node.mark) }
        }
    }
}
