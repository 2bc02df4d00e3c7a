internal import ChangeModel
internal import PolicyEngine
internal import YAML

extension FieldType where Value == String {
    private static var anyText: FieldType {
        FieldType(scalar: "text", placeholder: "") { if case .string(let text) = $0 { text } else { nil } }
    }

    /// One line without invisible characters.
    static func line(limit: Int = 500) -> FieldType {
        anyText.checked { text in
            if text.utf8.count > limit, text.unicodeScalars.count > limit {
                return ("longer than \(limit) characters", nil)
            }
            return VisibleText.problem(text, allowingLineFeeds: false).map { ($0, "remove it") }
        }
    }

    /// Text of several lines.
    static func prose(limit: Int = 10_000) -> FieldType {
        anyText.checked { text in
            if text.utf8.count > limit, text.unicodeScalars.count > limit {
                return ("longer than \(limit) characters", nil)
            }
            return VisibleText.problem(text, allowingLineFeeds: true).map { ($0, "remove it") }
        }
    }

    /// Text of a restricted form.
    ///
    /// - Parameter form: the rule in words, for messages.
    static func name(_ noun: String, _ form: String, where isValid: @escaping @Sendable (String) -> Bool) -> FieldType {
        anyText.checked { text in
            isValid(text) ? nil : ("`\(EscapedText.bounded(text))` is not \(noun)", form)
        }
    }

    /// A regular expression that the engine can use.
    static var pattern: FieldType {
        line().checked { text in
            do throws(PatternError) {
                _ = try Pattern(text)
                return nil
            } catch {
                return ("the pattern cannot be used, \(error)", nil)
            }
        }
    }

    static var name: FieldType {
        name("a name", "a name has 1 to 100 letters, digits, `.`, `_` and `-`, and does not start with `-`") {
            Identifier.isName($0)
        }
    }

    static var actionName: FieldType {
        name("an action's name", "an action's name has lower-case letters, digits and `-`, and starts with a letter") {
            Identifier.isActionName($0)
        }
    }

    static var targetName: FieldType {
        name("a target's name", "a target's name joins names of letters, digits, `.`, `_`, `-` by `/`, `:` or `@`") {
            Identifier.isTargetName($0)
        }
    }

    static var parameterName: FieldType {
        name("a param's name", "a param's name has letters, digits and `_`, and does not start with a digit") {
            Identifier.isParameterName($0)
        }
    }
}

extension FieldType where Value == Bool {
    static var boolean: FieldType {
        FieldType(scalar: "`true` or `false`", placeholder: false) {
            if case .bool(let flag) = $0 { flag } else { nil }
        }
    }
}

extension FieldType where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> FieldType {
        FieldType(scalar: "an integer", placeholder: range.lowerBound) {
            if case .integer(let number) = $0 { Int(clamping: number) } else { nil }
        }
        .checked { number in
            if range.contains(number) { return nil }
            if range.upperBound == .max { return ("\(number) is less than \(range.lowerBound)", nil) }
            return ("\(number) is not between \(range.lowerBound) and \(range.upperBound)", nil)
        }
    }
}

extension FieldType where Value == Double {
    static var number: FieldType {
        FieldType(scalar: "a number", placeholder: 0) {
            switch $0 {
            case .integer(let number): Double(number)
            case .float(let number) where number.isFinite: number
            default: nil
            }
        }
    }
}

extension FieldType where Value == Timestamp {
    static var timestamp: FieldType {
        FieldType(scalar: "a time like `2026-11-22T23:11:00Z`", placeholder: Timestamp(seconds: 0)) {
            if case .string(let text) = $0 { Timestamp(text) } else { nil }
        }
    }
}

extension FieldType where Value == JSONValue {
    /// Any tree of lists, mappings and finite scalars.
    static var json: FieldType {
        FieldType("a value", placeholder: .null) { node, reader, _ in convert(node, reader) }
    }

    // The tree's depth is bounded by the YAML limits, and so is this recursion.
    private static func convert(_ node: YAMLNode, _ reader: DocumentReader) -> JSONValue {
        switch node.kind {
        case .sequence(let nodes): return .array(nodes.map { convert($0, reader) })
        case .mapping(let pairs):
            return .object(
                Dictionary(pairs.map { ($0.key, convert($0.value, reader)) }, uniquingKeysWith: { first, _ in first }))
        case .scalar:
            if let value = node.scalar?.json { return value }
            reader.report(node.mark, "\(reader.summary(node)), which no param can hold")
            return .null
        }
    }
}

extension YAMLScalar {
    /// nil for what JSON cannot say: infinities, NaN, integers beyond 64 bits.
    var json: JSONValue? {
        switch self {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .float(let number): number.isFinite ? .number(number) : nil
        case .string(let text): .string(text)
        case .oversizedInteger: nil
        }
    }
}
