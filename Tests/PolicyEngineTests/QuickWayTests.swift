import TestSupport
import Testing

@testable import PolicyEngine

/// What is worked out beforehand, or 64 at a time, says the same as the plain way.
@Suite("A quick way")
struct QuickWayTests {
    @Test("a pattern's table says what its threads say, on random patterns and texts")
    func patterns() throws {
        var random = SeededGenerator(stream: 71)
        var (compiled, matched, refused) = (0, 0, 0)
        for _ in 0..<3000 {
            let text = Self.pattern(depth: 3, &random)
            guard let pattern = try? Pattern(text) else { continue }
            compiled += 1
            for _ in 0..<20 {
                let letters = (0..<random.below(7)).map { _ in random.pick(["a", "b", "c", "-", "1", "\n", "é"]) }
                let candidate = letters.joined()
                let expected = pattern.matchesByThreads(candidate)
                #expect(pattern.matches(candidate) == expected, "\(text) on \(candidate.debugDescription)")
                if expected { matched += 1 } else { refused += 1 }
            }
        }
        #expect(compiled > 2000 && matched > 2000 && refused > 2000, "\(compiled), \(matched), \(refused)")
    }

    private static func pattern(depth: Int, _ random: inout SeededGenerator) -> String {
        let atom = random.pick(["a", "b", "[ab]", "[^a]", ".", "\\d", "\\w", "é", "^", "$", "-", "[a-c1]"])
        guard depth > 0 else { return atom }
        switch random.below(6) {
        case 0: return "(\(pattern(depth: depth - 1, &random))|\(pattern(depth: depth - 1, &random)))"
        case 1: return "(\(pattern(depth: depth - 1, &random)))" + random.pick(["*", "+", "?", "{0,3}", "{2}", "{1,}"])
        case 2, 3: return pattern(depth: depth - 1, &random) + pattern(depth: depth - 1, &random)
        default: return atom
        }
    }

    @Test("an expression that is made to be slow gets no table, and is matched in time all the same")
    func hugePatterns() throws {
        let pattern = try Pattern("(a|b|[a-z]){0,400}(x|y)?([0-9]{0,300}a){0,20}")
        #expect(pattern.matches(String(repeating: "ab", count: 100)))
        #expect(!pattern.matches(String(repeating: "ab", count: 100) + "!"))
        let exponential = try Pattern("(a*)*(a|aa)*b")
        #expect(!exponential.matches(String(repeating: "a", count: 50_000)))
    }

    @Test("the nearest name is the one that counting edits in a table finds")
    func suggestions() {
        var random = SeededGenerator(stream: 72)
        var found = 0
        for _ in 0..<5000 {
            let known = (0..<6).map { _ in Self.word(&random) }
            var letters = Array(random.pick(known))
            for _ in 0..<random.below(4) where letters.count > 1 {
                let place = random.below(letters.count - 1)
                switch random.below(4) {
                case 0: letters.remove(at: place)
                case 1: letters.insert("a", at: place)
                case 2: letters.swapAt(place, place + 1)
                default: letters[place] = "b"
                }
            }
            let name = String(letters)
            let expected = Self.nearest(to: name, among: known).map { "; did you mean `\($0)`?" } ?? ""
            if !expected.isEmpty { found += 1 }
            #expect(Suggestion.text(for: name, among: known) == expected, "\(name) among \(known)")
        }
        #expect(found > 2000 && found < 5000, "\(found)")
        let long = String(repeating: "a", count: 64)
        #expect(Suggestion.text(for: long, among: [long.dropLast() + "b"]) == "; did you mean `\(long.dropLast())b`?")
        #expect(Suggestion.text(for: long + "a", among: [long]) == "")
        #expect(Suggestion.text(for: "", among: ["a"]) == "; did you mean `a`?")
    }

    private static func word(_ random: inout SeededGenerator) -> String {
        (0..<1 + random.below(12)).map { _ in random.pick(["a", "b", "c", "d", "-"]) }.joined()
    }

    private static func nearest(to name: String, among known: [String]) -> String? {
        let left = Array(name.utf8)
        var best: (distance: Int, name: String)?
        for candidate in known {
            let right = Array(candidate.utf8)
            var table = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
            for row in 0...left.count {
                for column in 0...right.count {
                    guard row > 0, column > 0 else {
                        table[row][column] = row + column
                        continue
                    }
                    let isSame = left[row - 1] == right[column - 1]
                    var cost = min(table[row - 1][column], table[row][column - 1]) + 1
                    cost = min(cost, table[row - 1][column - 1] + (isSame ? 0 : 1))
                    if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                        cost = min(cost, table[row - 2][column - 2] + 1)
                    }
                    table[row][column] = cost
                }
            }
            let distance = table[left.count][right.count]
            guard distance <= max(1, min(left.count, right.count) / 3) else { continue }
            if best.map({ (distance, candidate) < $0 }) ?? true { best = (distance, candidate) }
        }
        return best?.name
    }
}
