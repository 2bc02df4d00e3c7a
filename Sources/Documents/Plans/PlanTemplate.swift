public import ChangeModel

/// Steps with blanks, for a job that is done again and again: `templates/plans/<name>.yaml`.
public struct PlanTemplate: Hashable, Sendable {
    /// The file's name without its ending.
    public var name: String
    public var description: String
    public var variables: [Variable]
    public var steps: [Step]

    /// What fills a blank.
    public struct Variable: Hashable, Sendable {
        public var name: String
        public var description: String
        /// A param whose variable is neither required nor given is left out.
        public var required: Bool
        public var defaultValue: JSONValue?
    }

    public struct Step: Hashable, Sendable {
        public var action: String
        public var target: Blank
        public var parameters: [String: Blank]
    }

    /// A value as it stands in the file, or the name of the variable that takes its place.
    public enum Blank: Hashable, Sendable {
        case value(JSONValue)
        case variable(String)

        public var variable: String? { if case .variable(let name) = self { name } else { nil } }
    }
}

/// Why a template cannot be filled; every fault at once.
public struct TemplateFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let problems: [String]
    public var description: String { problems.joined(separator: "; ") }
}

extension PlanTemplate {
    /// The steps with `values` in their blanks. A text is read by the type of the param that it fills, as `--param` is; it
    /// never becomes more than one value, whatever is in it.
    ///
    /// - Parameter actions: tell the types of params.
    public func fill(
        _ values: [(name: String, value: String)], actions: [String: ActionDefinition]
    ) throws(TemplateFault) -> [ChangeStep] {
        var problems: [String] = []
        var given: [String: String] = [:]
        for (name, value) in values {
            if !variables.contains(where: { $0.name == name }) {
                let hint = Suggestion.advice(for: name, among: variables.map(\.name))
                let known = variables.map { "`\($0.name)`" }.joined(separator: ", ")
                problems.append(
                    "the template has no variable `\(EscapedText.bounded(name))`; "
                        + (hint ?? (known.isEmpty ? "it has none" : "it has \(known)")))
            } else if given.updateValue(value, forKey: name) != nil {
                problems.append("variable `\(name)` is given twice")
            }
        }
        for variable in variables
        where variable.required && variable.defaultValue == nil && given[variable.name] == nil {
            problems.append("variable `\(variable.name)` is missing: \(variable.description)")
        }
        if !problems.isEmpty { throw TemplateFault(problems: problems) }
        func value(_ blank: Blank, as type: ParameterType?) -> JSONValue? {
            switch blank {
            case .value(let value): return value
            case .variable(let name):
                if let text = given[name] { return ParameterText.parse(text, as: type) }
                return variables.first { $0.name == name }?.defaultValue
            }
        }
        return steps.map { step in
            var parameters: [String: JSONValue] = [:]
            for (name, blank) in step.parameters {
                let type = actions[step.action]?.parameters.first { $0.name == name }?.type
                parameters[name] = value(blank, as: type)
            }
            return ChangeStep(
                action: step.action, target: value(step.target, as: .string)?.stringValue ?? "", parameters: parameters)
        }
    }
}
