import ChangeModel

/// Finds targets that may be one real thing though their locators differ: of one type, with other keys, and no key on which
/// they contradict each other. A lock on one would not hold for the other.
struct InventoryOverlap {
    /// The most sets of locator keys that the targets of one type may use.
    static let maximumKeySets = 20

    struct Finding {
        let target: TargetEntry
        let other: TargetEntry
    }

    /// At most one finding for each target, in the order given.
    let findings: [Finding]
    /// Types whose targets use more sets of keys than are compared.
    let tooMany: [String]

    init(_ targets: [TargetEntry]) {
        var findings: [Finding] = []
        var tooMany: [String] = []
        let located = targets.filter { !$0.locator.isEmpty }
        for (type, members) in Dictionary(grouping: located, by: \.type).sorted(by: { $0.key < $1.key }) {
            let kinds = Dictionary(grouping: members) { Set($0.place.keys) }
            guard kinds.count <= Self.maximumKeySets else {
                tooMany.append(type)
                continue
            }
            findings += Self.compare(
                kinds.sorted { $0.key.sorted().joined(separator: " ") < $1.key.sorted().joined(separator: " ") })
        }
        self.findings = findings.sorted { $0.target.location.line < $1.target.location.line }
        self.tooMany = tooMany
    }

    private static func compare(_ kinds: [(key: Set<String>, value: [TargetEntry])]) -> [Finding] {
        var found: [String: Finding] = [:]
        for (index, one) in kinds.enumerated() {
            for other in kinds[(index + 1)...] {
                let shared = one.key.intersection(other.key)
                let places = Dictionary(grouping: one.value) { $0.place.filter { shared.contains($0.key) } }
                for target in other.value {
                    guard let match = places[target.place.filter({ shared.contains($0.key) })]?.first else {
                        continue
                    }
                    // The later one in the file is the one to correct.
                    let (late, early) =
                        target.location.line > match.location.line ? (target, match) : (match, target)
                    found[late.id] = found[late.id] ?? Finding(target: late, other: early)
                }
            }
        }
        return Array(found.values)
    }
}
