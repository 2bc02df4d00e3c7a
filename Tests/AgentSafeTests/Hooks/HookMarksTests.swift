import ChangeModel
import OperatingSystem
import Testing

/// The server's memory: what the hook need not prove again, and what it holds against the references.
@Suite("Hook: marks")
struct HookMarksTests {
    private func marks(_ governance: Governance) throws -> JSONValue {
        try JSONValue(parsing: try Files.read("\(governance.remote)/agentsafe-marks.json"))
    }

    /// Pushes a commit that main takes; returns it.
    @discardableResult
    private func move(_ governance: Governance) throws -> String {
        try governance.pushToMain("sam", ["docs/x.md": "\(governance.host("sam").random(4))\n"])
    }

    @Test("marks name what the references held before the push, never what the push brings")
    func behind() throws {
        let (governance, _) = try HookedServer.lived()
        let (main, ledger) = (try governance.tip("main"), try governance.tip("ledger"))
        try move(governance)
        #expect(try marks(governance)["main"]?.stringValue == main)
        #expect(try marks(governance)["genesis"]?.stringValue == (try governance.genesis))
        try governance.execute()
        #expect(try marks(governance).at("ledger", "tip")?.stringValue != (try governance.tip("ledger")))
        let after = try governance.git("runner", "rev-list", "--first-parent", "origin/ledger").split(separator: "\n")
        let tip = try #require(try marks(governance).at("ledger", "tip")?.stringValue)
        let position = try #require(after.firstIndex { $0 == tip })
        let before = try #require(after.firstIndex { $0 == ledger })
        #expect(position > 0 && position < before)
    }

    @Test("a push that git refuses after the hook has agreed leaves no mark")
    func laterRefusal() throws {
        let governance = try HookedServer.governance()
        try Files.create(
            "\(governance.remote)/hooks/update", Array("#!/bin/sh\n[ \"$1\" != refs/heads/main ]\n".utf8), mode: 0o755)
        let main = try governance.tip("main")
        #expect(throws: (any Error).self) { try move(governance) }
        #expect(try governance.tip("main") == main)
        #expect(try marks(governance)["main"]?.stringValue == main)
        try Files.remove("\(governance.remote)/hooks/update")
        try move(governance)
    }

    @Test("what was proved before is not proved again; without marks, it is")
    func boundedWork() throws {
        let (governance, first) = try HookedServer.lived()
        // Moves the marks past the first change.
        try governance.execute()
        // Pushed alone, and so not in a pack.
        let prepared = try #require(
            try governance.files("runner", "origin/ledger", first.folder).first { $0.hasSuffix("-prepared.json") })
        let proposal = try governance.git("runner", "rev-parse", "origin/main:\(first.folder)/change.yaml")
        let evidence = try governance.git("runner", "rev-parse", "origin/ledger:\(prepared)")
        for object in [proposal, evidence] {
            try Files.remove("\(governance.remote)/objects/\(object.prefix(2))/\(object.dropFirst(2))")
        }
        let id = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id))
        let decided = desk.history.tip.commit.id
        try Files.move("\(governance.remote)/agentsafe-marks.json", to: "\(governance.directory.path)/kept.json")
        try governance.refused(
            "runner", "\(decided):refs/heads/ledger", because: "is missing")
        try Files.move("\(governance.directory.path)/kept.json", to: "\(governance.remote)/agentsafe-marks.json")
        try governance.accepted("runner", "\(decided):refs/heads/ledger")
    }

    @Test(
        "a branch that was reset on the server below what was accepted is not built upon",
        arguments: ["main", "ledger"])
    func reset(_ branch: String) throws {
        let (governance, _) = try HookedServer.lived()
        try governance.execute()
        try move(governance)
        let tip = try governance.tip(branch)
        // Both branches have more than this many commits, and marks within them.
        try governance.onServer("update-ref", "refs/heads/\(branch)", "\(tip)~8")
        for actor in ["sam", "runner"] { try governance.git(actor, "fetch", "-q", "--prune") }
        if branch == "main" {
            let commit = try governance.commit(
                "sam", tree: try governance.tree("sam", "origin/main", ["docs/y.md": "y\n"]), parents: ["origin/main"],
                message: "x", signedBy: nil)
            try governance.refused("sam", "\(commit):refs/heads/main", because: "the branch was reset on the server")
        } else {
            let commit = try governance.git("runner", "rev-parse", "\(tip)~7")
            try governance.refused(
                "runner", "\(commit):refs/heads/ledger", because: "the branch was reset on the server")
        }
        // Bringing it back is what is asked for, and the hook takes that too.
        try governance.accepted("sam", "\(tip):refs/heads/\(branch)")
        // So it is when the reset was meant.
        try governance.onServer("update-ref", "refs/heads/\(branch)", "\(tip)~1")
        try Files.remove("\(governance.remote)/agentsafe-marks.json")
        try governance.accepted("sam", "\(tip):refs/heads/\(branch)")
    }

    @Test("marks of another pin mean nothing")
    func otherPin() throws {
        let governance = try HookedServer.governance()
        let path = "\(governance.remote)/agentsafe-marks.json"
        var json = try marks(governance)
        json["genesis"] = .string(String(repeating: "1", count: 40))
        json["main"] = .string(String(repeating: "2", count: 40))
        try Files.writeAtomically(path, json.evidenceBytes)
        try move(governance)
        #expect(try marks(governance)["genesis"]?.stringValue == (try governance.genesis))
    }

    @Test("marks can be read by every account that pushes")
    func permissions() throws {
        let governance = try HookedServer.governance()
        try move(governance)
        try governance.git("sam", "fetch", "-q")
        let commit = try governance.commit(
            "sam", tree: try governance.tree("sam", "origin/main", ["docs/y.md": "y\n"]), parents: ["origin/main"],
            message: "x", signedBy: nil)
        let script = "umask 077; exec git -C \"$1\" push -q origin \"$2\""
        try governance.run(["sh", "-c", script, "sh", governance.clone("sam"), "\(commit):refs/heads/main"], as: "sam")
        #expect(Files.permissions("\(governance.remote)/agentsafe-marks.json") == 0o644)
    }
}
