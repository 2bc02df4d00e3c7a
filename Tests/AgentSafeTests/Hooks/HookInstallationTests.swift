import AgentSafeCLI
import ChangeModel
import OperatingSystem
import Testing

@Suite("Hook: installation")
struct HookInstallationTests {
    private func bare(_ governance: Governance, _ name: String = "server.git") throws -> String {
        let path = "\(governance.directory.path)/\(name)"
        try governance.run(["git", "init", "-q", "--bare", "-b", "main", "--template=", path])
        return path
    }

    private func install(_ governance: Governance, _ server: String, _ options: String...) throws -> CommandResult {
        governance.agentsafe(
            "alice",
            ["hook", "install", "--repository", server, "--program", try InstalledProgram.path()] + options)
    }

    private func hook(_ server: String) throws -> String {
        String(decoding: try Files.read("\(server)/hooks/pre-receive"), as: UTF8.self)
    }

    @Test("an empty repository gets hook, pin and limits; the same again changes nothing")
    func empty() throws {
        let governance = try HookedServer.governance()
        let server = try bare(governance)
        let result = try install(governance, server, "--genesis", try governance.genesis, "--output", "json")
        try #require(result.status == 0, "\(result)")
        let json = try result.json
        #expect(json["hook"]?.stringValue == "\(server)/hooks/pre-receive")
        #expect(json["genesis"]?.stringValue == (try governance.genesis))
        #expect(json["program"]?.stringValue == (try InstalledProgram.path()))
        #expect(json["max_push_bytes"]?.integerValue == 64 << 20)
        #expect(json["main"] == .null && json["ledger"] == .null && json["chained"] == .null)
        #expect(names(of: json) == ["hook", "program", "genesis", "max_push_bytes", "chained", "main", "ledger"])
        for (name, value) in [
            ("agentsafe.genesis", try governance.genesis), ("agentsafe.maxPushBytes", "67108864"),
            ("receive.maxInputSize", "67108864"),
        ] {
            #expect(try governance.run(["git", "-C", server, "config", "--local", name]) == value)
        }
        #expect(Files.permissions("\(server)/hooks/pre-receive") == 0o755)
        let before = try Fingerprint([server])
        let again = try install(governance, server)
        #expect(again.status == 0, "\(again)")
        #expect(try Fingerprint([server]).differences(from: before) == [])
        #expect(again.output.contains("genesis \(try governance.genesis)"), "\(again)")
    }

    @Test("a repository with a past is verified first, and its tips are marked")
    func past() throws {
        let (governance, _) = try HookedServer.lived()
        let server = governance.remote
        try governance.run(["rm", "-r", "\(server)/hooks", "\(server)/agentsafe-marks.json"])
        try governance.onServer("config", "--remove-section", "agentsafe")
        let unpinned = try install(governance, server)
        #expect(unpinned.status == 2, "\(unpinned)")
        #expect(unpinned.errors.contains("run it again with `--genesis \(try governance.genesis)`"), "\(unpinned)")
        #expect(Files.kind("\(server)/hooks") == nil)
        let result = try install(governance, server, "--genesis", try governance.genesis)
        let main = try governance.tip("main")
        #expect(result.status == 0 && result.output.contains("main    \(main.prefix(12)), authentic"), "\(result)")
        let marks = try JSONValue(parsing: try Files.read("\(server)/agentsafe-marks.json"))
        #expect(marks["main"]?.stringValue == main)
        #expect(marks.at("ledger", "tip")?.stringValue == (try governance.tip("ledger")))
    }

