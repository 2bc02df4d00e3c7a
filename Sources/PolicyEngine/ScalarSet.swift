/// A set of Unicode scalars, as ranges of their values.
struct ScalarSet: Hashable, Sendable {
    let ranges: [ClosedRange<UInt32>]
    let negated: Bool
    /// One bit for each ASCII character, negation applied: nearly all that is ever asked.
    private let ascii: (low: UInt64, high: UInt64)

    init(_ ranges: [ClosedRange<UInt32>], negated: Bool = false) {
        self.ranges = ranges
        self.negated = negated
        var low: UInt64 = 0
        var high: UInt64 = 0
        for value in UInt32(0)..<128 where ranges.contains(where: { $0.contains(value) }) != negated {
            if value < 64 { low |= 1 << UInt64(value) } else { high |= 1 << UInt64(value - 64) }
        }
        ascii = (low, high)
    }

    static func range(_ first: Unicode.Scalar, _ last: Unicode.Scalar) -> ClosedRange<UInt32> {
        min(first.value, last.value)...max(first.value, last.value)
    }

    static let digits = ScalarSet([range("0", "9")])
    static let wordCharacters = ScalarSet([range("0", "9"), range("A", "Z"), range("_", "_"), range("a", "z")])
    static let whiteSpace = ScalarSet([0x09...0x0D, 0x20...0x20])

    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return ascii.low >> UInt64(value) & 1 == 1 }
        if value < 128 { return ascii.high >> UInt64(value - 64) & 1 == 1 }
        return ranges.contains { $0.contains(value) } != negated
    }

    /// The one member, where there is exactly one.
    var single: UInt32? {
        guard !negated, ranges.count == 1, let only = ranges.first, only.count == 1 else { return nil }
        return only.lowerBound
    }

    /// The members as plain ranges.
    var expanded: [ClosedRange<UInt32>] {
        guard negated else { return ranges }
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return gaps
    }

    static func == (left: ScalarSet, right: ScalarSet) -> Bool {
        left.ranges == right.ranges && left.negated == right.negated
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ranges)
        hasher.combine(negated)
    }
}
