/// A text with blanks: `{{ params.NAME }}` stands for a param of the step, `{{ target.KEY }}` for what the target's locator says,
/// `{{ secret }}` for the name of the secret that is asked for. It is read once and filled once: what stands in a blank is never
/// read for blanks again.
public struct ScopeTemplate: Hashable, Sendable {
    public enum Part: Hashable, Sendable {
        case text(String)
        case parameter(String)
        case locator(String)
        case secret
    }

    public let parts: [Part]

    /// - Returns: nil for a text with braces that are no blank: two opening or two closing ones, wherever they stand.
    public init?(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let start = Self.index(of: "{{", in: rest) {
            guard let end = Self.index(of: "}}", in: rest[rest.index(start, offsetBy: 2)...]) else { return nil }
            let before = rest[..<start]
            guard Self.index(of: "}}", in: before) == nil else { return nil }
            if !before.isEmpty { parts.append(.text(String(before))) }
            let inner = rest[rest.index(start, offsetBy: 2)..<end].drop { $0 == " " }
            let name = String(inner.reversed().drop { $0 == " " }.reversed())
            if name == "secret" {
                parts.append(.secret)
            } else if name.hasPrefix("params."), Identifier.isParameterName(String(name.dropFirst(7))) {
                parts.append(.parameter(String(name.dropFirst(7))))
            } else if name.hasPrefix("target."), Identifier.isParameterName(String(name.dropFirst(7))) {
                parts.append(.locator(String(name.dropFirst(7))))
            } else {
                return nil
            }
            rest = rest[rest.index(end, offsetBy: 2)...]
        }
        guard Self.index(of: "}}", in: rest) == nil else { return nil }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    private static func index(of pair: String, in text: Substring) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(pair) { return index }
            index = text.index(after: index)
        }
        return nil
    }

    /// The params that it names.
    public var parameters: [String] { parts.compactMap { if case .parameter(let name) = $0 { name } else { nil } } }
    public var namesSecret: Bool { parts.contains(.secret) }
    /// Whether any part is filled with what one step has: a param, or an entry of its target's locator.
    public var namesStep: Bool {
        parts.contains {
            switch $0 {
            case .parameter, .locator: true
            case .text, .secret: false
            }
        }
    }

    /// What may stand in a blank: a letter or digit, then letters, digits, `.`, `-` and `_`; at most 253 bytes. So a value
    /// cannot end the name that it is part of, and begin another: no `/`, no `*`, no blank, no brace.
    public static func isFilling(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...253).contains(bytes.count), let first = bytes.first, isAlphanumeric(first) else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension JSONValue {
    /// Every string in the value, keys of objects aside.
    public var strings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.strings)
        case .object(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.strings)
        case .null, .bool, .integer, .number: []
        }
    }
}
