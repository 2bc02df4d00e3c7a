import ChangeModel
import OperatingSystem
import Testing

@testable import AgentSafe

/// Whatever goes wrong on the server, the push is refused, and the pusher learns what to do.
@Suite("Hook: failing closed")
struct HookFailureTests {
    /// A commit that main would take, and its push as the hook is told of it.
    private func landing(_ governance: Governance) throws -> (commit: String, spec: String) {
        try governance.git("sam", "fetch", "-q")
        let commit = try governance.commit(
            "sam",
            tree: try governance.tree("sam", "origin/main", ["docs/x.md": "\(governance.host("sam").random(4))\n"]),
            parents: ["origin/main"], message: "Write", signedBy: nil)
        return (commit, "\(commit):refs/heads/main")
    }

    /// Puts a program in the place of the one that the hook starts.
    private func wrap(_ governance: Governance, _ script: String) throws -> String {
        let path = "\(try governance.folder("bin"))/agentsafe"
        try Files.writeAtomically(path, Array("#!/bin/sh\n\(script)\n".utf8), mode: 0o755)
        try governance.expect(
            0, "alice", ["hook", "install", "--repository", governance.remote, "--program", path])
        return path
    }

    @Test("without its program, the hook refuses and says where the program should be")
    func missingProgram() throws {
        let governance = try HookedServer.governance()
        let (_, spec) = try landing(governance)
        let path = try wrap(governance, "exit 0")
        try Files.remove(path)
        try governance.refused("sam", spec, because: "on this server there is no program at \(path)")
        try Files.create(path, Array("no program\n".utf8), mode: 0o644)
        try governance.refused("sam", spec, because: "on this server there is no program at \(path)")
        try governance.installHook()
        try governance.accepted("sam", spec)
    }

    @Test(
        "a program that dies, or cannot run, refuses the push",
        arguments: [
            ("kill -9 $$", "ended with status 137"), ("exit 127", "ended with status 127"),
            ("kill -PIPE $$", "ended with status 141"), ("exit 3", "ended with status 3"),
            ("exit 255", "ended with status 255"),
        ])
    func dyingProgram(_ script: String, _ words: String) throws {
        let governance = try HookedServer.governance()
        let (_, spec) = try landing(governance)
        _ = try wrap(governance, script)
        try governance.refused("sam", spec, because: words)
    }

    @Test(
        "the real program without memory, or without the right to write its marks, refuses the push",
        arguments: [
            ("ulimit -v 20000", "; nothing was taken"),
            ("trap '' XFSZ; ulimit -f 0", "the hook's marks cannot be written"),
        ])
    func starving(_ limit: String, _ words: String) throws {
        let governance = try HookedServer.governance()
        let program = try InstalledProgram.path()
        let wrapper = try wrap(governance, "exec '\(program)' \"$@\"")
        // With this, the next push has marks to move.
        try governance.accepted("sam", try landing(governance).spec)
        let (_, spec) = try landing(governance)
        try Files.writeAtomically(
            wrapper, Array("#!/bin/sh\n\(limit); exec '\(program)' \"$@\"\n".utf8), mode: 0o755)
        // A loader that finds no memory speaks for itself.
        let before = try governance.serverState()
        let result = try governance.tryPush("sam", [spec])
        #expect(result.status == 1 && result.errorText.contains("pre-receive hook declined"), "\(result.errorText)")
        #expect(result.errorText.contains(words), "\(result.errorText)")
        #expect(try governance.serverState() == before)
    }

