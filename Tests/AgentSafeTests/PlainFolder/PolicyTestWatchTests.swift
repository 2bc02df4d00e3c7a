import AgentSafe
import OperatingSystem
import Synchronization
import TestSupport
import Testing

@Suite("Watching policy tests")
struct PolicyTestWatchTests {
    /// Counts how often somebody slept, and does something at one of these times.
    private final class Sleeper: Sendable {
        let count = Atomic<Int>(0)
    }

    private static func host(_ folder: String, _ sleeper: Sleeper, _ act: @escaping @Sendable (Int) -> Void) -> Host {
        Host(
            environment: [:], currentDirectory: folder, now: { 0 }, random: { [UInt8](repeating: 0, count: $0) },
            sleep: { _ in act(sleeper.count.add(1, ordering: .relaxed).newValue) })
    }

    @Test(
        "a file that is written, added or removed is noticed, at the first look after it",
        arguments: ["policies/default.yaml", "tests/new.yaml", "-inventory.yaml", "agentsafe.yaml"])
    func noticed(change: String) throws {
        let plain = try PlainCatalogue()
        let sleeper = Sleeper()
        let host = Self.host(plain.directory.path, sleeper) { count in
            guard count == 3 else { return }
            if change.hasPrefix("-") {
                try? Files.remove(plain.directory.file(String(change.dropFirst())))
            } else {
                try? plain.write(change, "tests: []\n")
            }
        }
        var watch = FolderWatch([plain.directory.path])
        watch.waitForChange(host)
        // Three to the change, and one in which nothing more happens.
        #expect(sleeper.count.load(ordering: .relaxed) == 4)
    }

    @Test("what is written in several steps is waited for")
    func settled() throws {
        let plain = try PlainCatalogue()
        let sleeper = Sleeper()
        let host = Self.host(plain.directory.path, sleeper) { count in
            if (2...5).contains(count) { try? plain.write("tests/a.yaml", String(repeating: "#", count: count)) }
        }
        var watch = FolderWatch([plain.directory.path])
        watch.waitForChange(host)
        #expect(sleeper.count.load(ordering: .relaxed) == 6)
    }

    @Test("what is no part of the catalogue is not looked at: landed changes, hidden folders, other files")
    func ignored() throws {
        let plain = try PlainCatalogue()
        let sleeper = Sleeper()
        let host = Self.host(plain.directory.path, sleeper) { count in
            switch count {
            case 1: try? plain.write("changes/2026/11/change.yaml", "x")
            case 2: try? plain.write(".git/x.yaml", "x")
            case 3: try? plain.write("notes.txt", "x")
            case 4: try? plain.write("policies/x.yml", "x")
            default: break
            }
        }
        var watch = FolderWatch([plain.directory.path])
        watch.waitForChange(host)
        #expect(sleeper.count.load(ordering: .relaxed) == 5)
    }

    @Test("`test --watch` runs at once, again after an edit, goes on over a fault, and ends when it is interrupted")
    func command() throws {
        let plain = try PlainCatalogue()
        let script = """
            import subprocess, sys, signal, time, os
            program, folder = sys.argv[1], sys.argv[2]
            p = subprocess.Popen([program, "test", "--watch"], cwd=folder, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
            def until(word):
                for line in p.stdout:
                    print(line, end="")
                    if word in line: return
                sys.exit("ended before " + word)
            def write(name, text):
                with open(os.path.join(folder, name), "w") as f: f.write(text)
            until("watching;")
            write("tests/more.yaml", "tests:\\n  - {name: wrong, action: x, expect: allow}\\n")
            until("watching;")
            write("tests/more.yaml", "tests: [")
            until("watching;")
            os.remove(os.path.join(folder, "tests/more.yaml"))
            until("watching;")
            p.send_signal(signal.SIGINT)
            print("end", p.wait(timeout=50))
            """
        let path = Host.real().environment["PATH"] ?? "/usr/bin:/bin"
        let result = try Program.run(
            ["python3", "-c", script, try InstalledProgram.path(), plain.directory.path], environment: ["PATH": path],
            timeout: 60)
        try #require(result.status == 0, "\(result.outputText) \(result.errorText)")
        let runs = result.outputText.split(separator: "watching; Ctrl-C ends it\n").map(String.init)
        try #require(runs.count == 5, "\(result.outputText)")
        #expect(runs[0].contains(" policy tests hold") && runs[0] == runs[3])
        #expect(runs[1].contains("tests/more.yaml:2: policy test `wrong` expects allow"), "\(runs[1])")
        #expect(runs[2].hasPrefix("agentsafe: tests/more.yaml:"), "\(runs[2])")
        #expect(runs[4] == "end -2\n")
        #expect(!result.outputText.contains("\u{1B}"), "off a terminal nothing is cleared")
    }
}
