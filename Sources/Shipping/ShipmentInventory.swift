/// Which shipments are at a place.
public struct ShipmentInventory: Sendable {
    /// Heights without a gap each, in order.
    public private(set) var ranges: [ClosedRange<Int>] = []
    /// Names that look like a shipment's and are none; the first of them.
    public private(set) var extra: [String] = []
    public private(set) var extraCount = 0
    /// Other things that lie there.
    public private(set) var others = 0

    /// Shipments that one place can hold; a longer list is refused.
    public static let maximumCount = 5_000_000
    static let maximumExtra = 100

    public init() {}

    /// - Parameter newest: everything up to it is there.
    init(through newest: Int?) { ranges = newest.map { [0...$0] } ?? [] }

    /// - Parameter names: in any order.
    init(names: some Sequence<String>) {
        var heights: [Int] = []
        for name in names { note(name, &heights) }
        for height in heights.sorted() {
            if let last = ranges.last, last.upperBound >= height - 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(height, last.upperBound)
            } else {
                ranges.append(height...height)
            }
        }
    }

    private mutating func note(_ name: String, _ heights: inout [Int]) {
        if let height = Shipment.height(of: name) {
            heights.append(height)
        } else if Shipment.resembles(name) {
            extraCount += 1
            if extra.count < Self.maximumExtra { extra.append(name) }
        } else {
            others += 1
        }
    }

    public var newest: Int? { ranges.last?.upperBound }
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    public func contains(_ height: Int) -> Bool { ranges.contains { $0.contains(height) } }

    /// What is not there of the heights from 0 on.
    public func missing(through height: Int) -> [ClosedRange<Int>] {
        var (missing, next): ([ClosedRange<Int>], Int) = ([], 0)
        for range in ranges where range.lowerBound <= height {
            if range.lowerBound > next { missing.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= height { missing.append(next...height) }
        return missing
    }
}
