internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

/// How fast a whole history is proven by somebody who never saw it, beside what the cryptography alone would take, and beside
/// stock git, which checks the signatures and nothing else.
enum VerifyBenchmark: Benchmark {
    static let spec = CommandSpec(
        name: "verify", summary: "Events verified a second, beside OpenSSL's own rate and `git log --format=%G?`.",
        discussion:
            "Cold: a new process each time, no high-water marks; the repository is packed by `git gc`, as a server "
            + "would. OpenSSL's rate is that of `openssl speed -multi` on all cores.",
        example: "agentsafe-bench verify --runs 5 --events 20000",
        options: [BenchmarkSettings.events, BenchmarkSettings.keep] + BenchmarkSettings.options)

    /// Of the raw rate, and of git's.
    static let limits = (raw: 0.5, git: 50.0)
    /// Commits that git is shown: a program or two for each takes its time.
    static let sample = 200

    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport {
        BenchTool.say("making a history of \(settings.events) events")
        let (fixture, grown) = try LedgerGrowth.make(
            settings, events: settings.events, now: Timestamp(seconds: settings.host.now()))
        let signers = "\(fixture.clone)/allowed_signers"
        var (raw, ours, theirs): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<settings.runs {
            raw.append(try rawRate(fixture, cores: settings.cores))
            try Files.removeTree(fixture.state)
            let seconds = try time { try fixture.agentsafe("verify") }
            ours.append(Double(grown.events) / seconds)
            let git = try time {
                let words = try fixture.run([
                    "git", "-c", "gpg.ssh.allowedSignersFile=\(signers)", "log", "--format=%G?", "-n", String(sample),
                    "origin/ledger",
                ])
                guard words.split(separator: "\n") == .init(repeating: "G", count: sample) else {
                    throw BenchmarkError(description: "git does not call all signatures good")
                }
            }
            theirs.append(Double(sample) / git)
        }
        return Report(
            runs: settings.runs, grown: grown, cores: settings.cores, raw: median(raw), ours: median(ours),
            theirs: median(theirs))
    }

    private static func time(_ body: () throws -> Void) throws -> Double {
        let start = Host.bootTimeNanoseconds()
        try body()
        return Double(Host.bootTimeNanoseconds() - start) / 1_000_000_000
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// Ed25519 verifications a second on all cores.
    private static func rawRate(_ fixture: GovernanceFixture, cores: Int) throws -> Double {
        let words = try fixture.run(["openssl", "speed", "-multi", String(cores), "-seconds", "2", "ed25519"])
        // ` 253 bits EdDSA (Ed25519)   0.0000s   0.0001s  47524.0  17471.5`
        let line = words.split(separator: "\n").last { $0.contains("Ed25519") }
        guard let rate = line?.split(separator: " ").last.flatMap({ Double($0) }), rate > 0 else {
            throw BenchmarkError(description: "`openssl speed` printed no rate of Ed25519")
        }
        return rate
    }

    private struct Report: BenchmarkReport {
        let runs: Int
        let grown: LedgerGrowth.Result
        let cores: Int
        let raw: Double
        let ours: Double
        let theirs: Double

        private var ofRaw: Double { ours / raw }
        private var ofGit: Double { ours / theirs }
        var isWithinLimits: Bool { ofRaw >= limits.raw && ofGit >= limits.git }

        var json: JSONValue {
            [
                "benchmark": "verify", "runs": .integer(Int64(runs)), "cores": .integer(Int64(cores)),
                "events": .integer(Int64(grown.events)), "changes": .integer(Int64(grown.changes)),
                "votes": .integer(Int64(grown.votes)), "events_per_second": .number(TimesReport.rounded(ours)),
                "openssl_per_second": .number(TimesReport.rounded(raw)),
                "git_per_second": .number(TimesReport.rounded(theirs)),
                "of_openssl": .number(TimesReport.rounded(ofRaw)), "of_git": .number(TimesReport.rounded(ofGit)),
                "limits": ["of_openssl": .number(limits.raw), "of_git": .number(limits.git)],
                "within_limits": .bool(isWithinLimits),
            ]
        }

        var text: String {
            func line(_ name: String, _ rate: Double, _ ratio: Double, _ limit: Double) -> String {
                "\(name): \(Int(rate)) a second; verified / this: \(TimesReport.decimal(ratio)), at least "
                    + "\(TimesReport.decimal(limit))" + (ratio >= limit ? "" : " missed")
            }
            return [
                "verify: \(runs) cold runs over \(grown.events) events, \(grown.changes) changes, \(grown.votes) votes, "
                    + "\(cores) cores; medians",
                "agentsafe verify: \(Int(ours)) events a second",
                line("openssl, ed25519, all cores", raw, ofRaw, limits.raw),
                line("git log --format=%G?", theirs, ofGit, limits.git),
            ].joined(separator: "\n")
        }
    }
}
