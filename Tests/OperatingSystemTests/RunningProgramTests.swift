import OperatingSystem
import TestSupport
import Testing

@Suite("programs that run beside this one")
struct RunningProgramTests {
    private let environment = ["PATH": "/usr/bin:/bin"]

    /// Whether the process is gone, or will be as soon as its new parent has looked.
    private func isGone(_ number: String) -> Bool {
        for _ in 0..<200 {
            let state = (try? Files.read("/proc/\(number)/stat")).map { String(decoding: $0, as: UTF8.self) }
            guard let state, !state.contains(") Z ") else { return true }
            Host.real().sleep(50)
        }
        return false
    }

    @Test("lines come as they are printed, from both outputs, and nil when there are no more")
    func lines() throws {
        let program = try RunningProgram(
            ["sh", "-c", "echo one; echo two >&2; printf three"], environment: environment)
        #expect(program.nextLine(within: 20) == "one")
        #expect(program.nextLine(within: 20) == "two")
        #expect(program.nextLine(within: 20) == "three")
        #expect(program.nextLine(within: 20) == nil)
        #expect(!program.isRunning)
    }

    @Test("its exit status is told once it has ended by itself")
    func status() throws {
        let program = try RunningProgram(["sh", "-c", "exit 7"], environment: environment)
        program.wait(milliseconds: 20_000)
        #expect(!program.isRunning)
        #expect(program.stop() == 7 && program.stop() == 7)
    }

    @Test("stopping ends it, even if it does not want to", arguments: ["", "trap '' TERM;"])
    func stop(_ habit: String) throws {
        let program = try RunningProgram(
            ["sh", "-c", "\(habit) echo $$; while :; do sleep 0.1; done"], environment: environment)
        let number = try #require(program.nextLine(within: 20))
        #expect(program.isRunning && Files.kind("/proc/\(number)/stat") == .file)
        program.stop()
        #expect(!program.isRunning && isGone(number))
    }

    @Test("it ends with the last reference to it")
    func forgotten() throws {
        var program: RunningProgram? = try RunningProgram(
            ["sh", "-c", "echo $$; exec sleep 600"], environment: environment)
        let number = try #require(program?.nextLine(within: 20))
        #expect(Files.kind("/proc/\(number)/stat") == .file)
        program = nil
        #expect(isGone(number))
    }

    @Test("arguments reach it as they are")
    func arguments() throws {
        let odd = ["$HOME", "a b", "`id`", "'\"", "-n", "*", ""]
        let program = try RunningProgram(
            ["sh", "-c", "for word; do echo \"[$word]\"; done", "sh"] + odd, environment: environment)
        for word in odd { #expect(program.nextLine(within: 20) == "[\(word)]") }
    }

    @Test("what there is no program for is an error")
    func missing() {
        #expect(throws: SystemError.self) { try RunningProgram(["no-such-program"], environment: environment) }
    }

    @Test("a file in memory can be read by other programs, more than once, and has no name")
    func memoryFile() throws {
        let file = try MemoryFile(Array("secret\n".utf8), random: Host.real().random(16))
        for _ in 0..<2 {
            #expect(try Program.run(["cat", file.path], environment: environment).outputText == "secret\n")
        }
        let link = try Program.run(["readlink", file.path], environment: environment).outputText
        #expect(link.hasSuffix("(deleted)\n"))
    }

    @Test("a port that somebody listens on is not free")
    func port() throws {
        let program = try RunningProgram(
            [
                "python3", "-c",
                "import socket,time\ns=socket.socket();s.bind(('127.0.0.1',0));s.listen();print(s.getsockname()[1],flush=True);time.sleep(600)",
            ], environment: environment)
        let port = try #require(program.nextLine(within: 60).flatMap { UInt16($0) })
        #expect(!LocalPort.isFree(port))
        program.stop()
        #expect(LocalPort.isFree(port))
    }
}
