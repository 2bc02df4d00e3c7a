/// A place in a text. Both count from 1; a column is one Unicode scalar, whatever its width in bytes.
public struct YAMLMark: Hashable, Sendable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static let start = YAMLMark(line: 1, column: 1)
}

/// A value of a document, with the place where it starts. Two nodes are equal when text, style and places are.
public struct YAMLNode: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Text as the style says it, escapes and folding undone.
        case scalar(String, YAMLScalarStyle)
        case sequence([YAMLNode])
        /// In the order of the text; no key stands twice.
        case mapping([YAMLPair])
    }

    public let kind: Kind
    public let mark: YAMLMark

    public init(kind: Kind, mark: YAMLMark) {
        self.kind = kind
        self.mark = mark
    }

    /// What a scalar means by YAML 1.2's core schema; nil for lists and mappings.
    public var scalar: YAMLScalar? {
        guard case .scalar(let text, let style) = kind else { return nil }
        return style == .plain ? YAMLScalar(plain: text) : .string(text)
    }
}

/// A key, which is always a scalar and is taken as text, and its value.
public struct YAMLPair: Hashable, Sendable {
    public let key: String
    public let keyMark: YAMLMark
    public let value: YAMLNode

    public init(key: String, keyMark: YAMLMark, value: YAMLNode) {
        self.key = key
        self.keyMark = keyMark
        self.value = value
    }
}

public enum YAMLScalarStyle: Sendable {
    case plain, singleQuoted, doubleQuoted, literal, folded
}
