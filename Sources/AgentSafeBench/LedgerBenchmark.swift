internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

/// What gate, run and status cost after years of work, beside what they cost at the beginning.
enum LedgerBenchmark: Benchmark {
    static let spec = CommandSpec(
        name: "ledger", summary: "gate, run and status at 100 and at 20,000 events; the repository's size per change.",
        discussion:
            "Vote branches stay at the remote and in the clone, one for each vote; the branches of landed changes are "
            + "deleted, as forges do. Both repositories are packed by `git gc` before anything is measured. `run` fetches "
            + "and pushes with stock git, whose own check of a push reads every folder of the ledger's tree at the remote: it "
            + "is judged with that, and shown without the time that git itself says it took, too.",
        example: "agentsafe-bench ledger --runs 20 --events 20000",
        options: [BenchmarkSettings.events, BenchmarkSettings.keep] + BenchmarkSettings.options)

    static let fewEvents = 100
    static let limit = 1.3
    private static let withoutGit = "run without git"

    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport {
        let host = settings.host
        let histories = try [fewEvents, settings.events].map { events in
            BenchTool.say("making a history of \(events) events")
            return try History(settings, events: events, now: Timestamp(seconds: host.now()))
        }
        var subjects: [Subject] = []
        for (name, prepare, run) in History.commands {
            for (index, history) in histories.enumerated() {
                let isWithoutGit = name == Self.withoutGit
                subjects.append(
                    Subject(
                        name: "\(name), \(history.grown.events) events",
                        limit: index == 0 || isWithoutGit ? nil : limit,
                        baseline: subjects.count - index, prepare: { try prepare(history) }, run: { try run(history) },
                        apart: {
                            let time = try history.takeGitTime()
                            return isWithoutGit ? time : 0
                        }))
            }
        }
        let samples = try Measurement.interleave(subjects, runs: settings.runs, warmUps: 1)
        let grown = histories[1].grown
        let perChange = grown.bytes / max(1, grown.changes)
        return TimesReport(
            "ledger", runs: settings.runs, subjects: subjects, samples: samples,
            remarks: [
                (
                    "bytes_per_change",
                    "packed objects: \(grown.bytes) bytes for \(grown.changes) changes with \(grown.events) events and "
                        + "\(grown.votes) votes: \(perChange) bytes a change",
                    .integer(Int64(perChange))
                ),
                (
                    "references", "references: \(grown.references) vote branches kept",
                    .integer(Int64(grown.references))
                ),
            ])
    }

    /// One repository, and the change that is on its way in it.
    final class History {
        let fixture: GovernanceFixture
        let grown: LedgerGrowth.Result
        private var branch = ""
        private var replicas = 2

        init(_ settings: BenchmarkSettings, events: Int, now: Timestamp) throws {
            (fixture, grown) = try LedgerGrowth.make(settings, events: events, now: now)
            try Files.create(cluster, try fixture.exampleCluster(settings))
            // Once from the beginning, as on any machine; from there on the high-water marks hold.
            try fixture.agentsafe("verify")
        }

        private var cluster: String { "\(fixture.directory)/cluster.json" }
        private var id: String { String(branch.dropFirst("change/".count)) }

        typealias Step = @Sendable (History) throws -> Void
        static let commands: [(name: String, prepare: Step, run: Step)] = [
            ("gate", { try $0.propose() }, { try $0.gate() }),
            ("run", { try $0.land() }, { try $0.run() }),
            ("status", { _ in }, { try $0.status() }),
            (
                withoutGit,
                {
                    try $0.propose()
                    try $0.land()
                }, { try $0.run() }
            ),
        ]

        private func propose() throws {
            replicas = replicas % 8 + 1
            branch = try fixture.propose(replicas: replicas)
        }

        private func gate() throws { try fixture.agentsafe("gate", "--base", "origin/main", "--head", branch) }

        private func land() throws {
            try fixture.run(["git", "push", "-q", "origin", "refs/remotes/origin/\(branch):refs/heads/main"])
            try fixture.run(["git", "push", "-q", "origin", ":refs/heads/\(branch)"])
        }

        private func run() throws {
            try fixture.agentsafe(
                "run", id, "--key", fixture.key("runner"), "--cluster", "embedded:\(cluster)",
                adding: trace.variables)
        }

        private var trace: GitTrace { GitTrace(path: "\(fixture.directory)/trace") }

        /// The nanoseconds that git's programs say they took since this was asked for last; those that they started in turn
        /// are in these.
        func takeGitTime() throws -> UInt64 { try trace.take() }

        private func status() throws { try fixture.agentsafe("status", id) }
    }
}
