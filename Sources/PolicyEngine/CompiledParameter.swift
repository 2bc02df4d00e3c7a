internal import ChangeModel

/// One param's definition with its pattern compiled and its default judged. A class, for it is handed around millions of
/// times.
final class CompiledParameter: Sendable {
    let definition: ParameterDefinition
    let name: String
    let isRequired: Bool
    /// The number of its name in the catalogue.
    let number: Int
    private let pattern: Result<Pattern, PatternError>?
    /// `enum`, as text: a catalogue may spell the values of an integer param as strings.
    private let allowed: [String]?
    /// Faults of the definition itself: a pattern that does not compile, a default that breaks the definition's own rules.
    /// They deny every request that leaves the param out.
    let problems: [String]

    convenience init(_ definition: ParameterDefinition, number: Int = -1) {
        let pattern = definition.constraints.pattern.map { text in
            Result { () throws(PatternError) in try Pattern(text) }
        }
        let allowed = definition.constraints.allowed?.map(\.plainText)
        var problems: [String] = []
        if let value = definition.defaultValue {
            let draft = CompiledParameter(definition, number, pattern, allowed: allowed, problems: [])
            problems = draft.errors(in: value).map { "its default is wrong: \($0)" }
        } else if case .failure(let error)? = pattern {
            problems = [Self.unusable(error)]
        }
        self.init(definition, number, pattern, allowed: allowed, problems: problems)
    }

    private init(
        _ definition: ParameterDefinition, _ number: Int, _ pattern: Result<Pattern, PatternError>?, allowed: [String]?,
        problems: [String]
    ) {
        self.definition = definition
        name = definition.name
        isRequired = definition.required
        self.number = number
        self.pattern = pattern
        self.allowed = allowed
        self.problems = problems
    }

    private static func unusable(_ error: PatternError) -> String { "the action's pattern is not usable: \(error)" }

    /// Whether nothing is wrong with `value`; false where only `errors` can tell. Builds nothing.
    func accepts(_ value: JSONValue) -> Bool {
        guard !definition.sensitive, allowed == nil, hasRightType(value) else { return false }
        let (minimum, maximum) = (definition.constraints.minimumValue, definition.constraints.maximumValue)
        switch value {
        case .bool: return pattern == nil
        case .integer, .number:
            if let minimum, value.isLess(than: minimum) { return false }
            if let maximum, value.isGreater(than: maximum) { return false }
            return pattern == nil
        case .string(let text):
            guard minimum == nil, maximum == nil else { return false }
            if definition.constraints.minimumLength != nil || definition.constraints.maximumLength != nil {
                guard lengthErrors(value).isEmpty else { return false }
            }
            switch pattern {
            case nil: return true
            case .failure: return false
            case .success(let pattern): return pattern.matches(text)
            }
        case .null, .array, .object: return false
        }
    }

    /// Everything that is wrong with `value`. Messages quote the value, shortened, unless the param is sensitive.
    func errors(in value: JSONValue) -> [String] {
        if definition.sensitive { return Self.errorsInReference(value) }
        guard hasRightType(value) else { return ["expected \(definition.type.rawValue), got \(value.typeName)"] }
        guard case .array(let elements) = value else { return errorsInScalar(value) + lengthErrors(value) }
        return elements.enumerated().flatMap { index, element in
            errorsInScalar(element).map { "element \(index + 1): \($0)" }
        } + lengthErrors(value)
    }

    /// A boolean is no integer, and an integer will do for a number.
    private func hasRightType(_ value: JSONValue) -> Bool {
        switch (definition.type, value) {
        case (.string, .string), (.integer, .integer), (.number, .integer), (.boolean, .bool), (.array, .array): true
        case (.number, .number(let number)): number.isFinite
        default: false
        }
    }

    /// Never quotes the value: whoever passes a secret by mistake should not find it in a record.
    private static func errorsInReference(_ value: JSONValue) -> [String] {
        guard case .string(let text) = value, text.hasPrefix("vault:"), Identifier.isName(text.dropFirst(6)) else {
            return ["is sensitive and takes a reference such as `vault:NAME`, never a value"]
        }
        return []
    }

    private func errorsInScalar(_ value: JSONValue) -> [String] {
        let constraints = definition.constraints
        var errors: [String] = []
        if let minimum = constraints.minimumValue, value.isLess(than: minimum) {
            errors.append("\(Excerpt.quoted(value)) is less than min_value \(Self.text(minimum))")
        }
        if let maximum = constraints.maximumValue, value.isGreater(than: maximum) {
            errors.append("\(Excerpt.quoted(value)) is more than max_value \(Self.text(maximum))")
        }
        switch pattern {
        case nil: break
        case .failure(let error): errors.append(Self.unusable(error))
        case .success(let pattern):
            if case .string(let text) = value {
                if !pattern.matches(text) {
                    errors.append(
                        "\(Excerpt.quoted(text)) does not match pattern \(Excerpt.quoted(pattern.text)) as a whole")
                }
            } else if definition.type == .array {
                errors.append("expected a string for pattern \(Excerpt.quoted(pattern.text)), got \(value.typeName)")
            }
        }
        if let allowed {
            let text = value.plainText
            if !allowed.contains(where: { $0.isIdentical(to: text) }) {
                errors.append("\(Excerpt.quoted(value)) is not in enum \(Excerpt.list(allowed))")
            }
        }
        return errors
    }

    /// Lengths count the characters (Unicode scalars) of a string and the elements of an array.
    private func lengthErrors(_ value: JSONValue) -> [String] {
        let length: Int
        let unit: String
        switch value {
        case .string(let text): (length, unit) = (text.unicodeScalars.count, "characters")
        case .array(let elements): (length, unit) = (elements.count, "elements")
        default: return []
        }
        var errors: [String] = []
        if let minimum = definition.constraints.minimumLength, length < minimum {
            errors.append("\(Excerpt.quoted(value)) has \(length) \(unit), less than min_length \(minimum)")
        }
        if let maximum = definition.constraints.maximumLength, length > maximum {
            errors.append("\(Excerpt.quoted(value)) has \(length) \(unit), more than max_length \(maximum)")
        }
        return errors
    }

    private static func text(_ bound: Double) -> String { JSONValue.number(bound).canonicalText }
}

extension JSONValue {
    /// Compares exactly: an integer is not rounded to a double first. A bound that is no number bounds everything away.
    fileprivate func isLess(than bound: Double) -> Bool {
        switch self {
        case .integer(let number):
            guard let least = Int64(exactly: bound.rounded(.up)) else { return !(bound < 0) }
            return number < least
        case .number(let number): return !(number >= bound)
        default: return false
        }
    }

    fileprivate func isGreater(than bound: Double) -> Bool {
        switch self {
        case .integer(let number):
            guard let greatest = Int64(exactly: bound.rounded(.down)) else { return !(bound > 0) }
            return number > greatest
        case .number(let number): return !(number <= bound)
        default: return false
        }
    }
}
