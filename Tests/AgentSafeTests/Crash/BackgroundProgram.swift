import OperatingSystem
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The real program, running beside the test.
final class BackgroundProgram {
    let identifier: Int32
    private let folder: String
    private var isDone = false

    init(_ governance: Governance, _ actor: String, _ arguments: [String], fault: String) throws {
        folder = try governance.folder("background-\(fault.split(separator: ":")[0])")
        let script = """
            cd "$1" && shift && folder="$1" && shift
            (sh -c 'echo $$ > "$0/pid"; exec "$@"' "$folder" "$@" > "$folder/output" 2> "$folder/errors"
             echo $? > "$folder/result"; mv "$folder/result" "$folder/status") > /dev/null 2>&1 < /dev/null &
            while test ! -s "$folder/pid"; do sleep 0.01; done
            """
        var environment = governance.environment(actor)
        environment["AGENTSAFE_KEY"] = governance.key(actor)
        environment["AGENTSAFE_FAULT"] = fault
        environment["AGENTSAFE_FAULT_CLOCK"] = "\(folder)/clock"
        try Self.catchUp(with: governance, folder)
        let started = try Program.run(
            ["sh", "-c", script, "sh", governance.clone(actor), folder, try InstalledProgram.path()] + arguments,
            environment: environment, timeout: 60)
        try #require(started.status == 0, "\(started.errorText)")
        identifier = try #require(Int32(Self.text("\(folder)/pid")))
    }

    /// Lets its wall clock go to where the test's clock stands.
    func catchUp(with governance: Governance) throws { try Self.catchUp(with: governance, folder) }

    private static func catchUp(with governance: Governance, _ folder: String) throws {
        try Files.writeAtomically("\(folder)/clock", Array(String(governance.clockShift).utf8))
    }

    deinit { if !isDone { kill(identifier, SIGKILL) } }

    private static func text(_ path: String) throws -> String {
        String(decoding: try Files.read(path), as: UTF8.self).filter { !$0.isNewline }
    }

    /// Waits until it has stopped itself.
    func waitUntilStopped() throws {
        for _ in 0..<3000 {
            let state = try Self.text("/proc/\(identifier)/stat").split(separator: ")").last?.dropFirst().first
            if state == "T" { return }
            usleep(10_000)
        }
        Issue.record("it does not stop: \(try result())")
    }

    func signal(_ number: Int32) { kill(identifier, number) }

    /// Waits for its end.
    func wait() throws -> CommandResult {
        for _ in 0..<6000 where Files.kind("\(folder)/status") == nil { usleep(10_000) }
        isDone = Files.kind("\(folder)/status") != nil
        return try result()
    }

    private func result() throws -> CommandResult {
        let read = { (name: String) in (try? Files.read("\(self.folder)/\(name)")) ?? [] }
        return CommandResult(
            status: (try? Self.text("\(folder)/status")).flatMap { Int32($0) } ?? -1,
            output: String(decoding: read("output"), as: UTF8.self),
            errors: String(decoding: read("errors"), as: UTF8.self))
    }
}
