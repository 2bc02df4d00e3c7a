import OperatingSystem
import TestSupport
import Testing

@Suite("System calls that signals interrupt")
struct InterruptionTests {
    @Test("a program is fed, heard and waited for to its end")
    func programs() throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000)
        let result = try SignalStorm.around {
            try Program.run(
                ["sh", "-c", "sleep 0.2; cat; echo end >&2; sleep 0.1; exit 7"],
                environment: ["PATH": "/usr/bin:/bin"], input: input, timeout: 60)
        }
        #expect(result.status == 7 && !result.timedOut)
        #expect(result.output == input)
        #expect(result.errorText == "end\n")
    }

    @Test("a slow file is read whole, and a file is written whole")
    func files() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.file("pipe")
        let environment = ["PATH": "/usr/bin:/bin"]
        _ = try Program.run(["mkfifo", pipe], environment: environment)
        let writer = "(for n in 1 2 3 4 5; do echo $n; sleep 0.05; done > '\(pipe)') > /dev/null 2>&1 < /dev/null &"
        _ = try Program.run(["sh", "-c", writer], environment: environment)
        let content = [UInt8](repeating: 7, count: 1 << 20)
        try SignalStorm.around {
            #expect(try Files.read(pipe) == Array("1\n2\n3\n4\n5\n".utf8))
            for _ in 0..<20 {
                try Files.writeAtomically(directory.file("file"), content)
                #expect(try Files.read(directory.file("file")) == content)
            }
        }
        #expect(try Files.list(directory.path) == ["file", "pipe"])
    }

    @Test("a lock that another process holds is waited for")
    func locks() throws {
        let directory = try TemporaryDirectory()
        let (lock, held) = (directory.file("lock"), directory.file("held"))
        let holder = "flock '\(lock)' sh -c 'touch \(held); sleep 0.3; rm \(held)' > /dev/null 2>&1 < /dev/null &"
        _ = try Program.run(["sh", "-c", holder], environment: ["PATH": "/usr/bin:/bin"])
        while Files.kind(held) == nil { Host.real().sleep(1) }
        try SignalStorm.around {
            let isHeld = try Files.withLock(lock) { Files.kind(held) != nil }
            #expect(!isHeld)
        }
    }

    @Test("waiting lasts as long as it was told to")
    func sleeping() {
        let start = Host.bootTimeNanoseconds()
        SignalStorm.around { Host.real().sleep(150) }
        #expect(Host.bootTimeNanoseconds() - start >= 150_000_000)
    }
}
