internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

/// Something that can be measured.
protocol Benchmark {
    static var spec: CommandSpec { get }
    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport
}

/// What a benchmark found.
protocol BenchmarkReport {
    var text: String { get }
    var json: JSONValue { get }
    var isWithinLimits: Bool { get }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    var isUsage = false
}

/// What every benchmark is told.
struct BenchmarkSettings {
    let host: Host
    /// How often each subject is run after warming up.
    let runs: Int
    let wantsJSON: Bool
    /// The `agentsafe` program that is measured.
    let agentsafe: String
    let cores = Threads.cores
    /// How many events the long history has.
    let events: Int
    /// Whether the repositories stay, to be looked at.
    let keeps: Bool

    /// Where a real API server was started; nil: there is none.
    let kubernetes: String?

    static let kubernetes = OptionSpec(
        "kubernetes", value: "FOLDER",
        help: "what `Tests/kubernetes-server.sh start` filled (default: AGENTSAFE_TEST_KUBERNETES)")
    static let events = OptionSpec(
        "events", value: "N", help: "how many events the long history has (default: 20000)")
    static let keep = OptionSpec("keep", help: "leave the repositories, and say where")
    static let options = [
        OptionSpec("runs", value: "N", help: "how often each is run (default: 40)"),
        OptionSpec("agentsafe", value: "PATH", help: "the program to measure (default: the one beside this program)"),
        OptionSpec("output", value: "FORMAT", allowed: ["text", "json"], help: "text or json (default: text)"),
    ]

    init(_ parsed: ParsedCommand, program: String, host: Host) throws {
        self.host = host
        let words = parsed.value("runs") ?? "40"
        guard let runs = Int(words), (3...100_000).contains(runs) else {
            throw BenchmarkError(description: "`--runs` takes a number from 3 to 100000", isUsage: true)
        }
        self.runs = runs
        let eventWords = parsed.value("events") ?? "20000"
        guard let events = Int(eventWords), (200...1_000_000).contains(events) else {
            throw BenchmarkError(description: "`--events` takes a number from 200 to 1000000", isUsage: true)
        }
        self.events = events
        keeps = parsed.has("keep")
        kubernetes = parsed.value("kubernetes") ?? host.environment["AGENTSAFE_TEST_KUBERNETES"]
        wantsJSON = parsed.value("output") == "json"
        let own = Program.find(program, environment: host.environment).map { host.absolute($0) }
        let path = parsed.value("agentsafe") ?? own.map { Files.parent(of: $0) + "/agentsafe" } ?? "agentsafe"
        guard let found = Program.find(path, environment: host.environment) else {
            throw BenchmarkError(
                description:
                    "no program at `\(path)`; build it with `swift build -c release --product agentsafe`, or pass "
                    + "`--agentsafe PATH`", isUsage: true)
        }
        agentsafe = host.absolute(found)
    }
}
