internal import OperatingSystem

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same numbers for the same seed everywhere.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// `AGENTSAFE_TEST_SEED`, or a fixed number; printed once, so that a failure can be had again.
    public static let seed: UInt64 = {
        let seed = Host.real().environment["AGENTSAFE_TEST_SEED"].flatMap { UInt64($0) } ?? 20_261_122
        print("seed: AGENTSAFE_TEST_SEED=\(seed)")
        return seed
    }()

    private var state: UInt64

    /// - Parameter stream: streams of one seed are independent of one another.
    public init(stream: UInt64 = 0) {
        state = Self.seed &+ stream &* 0xD1B5_4A32_D192_ED03
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0..<bound; cheaper than `Int.random`, and even enough for tests.
    public mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % max(1, bound) }

    /// True `percent` times in a hundred.
    public mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Some of the elements, each with the given chance, in their order.
    public mutating func some<Element>(of elements: [Element], percent: Int = 50) -> [Element] {
        var chosen: [Element] = []
        for element in elements where chance(percent) { chosen.append(element) }
        return chosen
    }
}
