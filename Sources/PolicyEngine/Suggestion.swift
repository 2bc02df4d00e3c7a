/// Finds the known name that a misspelt one was probably meant to be.
enum Suggestion {
    /// Longer names are nobody's slip of the finger; so a whole name fits in one word of bits.
    private static let maximumLength = 64

    /// `` "; did you mean `replicas`?" ``, or nothing when no name is near.
    static func text(for name: String, among known: some Sequence<String>) -> String {
        guard let distance = EditDistance(name, limit: maximumLength) else { return "" }
        var best: (name: String, distance: Int)?
        for candidate in known where candidate.utf8.count <= maximumLength {
            let shorter = min(distance.length, candidate.utf8.count)
            let limit = max(1, shorter / 3)
            // No distance is less than the difference of the lengths.
            guard abs(distance.length - candidate.utf8.count) <= limit else { continue }
            let found = distance.from(candidate)
            // Equal distances: the first by name, so that the message does not depend on a dictionary's order.
            if found <= limit, best.map({ (found, candidate) < ($0.distance, $0.name) }) ?? true {
                best = (candidate, found)
            }
        }
        return best.map { "; did you mean `\($0.name)`?" } ?? ""
    }
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) between one text and others, a whole
/// row of the table in each step (Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances").
private struct EditDistance {
    let length: Int
    /// For each byte, where it stands in the text.
    private var places = [UInt64](repeating: 0, count: 256)

    /// - Returns: nil for a text of more bytes than `limit`, at most 64.
    init?(_ text: String, limit: Int) {
        length = text.utf8.count
        guard length <= min(limit, 64) else { return nil }
        for (index, byte) in text.utf8.enumerated() { places[Int(byte)] |= 1 << UInt64(index) }
    }

    func from(_ other: String) -> Int {
        guard length > 0 else { return other.utf8.count }
        var distance = length
        let last: UInt64 = 1 << UInt64(length - 1)
        var (positive, negative, diagonal, previous): (UInt64, UInt64, UInt64, UInt64) = (.max, 0, 0, 0)
        for byte in other.utf8 {
            let match = places[Int(byte)]
            let swap = (((~diagonal) & match) << 1) & previous
            diagonal = (((match & positive) &+ positive) ^ positive) | match | negative | swap
            let up = negative | ~(diagonal | positive)
            let down = diagonal & positive
            if up & last != 0 { distance += 1 }
            if down & last != 0 { distance -= 1 }
            let shifted = up << 1 | 1
            negative = diagonal & shifted
            positive = (down << 1) | ~(diagonal | shifted)
            previous = match
        }
        return distance
    }
}
