internal import ChangeModel

/// How many of something were done in a second.
struct RatesReport: BenchmarkReport {
    struct Row {
        let name: String
        let rates: [Double]
        /// The least that the median must be.
        var limit: Double?

        var median: Double {
            let sorted = rates.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
        var isWithinLimit: Bool { limit.map { median >= $0 } ?? true }
    }

    let benchmark: String
    let runs: Int
    let rows: [Row]

    var isWithinLimits: Bool { rows.allSatisfy(\.isWithinLimit) }
    var json: JSONValue { ["benchmark": .string(benchmark)] }
    var text: String {
        rows.map {
            "\($0.name): \(Int($0.median)) a second, \(Int($0.rates.min() ?? 0)) to \(Int($0.rates.max() ?? 0))"
        }
        .joined(separator: "\n")
    }
}