    @Test("a list of references that is empty, cut short, doubled, malformed or endless is refused")
    func input() throws {
        let governance = try HookedServer.governance()
        let (commit, _) = try landing(governance)
        try governance.accepted("sam", "\(commit):refs/heads/wip")
        let (old, name) = (try governance.tip("main"), "refs/heads/main")
        let line = "\(old) \(commit) \(name)"
        let many = (0...1000).map { "\(String(repeating: "0", count: 40)) \(commit) refs/heads/b\($0)\n" }.joined()
        for (lines, words) in [
            ("", "is empty"), (line, "is cut short"), ("\(line)\n\(old) \(commit)", "is cut short"),
            ("\(line)\n\(line)\n", "twice"), ("\(old) \(commit)\n", "is not `<old> <new> <reference>`"),
            ("\(line) x\n", "is not `<old> <new> <reference>`"),
            ("\(old.uppercased()) \(commit) \(name)\n", "is not `<old>"),
            ("\(old) HEAD \(name)\n", "is not `<old>"), ("\n", "is not `<old>"), ("\(line)\n\n", "is not `<old>"),
            ("\(old) \(commit) \n", "is not `<old>"), (many, "one push may move 1000"),
            (String(repeating: "x", count: PushRequest.maximumBytes + 1), "cannot be read"),
        ] {
            let result = try governance.callHook(lines)
            #expect(result.status == 1 && result.errorText.contains(words), "\(lines.prefix(200)): \(result.errorText)")
            #expect(result.errorText.hasPrefix("agentsafe: "), "\(result.errorText)")
        }
        let result = try governance.callHook(line + "\n")
        #expect(result.status == 0 && result.errors.isEmpty && result.output.isEmpty, "\(result.errorText)")
    }

    @Test("a name that is no UTF-8 is refused")
    func rawBytes() throws {
        var line = Array("\(String(repeating: "0", count: 40)) \(String(repeating: "1", count: 40)) refs/heads/".utf8)
        line += [0xFF, 0x0A]
        #expect(throws: AgentSafeError.self) { try PushRequest(parsing: line) }
    }

    @Test("without a quarantine, or with a namespace, nothing is judged")
    func environment() throws {
        let governance = try HookedServer.governance()
        let (commit, _) = try landing(governance)
        try governance.accepted("sam", "\(commit):refs/heads/wip")
        let line = "\(try governance.tip("main")) \(commit) refs/heads/main\n"
        for (variables, words) in [
            (["GIT_QUARANTINE_PATH": ""], "GIT_QUARANTINE_PATH is not set"), (["GIT_NAMESPACE": "x"], "GIT_NAMESPACE"),
            (["GIT_QUARANTINE_PATH": "/nowhere"], "/nowhere"),
            (["GIT_ALTERNATE_OBJECT_DIRECTORIES": "\"/x"], "GIT_ALTERNATE_OBJECT_DIRECTORIES cannot be read"),
        ] {
            let result = try governance.callHook(line, adding: variables)
            #expect(result.status == 1 && result.errorText.contains(words), "\(variables): \(result.errorText)")
        }
    }

    @Test("the pusher's own settings have no say: neither the pin, nor the limits, nor the state folder")
    func pushersSettings() throws {
        let governance = try HookedServer.governance()
        let (_, spec) = try landing(governance)
        let pin = try governance.genesis
        try governance.onServer("config", "--unset", "agentsafe.genesis")
        try governance.git("sam", "config", "--global", "agentsafe.genesis", pin)
        try governance.git("sam", "config", "--global", "agentsafe.maxPushBytes", "0")
        let result = try Program.run(
            ["git", "-C", governance.clone("sam"), "push", "origin", spec],
            environment: governance.environment("sam").merging(["AGENTSAFE_GENESIS": pin]) { $1 }, timeout: 60)
        #expect(result.errorText.contains("this server pins no genesis"), "\(result.errorText)")
        try governance.onServer("config", "agentsafe.genesis", pin)
        try governance.accepted("sam", spec)
    }