    @Test("what is not authentic is not guarded", arguments: ["main", "ledger", "genesis"])
    func notAuthentic(_ what: String) throws {
        let (governance, _) = try HookedServer.lived()
        let server = governance.remote
        try governance.run(["rm", "-r", "\(server)/hooks", "\(server)/agentsafe-marks.json"])
        let foreign = try governance.commit(
            "sam",
            tree: try governance.tree("sam", "origin/\(what == "ledger" ? what : "main")", ["inventory.yaml": "x\n"]),
            parents: ["origin/\(what == "ledger" ? what : "main")"], message: "x", signedBy: nil)
        if what == "genesis" {
            try governance.onServer("config", "agentsafe.genesis", foreign)
        } else {
            try governance.push("sam", foreign, to: what)
        }
        let result = try install(governance, server)
        #expect(result.status == 30, "\(result)")
        #expect(Files.kind("\(server)/hooks") == nil && Files.kind("\(server)/agentsafe-marks.json") == nil)
    }

    @Test("another hook is not overwritten; kept as `pre-receive.local`, it runs after ours, and may refuse")
    func chained() throws {
        let governance = try HookedServer.governance()
        let server = governance.remote
        let (hook, local) = ("\(server)/hooks/pre-receive", "\(server)/hooks/pre-receive.local")
        let other =
            "#!/bin/sh\ncat > seen\n! grep -q refs/heads/forbidden seen || { echo no such branch >&2; exit 1; }\n"
        try Files.remove(hook)
        try Files.create(hook, Array(other.utf8), mode: 0o755)
        let refused = try install(governance, server)
        #expect(refused.status == 1 && refused.errors.contains("rename it to `pre-receive.local`"), "\(refused)")
        #expect(try self.hook(server) == other)
        let result = try install(governance, server, "--force")
        #expect(result.status == 0 && result.output.contains("chained \(local)"), "\(result)")
        #expect(String(decoding: try Files.read(local), as: UTF8.self) == other)

        try governance.git("sam", "fetch", "-q")
        let old = try governance.tip("main")
        let commit = try governance.pushToMain("sam", ["docs/x.md": "x\n"])
        let seen = String(decoding: try Files.read("\(server)/seen"), as: UTF8.self)
        #expect(seen == "\(old) \(commit) refs/heads/main\n")
        let said = try governance.tryPush("sam", ["origin/main:refs/heads/forbidden"])
        #expect(said.status == 1 && said.errorText.contains("remote: no such branch"), "\(said.errorText)")
        try Files.remove("\(server)/seen")
        try governance.refused("sam", "+origin/main~1:refs/heads/main", because: "it takes main back")
        #expect(Files.kind("\(server)/seen") == nil, "the other hook saw what was refused before")
        let cut = try governance.callHook("\(old) \(commit) refs/heads/main")
        #expect(cut.status == 1 && cut.errorText.contains("cut short"), "\(cut.errorText)")

        // Ours is written anew, and what runs after it stays.
        try Files.writeAtomically(hook, Array((try self.hook(server) + "# older\n").utf8), mode: 0o755)
        #expect(try install(governance, server).status == 0)
        #expect(try !self.hook(server).contains("# older"))
        try Files.setPermissions(local, 0o644)
        let disabled = try governance.tryPush("sam", ["origin/main:refs/heads/fine"])
        #expect(disabled.status == 1 && disabled.errorText.contains("cannot be executed"), "\(disabled.errorText)")

        try Files.writeAtomically(hook, Array(other.utf8), mode: 0o755)
        let both = try install(governance, server, "--force")
        #expect(both.status == 1 && both.errors.contains("is there too; join the two"), "\(both)")
        #expect(try self.hook(server) == other)
    }

    @Test("a hook that is a link to somewhere else is another hook")
    func link() throws {
        let governance = try HookedServer.governance()
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.move(hook, to: "\(governance.remote)/elsewhere")
        try governance.run(["ln", "-s", "../elsewhere", hook])
        let result = try install(governance, governance.remote)
        #expect(result.status == 1 && result.errors.contains("is another hook"), "\(result)")
    }

