internal import ChangeModel

/// How much of something was done in a second, each row beside the first of its group.
struct RatesReport: BenchmarkReport {
    struct Row {
        let name: String
        /// Empty: not measured here, which `remark` explains.
        let rates: [Double]
        /// The least that the median must be.
        var limit: Double?
        /// The least that the median must be of the row before, where that is a peer: `5` is five times as much.
        var factor: (of: String, rate: Double, least: Double)?
        var remark = ""

        var median: Double {
            let sorted = rates.sorted()
            return rates.isEmpty ? 0 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }

        var isWithinLimit: Bool {
            if rates.isEmpty { return true }
            return (limit.map { median >= $0 } ?? true) && (factor.map { median >= $0.rate * $0.least } ?? true)
        }

        var json: JSONValue {
            .compact([
                "name": .string(name), "per_second": rates.isEmpty ? .null : .number(TimesReport.rounded(median)),
                "minimum": rates.min().map { .number(TimesReport.rounded($0)) },
                "maximum": rates.max().map { .number(TimesReport.rounded($0)) },
                "limit": limit.map { .number($0) },
                "times": factor.map { .number(TimesReport.rounded(median / $0.rate)) },
                "times_limit": factor.map { .number($0.least) },
                "within_limit": limit == nil && factor == nil ? nil : .bool(isWithinLimit),
                "remark": remark.isEmpty ? nil : .string(remark),
            ])
        }
    }

    let benchmark: String
    let runs: Int
    let rows: [Row]
    /// Figures with a limit of their own.
    var sizes: [(name: String, megabytes: Double, most: Double)] = []

    var isWithinLimits: Bool { rows.allSatisfy(\.isWithinLimit) && sizes.allSatisfy { $0.megabytes <= $0.most } }

    var json: JSONValue {
        [
            "benchmark": .string(benchmark), "runs": .integer(Int64(runs)), "within_limits": .bool(isWithinLimits),
            "rows": .array(rows.map(\.json)),
            "sizes": .array(
                sizes.map {
                    [
                        "name": .string($0.name), "megabytes": .number(TimesReport.rounded($0.megabytes)),
                        "limit": .number($0.most),
                    ]
                }),
        ]
    }

    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        var lines = ["\(benchmark): \(runs) runs of each, one core, medians"]
        for row in rows {
            let name = row.name + String(repeating: " ", count: width - row.name.count)
            guard !row.rates.isEmpty else {
                lines.append("\(name)  \(row.remark)")
                continue
            }
            var line = "\(name)  \(Self.rate(row.median)) a second"
            line += ", \(Self.rate(row.rates.min() ?? 0)) to \(Self.rate(row.rates.max() ?? 0))"
            if let limit = row.limit { line += "; at least \(Self.rate(limit))" }
            if let factor = row.factor {
                line +=
                    "; \(TimesReport.decimal(row.median / factor.rate)) × \(factor.of), at least "
                    + TimesReport.decimal(factor.least)
            }
            if !row.isWithinLimit { line += " missed" }
            lines.append(line + (row.remark.isEmpty ? "" : "; \(row.remark)"))
        }
        for size in sizes {
            lines.append(
                "\(size.name): \(TimesReport.decimal(size.megabytes)) MB, at most \(TimesReport.decimal(size.most))"
                    + (size.megabytes <= size.most ? "" : " missed"))
        }
        return lines.joined(separator: "\n")
    }

    /// Whole numbers where there are enough digits before the point.
    private static func rate(_ number: Double) -> String {
        number >= 100 ? String(Int(number)) : TimesReport.decimal(number)
    }
}
