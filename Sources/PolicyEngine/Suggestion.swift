/// Finds the known name that a misspelt one was probably meant to be.
enum Suggestion {
    private static let maximumLength = 100

    /// `` "; did you mean `replicas`?" ``, or nothing when no name is near.
    static func text(for name: String, among known: some Sequence<String>) -> String {
        guard name.utf8.count <= maximumLength else { return "" }
        let letters = Array(name.utf8)
        var best: (name: String, distance: Int)?
        for candidate in known where candidate.utf8.count <= maximumLength {
            let distance = distance(letters, Array(candidate.utf8))
            let isNear = distance <= max(1, min(letters.count, candidate.utf8.count) / 3)
            // Equal distances: the first by name, so that the message does not depend on a dictionary's order.
            if isNear, best.map({ (distance, candidate) < ($0.distance, $0.name) }) ?? true {
                best = (candidate, distance)
            }
        }
        return best.map { "; did you mean `\($0.name)`?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    previous[column] + (letter == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
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
