internal import ChangeModel
internal import CommandLineParsing
internal import Documents
internal import NaiveEngine
internal import OperatingSystem
internal import PolicyEngine

/// Decisions a second on one core, and what loading a large catalogue costs, beside the Python packages on the same files and
/// requests.
enum PolicyBenchmark: Benchmark {
    static let spec = CommandSpec(
        name: "pdp",
        summary: "Decisions a second on one core, and loading a large catalogue, beside Python's packages.",
        discussion:
            "Requests lie in memory, and every decision is kept as a whole value. Times are those of the one thread (its CPU "
            + "time), so what else the machine does counts little. The peers are the packages agent-safe and cedarpy, and "
            + "PyYAML's C loader, of `AGENTSAFE_BENCH_PYTHON` or `python3`; what is not installed there is left out. Cedar "
            + "has neither priorities nor a third answer: it is asked rules of the same conditions, and answers an easier "
            + "question.",
        example: "agentsafe-bench pdp --runs 5", options: BenchmarkSettings.options)

    static let limits = (defaults: 1_500_000.0, many: 500_000.0, loading: 5.0, megabytes: 100.0)

    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport {
        let parent = settings.host.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let directory = try Files.temporaryDirectory(in: parent, prefix: "agentsafe-bench-")
        defer { try? Files.removeTree(directory) }
        let peers = PythonPeers(settings.host)
        let large = PolicyWorkload.large()
        try large.write(to: "\(directory)/large")
        // First of all programs: what is read is the largest of all that have ended.
        let memory = try loadedMegabytes(settings, folder: "\(directory)/large")
        var rows: [RatesReport.Row] = []
        for (workload, limit) in [
            (try PolicyWorkload.defaults(count: 4096), limits.defaults),
            (try PolicyWorkload.many(count: 4096), limits.many),
        ] {
            rows += try decisions(workload, limit: limit, settings, peers, folder: "\(directory)/\(rows.count)")
        }
        rows += try loading(large, settings, peers, folder: "\(directory)/large")
        return RatesReport(
            benchmark: "pdp", runs: settings.runs, rows: rows,
            sizes: [("largest memory of a process that loads \(large.name)", memory, limits.megabytes)])
    }

    // MARK: - Deciding

    private static func decisions(
        _ workload: PolicyWorkload, limit: Double, _ settings: BenchmarkSettings, _ peers: PythonPeers, folder: String
    ) throws -> [RatesReport.Row] {
        let engine = PolicyEngine(catalogue: try CatalogueLoader.load(from: MemorySource(files: workload.files)))
        let ours = rates(settings.runs) { decide(workload.requests, engine) }
        try workload.write(to: folder)
        try workload.writeRequests(
            to: folder, answers: workload.requests.map { engine.decide($0, now: PolicyWorkload.now) })
        let answer = try peers.run("decide", folder: folder, seconds: 1)
        func peer(_ name: String, _ member: String) -> RatesReport.Row {
            let found = answer?[member]
            let rate = found?["rate"].flatMap(\.doubleValue)
            let alike = found?["alike"]?.integerValue.map {
                "\($0) of \(workload.requests.count) answers alike"
            }
            return RatesReport.Row(
                name: "  \(name)", rates: rate.map { [$0] } ?? [],
                remark: rate == nil ? "not installed here" : alike ?? "")
        }
        return [
            RatesReport.Row(name: workload.name, rates: ours, limit: limit),
            try naive(workload, engine, settings), peer("agent-safe (Python)", "agent_safe"),
            peer("cedarpy", "cedarpy"),
        ]
    }

    /// The second engine of the tests, which prepares nothing and must answer alike.
    private static func naive(
        _ workload: PolicyWorkload, _ engine: PolicyEngine, _ settings: BenchmarkSettings
    ) throws -> RatesReport.Row {
        let question = PlainQuestion(catalogue: engine.catalogue)
        let few = workload.requests.prefix(32)
        let alike = few.count {
            question.answer($0, now: PolicyWorkload.now) == engine.decide($0, now: PolicyWorkload.now).result
        }
        let rates = rates(min(3, settings.runs)) {
            few.map { question.answer($0, now: PolicyWorkload.now) }.count
        }
        return RatesReport.Row(
            name: "  the naive engine of the tests", rates: rates, remark: "\(alike) of \(few.count) answers alike")
    }

    /// Every decision is kept until all are made: nothing of a value can be left out.
    @inline(never)
    private static func decide(_ requests: [DecisionRequest], _ engine: PolicyEngine) -> Int {
        var decisions: [Decision] = []
        decisions.reserveCapacity(requests.count)
        for request in requests { decisions.append(engine.decide(request, now: PolicyWorkload.now)) }
        return decisions.count
    }

    /// Runs `body` for half a second or more in each of `runs` rounds, after one that does not count.
    private static func rates(_ runs: Int, _ body: () throws -> Int) rethrows -> [Double] {
        var rates: [Double] = []
        for round in 0...runs {
            var count = 0
            let start = Host.threadTimeNanoseconds()
            var elapsed: UInt64 = 0
            repeat {
                count += try body()
                elapsed = Host.threadTimeNanoseconds() - start
            } while elapsed < 500_000_000
            if round > 0 { rates.append(Double(count) / Double(elapsed) * 1_000_000_000) }
        }
        return rates
    }

    // MARK: - Loading

    private static func loading(
        _ workload: PolicyWorkload, _ settings: BenchmarkSettings, _ peers: PythonPeers, folder: String
    ) throws -> [RatesReport.Row] {
        let ours = try rates(settings.runs) {
            let engine = PolicyEngine(catalogue: try CatalogueLoader.load(from: MemorySource(files: workload.files)))
            return min(1, engine.catalogue.rules.count)
        }
        let theirs = try peers.run("load", folder: folder, seconds: 3)?["pyyaml"].flatMap(\.doubleValue)
        return [
            RatesReport.Row(
                name: "loading \(workload.name)", rates: ours,
                factor: theirs.map { ("PyYAML's C loader", $0, limits.loading) }),
            RatesReport.Row(
                name: "  PyYAML, CSafeLoader: parsing alone", rates: theirs.map { [$0] } ?? [],
                remark: theirs == nil ? "not installed here" : ""),
        ]
    }

    /// The most memory that `agentsafe check` needs in that folder, from its start to its end.
    private static func loadedMegabytes(_ settings: BenchmarkSettings, folder: String) throws -> Double {
        let before = ProcessUsage.largestChildBytes()
        let arguments = [
            settings.agentsafe, "check", "scale-deployment", "--target", "staging/app-1", "--param", "replicas=2",
        ]
        let result = try Program.run(
            ["sh", "-c", "cd \"$0\" && exec \"$@\"", folder] + arguments, environment: settings.host.environment)
        guard [0, 10, 20].contains(result.status) else {
            throw BenchmarkError(description: "agentsafe check failed: \(result.errorText.suffix(500))")
        }
        let after = ProcessUsage.largestChildBytes()
        guard after > before else { throw BenchmarkError(description: "another program needed more memory before") }
        return Double(after) / 1_000_000
    }
}

extension JSONValue {
    var doubleValue: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
