internal import ChangeModel

/// An action with all that can be known before a request: its params compiled, and the rules that name it. A class, for it
/// is handed around millions of times.
final class CompiledAction: Sendable {
    let definition: ActionDefinition
    let parameters: [CompiledParameter]
    /// The rules that name the action.
    let rules: RuleIndex.RuleSet
    /// How a default deny begins.
    let unmatched: String

    init(_ definition: ActionDefinition, rules: RuleIndex.RuleSet, names: ParameterNames) {
        self.definition = definition
        parameters = definition.parameters.map { CompiledParameter($0, number: names.number(of: $0.name) ?? -1) }
        self.rules = rules
        unmatched = "no rule matches \(Excerpt.quoted(definition.name)) on "
    }

    /// What is wrong with a request's params.
    struct Faults {
        /// Missing ones, unknown ones, and broken types and constraints, in this order.
        var errors: [ParameterError] = []
        /// Params that contradict the target's locator: whoever names one target must not act on another.
        var binding: [String] = []
    }

    /// Whether nothing is wrong with a request's params; false also where only `faults` can tell. Builds nothing, and compares
    /// names where looking them up would take longer.
    func accepts(_ given: [String: JSONValue], target: CompiledTarget?) -> Bool {
        guard parameters.count <= 64 else { return false }
        var seen: UInt64 = 0
        for (name, value) in given {
            guard let index = parameters.firstIndex(where: { $0.name == name }) else { return false }
            let parameter = parameters[index]
            guard parameter.accepts(value) else { return false }
            if let bound = target?.locator(parameter.number), !value.hasPlainText(bound) { return false }
            seen |= 1 << UInt64(index)
        }
        for (index, parameter) in parameters.enumerated() where seen >> UInt64(index) & 1 == 0 {
            if let bound = target?.locator(parameter.number) {
                guard parameter.accepts(parameter.definition.value(readFrom: bound)) else { return false }
            } else if parameter.isRequired || !parameter.problems.isEmpty {
                return false
            }
        }
        return true
    }

    /// What is wrong with a request's params, all of it, in the order of the action's definition.
    func faults(in given: [String: JSONValue], target: CompiledTarget?) -> Faults {
        var faults = Faults()
        if accepts(given, target: target) { return faults }
        var broken: [ParameterError] = []
        var known = 0
        for parameter in parameters {
            let name = parameter.name
            let bound = target?.locator(parameter.number)
            if let value = given[name] {
                known += 1
                if !parameter.accepts(value) {
                    broken += parameter.errors(in: value).map { ParameterError(parameter: name, message: $0) }
                }
                if let bound, !value.hasPlainText(bound), let entry = target?.entry {
                    let shown = parameter.definition.sensitive ? "something else" : Excerpt.quoted(value)
                    faults.binding.append(
                        "param `\(name)` is \(shown), but target `\(entry.id)` is bound to \(Excerpt.quoted(bound))")
                }
            } else if let bound {
                let value = parameter.definition.value(readFrom: bound)
                broken += parameter.errors(in: value).map { ParameterError(parameter: name, message: $0) }
            } else if parameter.isRequired {
                faults.errors.append(ParameterError(parameter: name, message: "is required and missing"))
            } else if !parameter.problems.isEmpty {
                broken += parameter.problems.map { ParameterError(parameter: name, message: $0) }
            }
        }
        if known < given.count {
            let names = Set(parameters.map(\.definition.name))
            faults.errors += given.keys.filter { !names.contains($0) }.sorted().map { name in
                ParameterError(
                    parameter: name, message: "is no param of this action" + Suggestion.text(for: name, among: names))
            }
        }
        faults.errors += broken
        return faults
    }

    /// Given values, what the locator fills in, and defaults for the rest.
    func effectiveParameters(_ given: [String: JSONValue], target: TargetEntry) -> [String: JSONValue] {
        var effective: [String: JSONValue] = [:]
        for parameter in parameters.map(\.definition) {
            let bound = target.locator[parameter.name].map { parameter.value(readFrom: $0) }
            effective[parameter.name] = given[parameter.name] ?? bound ?? parameter.defaultValue
        }
        return effective
    }

    /// Nil when the action may be used on that type of target.
    func typeFault(_ target: CompiledTarget) -> String? {
        guard !definition.targetTypes.contains(target.entry.type) else { return nil }
        return "`\(definition.name)` works on \(definition.targetTypes.joined(separator: ", ")), and target "
            + "`\(target.entry.id)` is a \(target.entry.type)"
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
