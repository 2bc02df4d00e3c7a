/// What a regular expression says, before it becomes a program.
indirect enum PatternNode {
    case empty
    case set(ScalarSet)
    case start
    case end
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// `maximum` nil: without bound.
    case repetition(PatternNode, minimum: Int, maximum: Int?)

    /// An anchor takes no text, so repeating it is a slip of the pen.
    var isAnchor: Bool {
        switch self {
        case .start, .end: true
        default: false
        }
    }
}

struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private static let maximumDepth = 50

    init(_ text: String) throws(PatternError) {
        scalars = Array(text.unicodeScalars)
        guard scalars.count <= Pattern.maximumLength else {
            throw PatternError(
                offset: Pattern.maximumLength, message: "longer than \(Pattern.maximumLength) characters"
            )
        }
    }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try parseAlternatives()
        guard position == scalars.count else { throw error("`)` without `(`; escape a literal one as `\\)`") }
        return node
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func error(_ message: String, at offset: Int? = nil) -> PatternError {
        PatternError(offset: offset ?? position, message: message)
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private mutating func parseAlternatives() throws(PatternError) -> PatternNode {
        var alternatives = [try parseSequence()]
        while take("|") { alternatives.append(try parseSequence()) }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func parseSequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let start = position
            let atom = try parseAtom()
            parts.append(try parseQuantifier(of: atom, startingAt: start))
        }
        return parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func parseAtom() throws(PatternError) -> PatternNode {
        let start = position
        guard let scalar = current else { return .empty }
        position += 1
        switch scalar {
        case "(": return try parseGroup(openedAt: start)
        case "[": return .set(try parseSet(openedAt: start))
        case ".": return .set(ScalarSet([ScalarSet.range("\n", "\n")], negated: true))
        case "^": return .start
        case "$": return .end
        case "*", "+", "?": throw error("nothing to repeat before `\(scalar)`", at: start)
        case "\\":
            if take("A") { return .start }
            if take("Z") { return .end }
            return .set(try parseEscape(startingAt: start))
        default: return .set(ScalarSet([scalar.value...scalar.value]))
        }
    }

    private mutating func parseGroup(openedAt start: Int) throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw error("groups nested deeper than \(Self.maximumDepth)", at: start)
        }
        if take("?") {
            if take("P"), take("<") {
                while let scalar = current, scalar != ">" {
                    guard scalar == "_" || scalar.isASCII && scalar.properties.isAlphanumeric else { break }
                    position += 1
                }
                guard take(">") else { throw error("a group's name is written `(?P<name>…)`", at: start) }
            } else if !take(":") {
                throw error(
                    "look-around, flags and back references are not supported; groups are `(…)` or `(?:…)`", at: start)
            }
        }
        let node = try parseAlternatives()
        guard take(")") else { throw error("`(` is never closed; escape a literal one as `\\(`", at: start) }
        // A group is an atom of its own, so that `(^)*` is no anchor that is repeated.
        return .sequence([node])
    }

    private mutating func parseQuantifier(
        of atom: PatternNode, startingAt start: Int
    ) throws(PatternError) -> PatternNode {
        guard let bounds = try parseBounds() else { return atom }
        if atom.isAnchor { throw error("an anchor cannot be repeated", at: start) }
        // Greedy or not makes no difference to whether the whole text matches.
        _ = take("?")
        let next = position
        if take("*") || take("+") || take("?") { throw error("a repetition of a repetition; use a group", at: next) }
        if try parseBounds() != nil { throw error("a repetition of a repetition; use a group", at: next) }
        return .repetition(atom, minimum: bounds.minimum, maximum: bounds.maximum)
    }

    private mutating func parseBounds() throws(PatternError) -> (minimum: Int, maximum: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard current == "{" else { return nil }
        let start = position
        position += 1
        let minimum = try parseNumber()
        var maximum = minimum
        let hasComma = take(",")
        if hasComma { maximum = try parseNumber() }
        // A brace that holds no bounds is a literal, as in Python.
        guard take("}"), hasComma || minimum != nil else {
            position = start
            return nil
        }
        let lower = minimum ?? 0
        if let maximum, maximum < lower { throw error("bounds `{\(lower),\(maximum)}` run backwards", at: start) }
        return (lower, maximum)
    }

    private mutating func parseNumber() throws(PatternError) -> Int? {
        let start = position
        var number = 0
        while let scalar = current, ("0"..."9").contains(scalar) {
            number = number * 10 + Int(scalar.value - 48)
            guard number <= Pattern.maximumRepetition else {
                throw error("a repetition of more than \(Pattern.maximumRepetition)", at: start)
            }
            position += 1
        }
        return position == start ? nil : number
    }

    /// Reads what follows a backslash, in a set or outside.
    private mutating func parseEscape(startingAt start: Int) throws(PatternError) -> ScalarSet {
        guard let scalar = current else { throw error("nothing follows the last `\\`", at: start) }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet(ScalarSet.digits.ranges, negated: true)
        case "w": return .wordCharacters
        case "W": return ScalarSet(ScalarSet.wordCharacters.ranges, negated: true)
        case "s": return .whiteSpace
        case "S": return ScalarSet(ScalarSet.whiteSpace.ranges, negated: true)
        case "n": return ScalarSet([0x0A...0x0A])
        case "r": return ScalarSet([0x0D...0x0D])
        case "t": return ScalarSet([0x09...0x09])
        case "f": return ScalarSet([0x0C...0x0C])
        case "v": return ScalarSet([0x0B...0x0B])
        default:
            guard !(scalar.isASCII && scalar.properties.isAlphanumeric) else {
                throw error("`\\\(scalar)` is not supported", at: start)
            }
            return ScalarSet([scalar.value...scalar.value])
        }
    }

    private mutating func parseSet(openedAt start: Int) throws(PatternError) -> ScalarSet {
        let negated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            let memberStart = position
            if scalar == "[", position + 1 < scalars.count, ":.=".unicodeScalars.contains(scalars[position + 1]) {
                throw error("classes such as `[:alpha:]` are not supported; write `a-zA-Z`")
            }
            let member = try parseMember()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges += member.expanded
                continue
            }
            position += 1
            let upper = try parseMember()
            guard let first = member.single, let last = upper.single, first <= last else {
                throw error("a range runs from a lower character to a higher one", at: memberStart)
            }
            ranges.append(first...last)
        }
        guard take("]") else { throw error("`[` is never closed; escape a literal one as `\\[`", at: start) }
        return ScalarSet(ranges, negated: negated)
    }

    private mutating func parseMember() throws(PatternError) -> ScalarSet {
        let start = position
        guard let scalar = current else { throw error("a set is never closed") }
        position += 1
        return scalar == "\\" ? try parseEscape(startingAt: start) : ScalarSet([scalar.value...scalar.value])
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isAlphanumeric: Bool { isAlphabetic || numericType != nil }
}
