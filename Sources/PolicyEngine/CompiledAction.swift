internal import ChangeModel

/// An action with all that can be known before a request: its params compiled, and the rules that name it.
struct CompiledAction: Sendable {
    let definition: ActionDefinition
    let parameters: [CompiledParameter]
    /// Indices of the rules that name the action, in the order in which they are asked.
    let rules: [Int]

    init(_ definition: ActionDefinition, rules: [CompiledRule]) {
        self.definition = definition
        parameters = definition.parameters.map { CompiledParameter($0) }
        self.rules = rules.indices.filter { rules[$0].matchesAction(definition.name) }
    }

    /// Every error in the params: missing ones, unknown ones, and broken types and constraints, in this order.
    func errors(in given: [String: JSONValue], target: TargetEntry?) -> [ParameterError] {
        var missing: [ParameterError] = []
        var broken: [ParameterError] = []
        var known = 0
        for parameter in parameters {
            let name = parameter.definition.name
            if given[name] != nil { known += 1 }
            let messages: [String]
            if let value = value(of: parameter.definition, given: given, target: target) {
                messages = parameter.errors(in: value)
            } else if parameter.definition.required {
                missing.append(ParameterError(parameter: name, message: "is required and missing"))
                messages = []
            } else {
                messages = parameter.problems
            }
            for message in messages { broken.append(ParameterError(parameter: name, message: message)) }
        }
        guard known < given.count else { return missing + broken }
        let names = Set(parameters.map(\.definition.name))
        let unknown = given.keys.filter { !names.contains($0) }.sorted().map { name in
            ParameterError(
                parameter: name, message: "is no param of this action" + Suggestion.text(for: name, among: names))
        }
        return missing + unknown + broken
    }

    /// The given value, or else what the target's locator says; never the default.
    private func value(
        of definition: ParameterDefinition, given: [String: JSONValue], target: TargetEntry?
    ) -> JSONValue? {
        given[definition.name] ?? target?.locator[definition.name].map { definition.value(readFrom: $0) }
    }

    /// Given values, what the locator fills in, and defaults for the rest.
    func effectiveParameters(_ given: [String: JSONValue], target: TargetEntry) -> [String: JSONValue] {
        var effective: [String: JSONValue] = [:]
        for parameter in parameters.map(\.definition) {
            effective[parameter.name] = value(of: parameter, given: given, target: target) ?? parameter.defaultValue
        }
        return effective
    }

    /// Nil when the action may be used on that type of target.
    func typeFault(_ target: TargetEntry) -> String? {
        guard !definition.targetTypes.contains(target.type) else { return nil }
        return "`\(definition.name)` works on \(definition.targetTypes.joined(separator: ", ")), and target "
            + "`\(target.id)` is a \(target.type)"
    }

    /// Params that contradict the target's locator: whoever names one target must not act on another.
    func bindingFaults(_ given: [String: JSONValue], target: TargetEntry) -> [String] {
        guard !target.locator.isEmpty else { return [] }
        return parameters.compactMap { parameter in
            let name = parameter.definition.name
            guard let value = given[name], let expected = target.locator[name],
                !value.plainText.isIdentical(to: expected)
            else { return nil }
            let shown = parameter.definition.sensitive ? "something else" : Excerpt.quoted(value)
            return "param `\(name)` is \(shown), but target `\(target.id)` is bound to \(Excerpt.quoted(expected))"
        }
    }
}

extension ParameterDefinition {
    /// A locator's text as this param's type; text that is no such thing stays a string, and fails the type check.
    fileprivate func value(readFrom text: String) -> JSONValue {
        guard !sensitive else { return .string(text) }
        let value: JSONValue? =
            switch type {
            case .string, .array: nil
            case .integer: Int64(text).map { .integer($0) }
            case .number: Int64(text).map { .integer($0) } ?? Double(text).map { .number($0) }
            case .boolean: Bool(text).map { .bool($0) }
            }
        guard let value, value.plainText == text else { return .string(text) }
        return value
    }
}
