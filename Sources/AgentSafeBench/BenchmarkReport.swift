internal import ChangeModel

/// What a benchmark found. The first row is what the others are compared with.
struct BenchmarkReport {
    struct Row {
        let name: String
        let samples: Samples
        let ratio: Double
        let limit: Double?

        var isWithinLimit: Bool { limit.map { ratio <= $0 } ?? true }
    }

    let benchmark: String
    let runs: Int
    let rows: [Row]

    init(_ benchmark: String, runs: Int, subjects: [Subject], samples: [Samples]) {
        self.benchmark = benchmark
        self.runs = runs
        let base = Double(samples[0].median)
        rows = zip(subjects, samples).map { subject, samples in
            Row(name: subject.name, samples: samples, ratio: Double(samples.median) / base, limit: subject.limit)
        }
    }

    var isWithinLimits: Bool { rows.allSatisfy(\.isWithinLimit) }

    var json: JSONValue {
        [
            "benchmark": .string(benchmark), "runs": .integer(Int64(runs)), "baseline": .string(rows[0].name),
            "within_limits": .bool(isWithinLimits),
            "rows": .array(
                rows.map { row in
                    .compact([
                        "name": .string(row.name), "minimum_ns": .integer(Int64(row.samples.minimum)),
                        "median_ns": .integer(Int64(row.samples.median)),
                        "p95_ns": .integer(Int64(row.samples.percentile95)), "ratio": .number(Self.rounded(row.ratio)),
                        "limit": row.limit.map { .number($0) },
                        "within_limit": row.limit.map { _ in .bool(row.isWithinLimit) },
                    ])
                }),
        ]
    }

    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        func line(_ name: String, _ columns: [String]) -> String {
            name + Self.spaces(width - name.count) + columns.map { "  " + Self.spaces(9 - $0.count) + $0 }.joined()
        }
        var lines = [
            "\(benchmark): \(runs) runs of each, in turn; whole processes",
            line("", ["min ms", "median ms", "p95 ms", "ratio", "limit"]),
        ]
        for row in rows {
            let times = [row.samples.minimum, row.samples.median, row.samples.percentile95].map(Self.milliseconds)
            let limit = row.limit.map { Self.decimal($0) + (row.isWithinLimit ? "" : " missed") } ?? "-"
            lines.append(line(row.name, times + [Self.decimal(row.ratio), limit]))
        }
        return lines.joined(separator: "\n")
    }

    private static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
    private static func milliseconds(_ nanoseconds: UInt64) -> String { decimal(Double(nanoseconds) / 1_000_000) }

    /// Two digits after the point.
    private static func decimal(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
    }
}
