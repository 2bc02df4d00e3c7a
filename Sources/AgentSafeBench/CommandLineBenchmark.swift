internal import CommandLineParsing
internal import OperatingSystem

/// What one call of the command line costs, whole process, beside `git verify-commit` of one commit that is signed with an ssh
/// key.
enum CommandLineBenchmark: Benchmark {
    static let spec = CommandSpec(
        name: "cli", summary: "Whole processes: --version, check, gate, beside `git verify-commit`.",
        example: "agentsafe-bench cli --runs 50 --output json", options: BenchmarkSettings.options)

    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport {
        let fixture = try GovernanceFixture(settings)
        let branch = try fixture.propose()
        let marks = "\(fixture.state)/agentsafe/marks"
        func gate() throws { try fixture.agentsafe("gate", "--base", "origin/main", "--head", branch) }
        let subjects = [
            Subject(name: "git verify-commit", limit: nil) { try fixture.run(["git", "verify-commit", "HEAD"]) },
            Subject(name: "agentsafe --version", limit: 1) { try fixture.agentsafe("--version") },
            Subject(name: "agentsafe check", limit: 2.5) {
                try fixture.agentsafe(
                    "check", "scale-deployment", "--target", "staging/api-server", "--as", "deploy-agent-01", "--param",
                    "replicas=6")
            },
            Subject(name: "agentsafe gate", limit: 6) { try gate() },
            // As on a machine that never saw the repository: everything is verified from the genesis.
            Subject(name: "agentsafe gate, from genesis", limit: nil) {
                try Files.removeTree(marks)
                try gate()
            },
        ]
        let samples = try Measurement.interleave(subjects, runs: settings.runs)
        return TimesReport("cli", runs: settings.runs, subjects: subjects, samples: samples)
    }
}
