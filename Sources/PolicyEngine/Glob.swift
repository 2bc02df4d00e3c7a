/// A shell glob: `*` any text, `?` one character, `[abc]` `[a-z]` `[!a-z]` one character of a set; all else is literal. A
/// backslash is literal, as is a `[` that nothing closes. Case counts, and `*` crosses every character.
public struct Glob: Hashable, Sendable {
    public let text: String
    private let elements: [Element]

    private enum Element: Hashable, Sendable {
        case literal(Unicode.Scalar)
        case anyCharacter
        case anyText
        case set(ranges: [ClosedRange<Unicode.Scalar>], negated: Bool)

        func matches(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .literal(let expected): scalar == expected
            case .anyCharacter: true
            case .anyText: false
            case .set(let ranges, let negated): ranges.contains { $0.contains(scalar) } != negated
            }
        }
    }

    public init(_ text: String) {
        self.text = text
        elements = Glob.parse(Array(text.unicodeScalars))
    }

    /// Whether the whole of `candidate` matches. Remembers only the last `*`, so the time is at most proportional to the
    /// product of both lengths, whatever the pattern.
    public func matches(_ candidate: String) -> Bool {
        let scalars = Array(candidate.unicodeScalars)
        var position = 0
        var element = 0
        var lastStar: (element: Int, position: Int)?
        while position < scalars.count {
            if element < elements.count, elements[element] == .anyText {
                lastStar = (element, position)
                element += 1
            } else if element < elements.count, elements[element].matches(scalars[position]) {
                element += 1
                position += 1
            } else if let star = lastStar {
                // The last star takes one character more; an earlier star never needs to.
                lastStar = (star.element, star.position + 1)
                element = star.element + 1
                position = star.position + 1
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .anyText }
    }

    private static func parse(_ scalars: [Unicode.Scalar]) -> [Element] {
        var elements: [Element] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            switch scalar {
            case "*":
                if elements.last != .anyText { elements.append(.anyText) }
            case "?":
                elements.append(.anyCharacter)
            case "[":
                if let (set, end) = parseSet(scalars, from: index) {
                    elements.append(set)
                    index = end
                } else {
                    elements.append(.literal("["))
                }
            default:
                elements.append(.literal(scalar))
            }
        }
        return elements
    }

    /// Reads what follows a `[`. A `]` in the first place is a member, and so is a `-` in the first or last place; a range
    /// that runs backwards holds nothing.
    private static func parseSet(_ scalars: [Unicode.Scalar], from start: Int) -> (set: Element, end: Int)? {
        var index = start
        let negated = index < scalars.count && scalars[index] == "!"
        if negated { index += 1 }
        let first = index
        guard first < scalars.count,
            let end = scalars[(first + 1)...].firstIndex(of: "]")
        else { return nil }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while index < end {
            let lower = scalars[index]
            if index + 2 < end, scalars[index + 1] == "-" {
                let upper = scalars[index + 2]
                if lower <= upper { ranges.append(lower...upper) }
                index += 3
            } else {
                ranges.append(lower...lower)
                index += 1
            }
        }
        return (.set(ranges: ranges, negated: negated), end + 1)
    }
}
