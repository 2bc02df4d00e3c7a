/// Words that a person typed: how to show them, and what they may have meant.
public enum Spelling {
    private static let maximumLength = 60

    /// `` `word` ``, shortened, and in printable ASCII, so that a message stays one line whatever was typed.
    public static func quoted(_ word: String) -> String {
        var shown = ""
        for scalar in word.unicodeScalars.prefix(maximumLength) {
            if (0x20...0x7E).contains(scalar.value), scalar != "`" {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return "`\(shown)\(word.unicodeScalars.dropFirst(maximumLength).isEmpty ? "" : "…")`"
    }

    /// `` "; did you mean `--target`?" ``, or nothing when no known word is near.
    public static func suggestion(for word: String, among known: [String], prefix: String = "") -> String {
        guard word.utf8.count <= maximumLength else { return "" }
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = distance(Array(word.utf8), Array(candidate.utf8))
            let limit = max(1, min(word.utf8.count, candidate.utf8.count) / 3)
            let isContinued = word.utf8.count >= 2 && candidate.hasPrefix(word)
            if distance <= limit || isContinued, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best.map { "; did you mean `\(prefix)\($0.word)`?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var rows = [Array(0...right.count)]
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = rows[row][column] + (letter == other ? 0 : 1)
                var cost = min(replaced, rows[row][column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, rows[row - 1][column - 1] + 1)
                }
                current.append(cost)
            }
            rows.append(current)
        }
        return rows[left.count][right.count]
    }
}