    @Test("the hook goes where git looks for it, or nowhere")
    func places() throws {
        let governance = try HookedServer.governance()
        let server = try bare(governance)
        try governance.run(["git", "-C", server, "config", "core.hooksPath", "/etc/hooks"])
        let elsewhere = try install(governance, server)
        #expect(elsewhere.status == 1 && elsewhere.errors.contains("core.hooksPath"), "\(elsewhere)")
        let clone = try install(governance, governance.clone("sam"))
        #expect(clone.status == 2 && clone.errors.contains("has a work tree"), "\(clone)")
        let nothing = try install(governance, "\(governance.directory.path)/homes")
        #expect(nothing.status == 1 && nothing.errors.hasPrefix("agentsafe: "), "\(nothing)")
        #expect(Files.kind("\(server)/hooks") == nil)
    }

    @Test("wrong options change nothing")
    func usage() throws {
        let governance = try HookedServer.governance()
        let server = try bare(governance)
        let before = try Fingerprint([server])
        for (options, status, words) in [
            (["--genesis", "main"], 2, "is no commit name of 40"), (["--max-push-bytes", "0"], 2, "above 0"),
            (["--max-push-bytes", "1e6"], 2, "above 0"), (["--max-push-bytes=-5"], 2, "above 0"),
        ] as [([String], Int32, String)] {
            let result = governance.agentsafe(
                "alice",
                ["hook", "install", "--repository", server, "--program", try InstalledProgram.path()] + options)
            #expect(result.status == status && result.errors.contains(words), "\(result)")
        }
        let program = governance.agentsafe(
            "alice", ["hook", "install", "--repository", server, "--program", "/nowhere/agentsafe"])
        #expect(program.status == 2 && program.errors.contains("--program"), "\(program)")
        #expect(try Fingerprint([server]).differences(from: before) == [])
        let pinned = try install(governance, governance.remote, "--genesis", String(repeating: "1", count: 40))
        let pin = try governance.genesis
        #expect(pinned.status == 1 && pinned.errors.contains("pins \(pin) already"), "\(pinned)")
    }

    @Test("the real program finds itself, in a path that a shell could misread, and prints the hook for other places")
    func itself() throws {
        let governance = try HookedServer.governance()
        let bin = try governance.folder("my $bin; 'quoted' \"twice\"")
        try governance.run(["cp", try InstalledProgram.path(), "\(bin)/agentsafe"])
        func call(_ words: String...) throws -> ProgramResult {
            try Program.run(
                [
                    "sh", "-c", "cd \"$1\" && PATH=\"$2:$PATH\" && shift 2 && agentsafe hook install \"$@\"", "sh",
                    governance.remote, bin,
                ] + words, environment: governance.environment("alice"), timeout: 60)
        }
        let printed = try call("--print")
        #expect(printed.status == 0 && printed.outputText.hasPrefix("#!/bin/sh\n"), "\(printed.errorText)")
        let result = try call()
        #expect(result.status == 0, "\(result.errorText)")
        #expect(try hook(governance.remote) == printed.outputText)
        try governance.pushToMain("sam", ["docs/x.md": "x\n"])
        try governance.refused("sam", "+origin/main~1:refs/heads/main", because: "it takes main back")
    }

    @Test("the hook runs under every shell that stands for `sh` here")
    func shells() throws {
        let governance = try HookedServer.governance()
        var tried = 0
        for shell in ["dash", "bash", "busybox sh", "ksh", "zsh"] {
            let words = shell.split(separator: " ").map(String.init)
            guard let path = Program.find(words[0], environment: governance.environment("sam")) else { continue }
            let script = try hook(governance.remote)
            let line = ([path] + words.dropFirst()).joined(separator: " ")
            let other = "#!\(line)\n" + script.drop { $0 != "\n" }.dropFirst()
            try Files.writeAtomically("\(governance.remote)/hooks/pre-receive", Array(other.utf8), mode: 0o755)
            try governance.pushToMain("sam", ["docs/x.md": "\(shell)\n"])
            try governance.refused("sam", "+origin/main~1:refs/heads/main", because: "it takes main back")
            tried += 1
        }
        #expect(tried > 0)
    }
}
