internal import CommandLineParsing
internal import OperatingSystem

/// The `agentsafe-bench` command line: one benchmark a command, one file a benchmark.
enum BenchTool {
    static var benchmarks: [any Benchmark.Type] {
        [
            CommandLineBenchmark.self, LedgerBenchmark.self, VerifyBenchmark.self, PolicyBenchmark.self,
            KubernetesBenchmark.self,
        ]
    }

    private static let root = CommandSpec(
        name: "agentsafe-bench", summary: "Measure what agentsafe costs, as ratios to stock programs in the same run.",
        discussion: "Build with `-c release`: a debug build says nothing about speed.",
        example: "swift run -c release agentsafe-bench cli --runs 50", subcommands: benchmarks.map { $0.spec },
        exitCodes: [
            ExitCodeSpec(0, "every limit is kept"), ExitCodeSpec(1, "a limit is missed, or a program failed"),
            ExitCodeSpec(2, "the command line is wrong"),
        ])

    /// - Parameter arguments: the program's path first.
    static func run(_ arguments: [String], host: Host) -> Int32 {
        let parsed: ParsedCommand
        do {
            parsed = try root.parse(Array(arguments.dropFirst()))
        } catch {
            say("agentsafe-bench: \(error.message)")
            return 2
        }
        if parsed.wantsHelp {
            print(root.help(for: parsed.path))
            return 0
        }
        guard let benchmark = benchmarks.first(where: { [$0.spec.name] == parsed.path }) else {
            print(root.help())
            return 2
        }
        do {
            let settings = try BenchmarkSettings(parsed, program: arguments.first ?? "", host: host)
            let report = try benchmark.run(settings)
            print(settings.wantsJSON ? report.json.prettyText : report.text)
            return report.isWithinLimits ? 0 : 1
        } catch let error as BenchmarkError {
            say("agentsafe-bench: \(error)")
            return error.isUsage ? 2 : 1
        } catch {
            say("agentsafe-bench: \(error)")
            return 1
        }
    }

    static func say(_ line: String) {
        try? Files.write(descriptor: 2, Array((line + "\n").utf8), name: "standard error")
    }
}