    @Test("settings and marks that cannot be read refuse the push, each with the way out")
    func settings() throws {
        let governance = try HookedServer.governance()
        let (_, spec) = try landing(governance)
        let pin = try governance.genesis
        for (name, value, good, words) in [
            ("agentsafe.genesis", "main", pin, "is no commit name of 40 digits"),
            ("agentsafe.genesis", String(repeating: "1", count: 40), pin, "not at the pinned genesis"),
            ("agentsafe.maxPushBytes", "many", "67108864", "is no number of bytes"),
            ("agentsafe.maxPushBytes", "-1", "67108864", "is no number of bytes"),
        ] {
            try governance.onServer("config", name, value)
            try governance.refused("sam", spec, because: words)
            try governance.onServer("config", name, good)
        }
        let marks = "\(governance.remote)/agentsafe-marks.json"
        let kept = try Files.read(marks)
        for text in ["", "{}", "{\"genesis\":\"\(pin)\"}", String(decoding: kept, as: UTF8.self) + "}"] {
            try Files.writeAtomically(marks, Array(text.utf8))
            try governance.refused("sam", spec, because: "the hook's marks cannot be read")
        }
        try Files.remove(marks)
        try Files.createDirectory(marks)
        let result = try governance.tryPush("sam", [spec])
        #expect(
            result.status == 1 && result.errorText.contains("the hook's marks cannot be read"), "\(result.errorText)")
        try Files.removeTree(marks)
        try governance.accepted("sam", spec)
    }

    @Test("main on a server without a pin is refused with advice, and everything ordinary passes")
    func noPin() throws {
        let governance = try HookedServer.governance()
        let (commit, spec) = try landing(governance)
        try governance.onServer("config", "--unset", "agentsafe.genesis")
        try governance.refused(
            "sam", spec, because: "on the server, run `git config agentsafe.genesis <commit>`",
            reference: "refs/heads/main")
        try governance.refused("sam", "+\(commit):refs/heads/ledger", because: "this server pins no genesis")
        try governance.accepted("sam", "\(commit):refs/heads/wip")
    }

    // MARK: - Size

    @Test("a push that brings more than the server allows is refused, by the hook and by git itself")
    func size() throws {
        let governance = try HookedServer.governance()
        let noise = Hexadecimal.text(governance.host("rogue").random(50_000))
        try governance.git("rogue", "fetch", "-q")
        let commit = try governance.commit(
            "rogue", tree: try governance.tree("rogue", "origin/main", ["noise": noise]), parents: ["origin/main"],
            message: "x", signedBy: nil)
        let spec = "\(commit):refs/heads/noise"
        try governance.onServer("config", "agentsafe.maxPushBytes", "20000")
        try governance.refused("rogue", spec, because: "the push brings more than 20000 bytes of objects")
        try governance.installHook(["--max-push-bytes", "30000"])
        #expect(try governance.onServer("config", "agentsafe.maxPushBytes") == "30000")
        #expect(try governance.onServer("config", "receive.maxInputSize") == "30000")
        let before = try governance.serverState()
        let result = try governance.tryPush("rogue", [spec])
        #expect(
            result.status == 1 && result.errorText.contains("pack exceeds maximum allowed size"), "\(result.errorText)")
        #expect(try governance.serverState() == before)
        try governance.installHook(["--max-push-bytes", "200000"])
        try governance.accepted("rogue", spec)
    }

    @Test("a push of too many references is refused")
    func references() throws {
        let governance = try HookedServer.governance()
        try governance.git("rogue", "fetch", "-q")
        let specs = (0...PushRequest.maximumReferences).map { "origin/main:refs/heads/b\($0)" }
        try governance.refused("rogue", "origin/main:refs/heads/b", because: "one push may move 1000", adding: specs)
        let result = try governance.tryPush("rogue", Array(specs.prefix(PushRequest.maximumReferences)))
        #expect(result.status == 0, "\(result.errorText)")
    }

    @Test("a list of folders is read as git writes it")
    func alternates() {
        #expect(AlternatePaths.parse("") == [])
        #expect(AlternatePaths.parse("/a:/b c") == ["/a", "/b c"])
        #expect(AlternatePaths.parse("\"/a:b\":/c") == ["/a:b", "/c"])
        #expect(AlternatePaths.parse("/c:\"\\\"\\\\\\t\\303\\244\"") == ["/c", "\"\\\t\u{E4}"])
        for text in ["\"/a", "\"/a\\\"", "\"/a\"b", "\"\\9\"", "\"\\08x\"", "\"\\x41\"", "\"\\1"] {
            #expect(AlternatePaths.parse(text) == nil, "\(text)")
        }
    }
}
