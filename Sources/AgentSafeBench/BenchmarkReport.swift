internal import ChangeModel

/// Times of several subjects, each with its ratio to the one that it is compared with.
struct TimesReport: BenchmarkReport {
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
    /// Lines for people, and members of the JSON, beyond the times.
    let remarks: [(name: String, words: String, value: JSONValue)]

    init(
        _ benchmark: String, runs: Int, subjects: [Subject], samples: [Samples],
        remarks: [(name: String, words: String, value: JSONValue)] = []
    ) {
        self.benchmark = benchmark
        self.runs = runs
        self.remarks = remarks
        rows = zip(subjects, samples).map { subject, times in
            Row(
                name: subject.name, samples: times,
                ratio: Double(times.median) / Double(samples[subject.baseline].median), limit: subject.limit)
        }
    }

    var isWithinLimits: Bool { rows.allSatisfy(\.isWithinLimit) }

    var json: JSONValue {
        var members: JSONValue = [
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
        for remark in remarks { members[remark.name] = remark.value }
        return members
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
        lines += remarks.map(\.words)
        return lines.joined(separator: "\n")
    }

    static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
    private static func milliseconds(_ nanoseconds: UInt64) -> String { decimal(Double(nanoseconds) / 1_000_000) }

    /// Two digits after the point.
    static func decimal(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
    }
}
