/// The known word that somebody probably meant.
enum Suggestion {
    /// `did you mean `priority`?`, or nil when nothing known is near.
    static func advice(for word: String, among known: some Sequence<String>) -> String? {
        nearest(to: word, among: known).map { "did you mean `\($0)`?" }
    }

    static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let letters = Array(fold(word))
        guard (1...64).contains(letters.count) else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in known where candidate != word {
            let other = Array(fold(candidate))
            guard other.count <= 64 else { continue }
            let distance = editDistance(letters, other)
            let allowed = max(1, min(letters.count, other.count) / 3)
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Case and the choice of separator are no difference worth counting.
    private static func fold(_ word: String) -> String.UTF8View {
        String(word.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 }).utf8
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
