import OperatingSystem
import Testing

/// The program that was built beside these tests.
enum InstalledProgram {
    struct NotBuilt: Error {}

    static func path() throws -> String {
        var folder = Files.parent(of: CommandLine.arguments[0])
        while folder != "/" && folder != "." {
            if Files.kind("\(folder)/agentsafe", followingLinks: true) == .file { return "\(folder)/agentsafe" }
            folder = Files.parent(of: folder)
        }
        throw NotBuilt()
    }
}

extension Governance {
    /// What a process of its own sees of the clock: it goes on from where the test's clock stands.
    var clockShift: Int64 { clock.now - Host.real().now() }

    /// Runs the real program as `actor`, in the actor's clone and with the actor's key.
    ///
    /// - Parameters:
    ///   - fault: `AGENTSAFE_FAULT` (see `FaultPoint`).
    ///   - log: a file for the points that it reaches.
    ///   - shell: commands of the shell that starts it.
    func spawn(
        _ actor: String, _ arguments: [String], fault: String? = nil, log: String? = nil,
        shell: String = "", adding variables: [String: String] = [:], timeout: Int = 60
    ) throws -> CommandResult {
        var environment = environment(actor).merging(variables) { $1 }
        environment["AGENTSAFE_KEY"] = key(actor)
        environment["AGENTSAFE_FAULT"] = fault
        environment["AGENTSAFE_FAULT_LOG"] = log
        environment["AGENTSAFE_FAULT_CLOCK"] = String(clockShift)
        let words =
            ["sh", "-c", "cd \"$1\" && shift && \(shell) exec \"$@\"", "sh", clone(actor), try InstalledProgram.path()]
            + arguments
        let result = try Program.run(words, environment: environment, timeout: timeout)
        try #require(!result.timedOut, "\(arguments) hangs at \(fault ?? "nothing"): \(result.errorText)")
        return CommandResult(status: result.status, output: result.outputText, errors: result.errorText)
    }
}

/// One point that a run has reached.
struct ReachedPoint: CustomStringConvertible {
    let name: String
    /// Which time it was.
    let ordinal: Int
    /// Which time it was that the disk could have failed; nil where it cannot.
    let diskOrdinal: Int?
    let subject: String

    var description: String { "\(name):\(ordinal) (\(subject.prefix(100)))" }

    /// Reads what `AGENTSAFE_FAULT_LOG` holds.
    static func read(_ path: String) throws -> [ReachedPoint] {
        String(decoding: try Files.read(path), as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 4, let ordinal = Int(fields[1]) else { return nil }
            return ReachedPoint(
                name: String(fields[0]), ordinal: ordinal, diskOrdinal: Int(fields[2]), subject: String(fields[3]))
        }
    }
}
