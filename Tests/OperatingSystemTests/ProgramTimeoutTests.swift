import OperatingSystem
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whether the tests were started from a terminal, where programs stay in its process group.
private let hasTerminal: Bool = {
    let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
}()

@Suite("Programs that take too long")
struct ProgramTimeoutTests {
    private let environment = ["PATH": "/usr/bin:/bin"]

    private func isRunning(_ identifier: String) -> Bool {
        guard let text = try? Files.read("/proc/\(identifier)/stat") else { return false }
        // A zombie runs no more; whoever adopted it may be slow to notice.
        let state = String(decoding: text, as: UTF8.self).split(separator: ")").last?.dropFirst().first
        return state != "Z" && state != "X"
    }

    @Test(
        "what the program started is ended with it, even what does not listen", .disabled(if: hasTerminal),
        arguments: ["", "trap \"\" TERM;"])
    func descendants(before: String) throws {
        let directory = try TemporaryDirectory()
        let list = directory.file("processes")
        let result = try Program.run(
            ["sh", "-c", "sh -c '\(before) sleep 300 & echo $! >> \(list); wait' & echo $! >> \(list); wait"],
            environment: environment, timeout: 1)
        #expect(result.timedOut)
        let processes = String(decoding: try Files.read(list), as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(processes.count == 2)
        for _ in 0..<500 where processes.contains(where: isRunning) { usleep(10_000) }
        #expect(processes.filter(isRunning) == [])
    }

    @Test("a program is asked before it is killed, so that it can take away what is in others' way")
    func asked() throws {
        let directory = try TemporaryDirectory()
        let lock = directory.file("lock")
        let result = try Program.run(
            ["sh", "-c", "touch '\(lock)'; trap 'rm \(lock); exit 3' TERM; sleep 300 & wait"],
            environment: environment, timeout: 1)
        #expect(result.timedOut && result.status == 3)
        #expect(Files.kind(lock) == nil)
    }

    @Test("a program that closes its output and goes on is ended as well")
    func silent() throws {
        let result = try Program.run(
            ["sh", "-c", "exec > /dev/null 2>&1; exec sleep 300"], environment: environment, timeout: 1)
        #expect(result.timedOut && result.status == 128 + SIGTERM)
        let quick = try Program.run(
            ["sh", "-c", "exec > /dev/null 2>&1; exit 4"], environment: environment, timeout: 60)
        #expect(!quick.timedOut && quick.status == 4)
    }
}
