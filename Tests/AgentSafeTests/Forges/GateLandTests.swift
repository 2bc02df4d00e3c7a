import ChangeModel
import OperatingSystem
import Testing

@Suite("The gate lands")
struct GateLandTests {
    /// Main's commits from `before` on, oldest first: number of parents and subject.
    private func story(_ governance: Governance, since before: String) throws -> [String] {
        try governance.git("gate", "fetch", "-q")
        let log = try governance.git(
            "gate", "log", "--first-parent", "--reverse", "--format=%p|%s", "\(before)..origin/main")
        return log.split(separator: "\n").map { line in
            let parts = line.split(separator: "|", maxSplits: 1)
            return "\(parts[0].split(separator: " ").count) \(parts[1])"
        }
    }

    @Test("what the policy allows, by fast-forward where the branch starts at main's tip")
    func fastForward() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let result = try governance.gateRun(0, ["--land", "--record"], head: id)
        #expect(result.landedChanges == [id.text] && result.recordedEvents.last == "decision", "\(result)")
        #expect(try governance.tip("main") == governance.tip(id.branch))
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        try governance.verifyEverywhere(0)
        #expect(try governance.gateRun(0, ["--land"], head: id).landedChanges.isEmpty, "it landed once")
    }

    @Test("on a main that moved on, by a commit of its own that keeps main's tree and approves nothing")
    func rebuilt() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        let moved = try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")
        let result = try governance.gateRun(0, ["--land"], head: id)
        #expect(result.landedChanges == [id.text], "\(result)")
        #expect(try story(governance, since: moved) == ["2 Land change/\(id)"])
        let parents = try governance.git("gate", "log", "-1", "--format=%P", "origin/main")
        #expect(parents == "\(moved) \(try governance.tip(id.branch))")
        #expect(try governance.text("docs/notes.md", at: "origin/main", seenBy: "gate") == "n\n")
        let signer = try governance.git(
            "gate", "-c", "gpg.ssh.allowedSignersFile=\(governance.clone("gate"))/allowed_signers", "log", "-1",
            "--format=%G? %GS", "origin/main")
        #expect(signer == "G gate")
        try governance.deleteBranches("refs/heads/vote/**")
        try governance.git("gate", "fetch", "-q", "--prune")
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test(
        "nothing that is denied, rejected, expired or not approved, and says which by its exit code",
        arguments: ["denied", "rejected", "expired", "unapproved", "approvedBySelf", "oneOfTwo"], [false, true])
    func refuses(_ why: String, mainMovedOn: Bool) throws {
        let governance = try Governance()
        var head: [String] = []
        var status: Int32 = 20
        switch why {
        case "denied":
            head = [try governance.propose("rogue", options: ["--anyway"]).branch]
        case "rejected":
            let id = try governance.propose()
            try governance.expect(0, "bob", ["reject", id.text, "--yes"])
            head = [id.branch]
        case "expired":
            head = [try governance.propose(options: ["--expires", "1h"]).branch]
            governance.clock.advance(3601)
        case "unapproved":
            head = [try governance.propose(target: "prod/api-server").branch]
            status = 10
        case "approvedBySelf":
            let id = try governance.propose(target: "prod/api-server")
            let vote = try governance.handVote(on: id, by: "deploy-agent-01")
            try governance.castByHand(
                try governance.voteTrailers(vote, signedBy: "agent"), on: id, leaf: "deploy-agent-01-22222222",
                pushedBy: "agent")
            head = [id.branch]
            status = 10
        default:
            // One of the two may run: neither lands.
            let allowed = try governance.propose()
            try governance.git("agent", "fetch", "-q")
            let other = try governance.propose(target: "prod/api-server")
            try governance.stack(other, on: allowed, as: "change/two")
            head = ["change/two"]
            status = 10
        }
        if mainMovedOn { try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes") }
        let before = try governance.tip("main")
        let result = try governance.gateRun(status, ["--land", "--record", "--head", "origin/\(head[0])"])
        #expect(result.landedChanges.isEmpty && (try? result.json)?["landed"]?.arrayValue != nil, "\(result)")
        #expect(try governance.tip("main") == before)
    }

    @Test("no trust commit, no foreign one, and no documentation")
    func othersKinds() throws {
        let governance = try Governance()
        let before = try governance.tip("main")
        try governance.write("alice", "policies/more.yaml", "rules: []\n")
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "More"])
        try governance.push("alice", "main", to: "trust/more")
        let trust = try governance.gateRun(0, ["--land", "--head", "origin/trust/more"])
        #expect(trust.landedChanges.isEmpty && trust.errors.contains("by an admin"), "\(trust)")
        try governance.git("sam", "fetch", "-q")
        for (path, status) in [("docs/notes.md", Int32(0)), ("policies/mine.yaml", 30)] {
            let commit = try governance.commit(
                "sam", tree: try governance.tree("sam", "origin/main", [path: "rules: []\n"]),
                parents: ["origin/main"], message: "More", signedBy: nil)
            try governance.push("sam", commit, to: "words")
            try governance.gateRun(status, ["--land", "--head", "origin/words"])
        }
        #expect(try governance.tip("main") == before)
    }

    @Test("a branch with several changes, whole, in one landing")
    func several() throws {
        let governance = try Governance()
        let first = try governance.propose()
        let second = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.stack(second, on: first, as: "change/two")
        let moved = try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")
        let result = try governance.gateRun(0, ["--land", "--head", "origin/change/two"])
        #expect(result.landedChanges.sorted() == [first.text, second.text].sorted(), "\(result)")
        #expect(try story(governance, since: moved) == ["2 Land 2 changes"])
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("exactly once, when two gates are at it", arguments: [false, true])
    func twoGates(mainMovedOn: Bool) async throws {
        let governance = try Governance()
        let id = try governance.propose()
        var before = try governance.tip("main")
        if mainMovedOn { before = try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes") }
        let folder = try governance.secondClone("gate")
        try governance.git("gate", "fetch", "-q")
        let words = ["gate", "--land", "--output", "json", "--head", "origin/\(id.branch)"]
        async let one = Task.detached { governance.agentsafe("gate", words) }.value
        async let other = Task.detached { governance.agentsafe("gate", words, in: folder) }.value
        let results = await [one, other]
        for result in results { #expect(result.status == 0, "\(result)") }
        #expect(results.flatMap(\.landedChanges) == [id.text], "one of the two says that it landed it")
        #expect(try story(governance, since: before).count == 1)
        try governance.verifyEverywhere(0)
    }

    @Test("both of two branches, when two gates land one each at the same time")
    func twoBranches() async throws {
        let governance = try Governance()
        let before = try governance.tip("main")
        let (first, second) = (
            try governance.propose(), try governance.propose(target: "dev/api-server", ["replicas=2"])
        )
        let folder = try governance.secondClone("gate")
        try governance.git("gate", "fetch", "-q")
        func words(_ id: ChangeID) -> [String] {
            ["gate", "--land", "--record", "--output", "json", "--head", "origin/\(id.branch)"]
        }
        let (ones, others) = (words(first), words(second))
        async let one = Task.detached { governance.agentsafe("gate", ones) }.value
        async let other = Task.detached { governance.agentsafe("gate", others, in: folder) }.value
        let results = await [one, other]
        for result in results { #expect(result.status == 0, "\(result)") }
        #expect(Set(results.flatMap(\.landedChanges)) == [first.text, second.text])
        #expect(try story(governance, since: before).count == 2)
        try governance.verifyEverywhere(0)
    }

    @Test("nothing, and says why, where the remote does not let it push")
    func refusedByTheRemote() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try Files.createDirectory("\(governance.remote)/hooks")
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.create(
            hook, Array("#!/bin/sh\nread a b c\ncase $c in refs/heads/main) echo protected >&2; exit 1;; esac\n".utf8),
            mode: 0o755)
        let result = try governance.gateRun(1, ["--land"], head: id)
        #expect(result.errors.contains("protected"), "\(result)")
    }
}

extension Governance {
    /// A branch that proposes two changes, a commit each.
    func stack(_ second: ChangeID, on first: ChangeID, as branch: String) throws {
        try git("agent", "fetch", "-q")
        var edits: [String: String?] = [:]
        for name in ["change.yaml", "change.yaml.sig"] {
            let path = "\(second.folder)/\(name)"
            edits[path] = try text(path, at: "origin/\(second.branch)", seenBy: "agent")
        }
        let base = "origin/\(first.branch)"
        let commit = try commit(
            "agent", tree: try tree("agent", base, edits), parents: [base], message: "propose \(second)",
            signedBy: "agent")
        try push("agent", commit, to: branch)
    }
}
