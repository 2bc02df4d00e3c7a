internal import ChangeModel
internal import CommandLineParsing
internal import Documents
internal import OperatingSystem
internal import PolicyEngine

/// Decisions a second on one core.
enum PolicyBenchmark: Benchmark {
    static let spec = CommandSpec(
        name: "pdp", summary: "Decisions a second on one core, requests in memory, whole decision values.",
        example: "agentsafe-bench pdp --runs 5", options: BenchmarkSettings.options)

    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport {
        var rows: [RatesReport.Row] = []
        for (workload, limit) in [
            (try PolicyWorkload.defaults(count: 4096), 1_500_000.0), (try PolicyWorkload.many(count: 4096), 500_000.0),
        ] {
            let engine = PolicyEngine(catalogue: try CatalogueLoader.load(from: MemorySource(files: workload.files)))
            rows.append(
                .init(
                    name: workload.name, rates: try rates(settings.runs) { decide(workload.requests, engine) },
                    limit: limit))
        }
        return RatesReport(benchmark: "pdp", runs: settings.runs, rows: rows)
    }

    /// Every decision is kept until all are made: nothing of a value can be left out.
    @inline(never)
    private static func decide(_ requests: [DecisionRequest], _ engine: PolicyEngine) -> Int {
        var decisions: [Decision] = []
        decisions.reserveCapacity(requests.count)
        for request in requests { decisions.append(engine.decide(request, now: PolicyWorkload.now)) }
        return decisions.count
    }

    /// Runs `body` for a second or more in each of `runs` rounds, after one that does not count.
    private static func rates(_ runs: Int, _ body: () -> Int) throws -> [Double] {
        var rates: [Double] = []
        for round in 0...runs {
            var count = 0
            let start = Host.bootTimeNanoseconds()
            var elapsed: UInt64 = 0
            repeat {
                count += body()
                elapsed = Host.bootTimeNanoseconds() - start
            } while elapsed < 500_000_000
            if round > 0 { rates.append(Double(count) / Double(elapsed) * 1_000_000_000) }
        }
        return rates
    }
}
