import ChangeModel
import OperatingSystem
import Testing

@Suite("The gate records")
struct GateRecordTests {
    @Test("a proposal's decision, with a copy of its files, and each vote once")
    func proposal() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let first = try governance.gateRun(10, ["--record"], head: id)
        #expect(first.recordedEvents.suffix(1) == ["decision"], "\(first)")
        let entry = try #require(try first.json["recorded"]?.arrayValue?.last)
        #expect(entry["change"]?.stringValue == id.text)
        #expect(entry["commit"]?.stringValue == (try governance.tip("ledger")))
        #expect(entry["height"]?.integerValue != nil)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        let second = try governance.gateRun(0, ["--record"], head: id)
        #expect(second.recordedEvents == ["vote"], "\(second)")
        let third = try governance.gateRun(0, ["--record"], head: id)
        #expect(third.recordedEvents.isEmpty, "nothing is recorded twice: \(third)")
        #expect(try governance.recorded(id) == ["decision", "vote"])
        let files = try governance.files("sam", "origin/ledger", id.folder)
        #expect(files.filter { $0.hasSuffix("/change.yaml") || $0.hasSuffix("/change.yaml.sig") }.count == 2)
        try governance.verifyEverywhere(0)
    }

    @Test("a denial, which dies with its branch otherwise")
    func denial() throws {
        let governance = try Governance()
        let id = try governance.propose("rogue", target: "staging/api-server", options: ["--anyway"])
        let result = try governance.gateRun(20, ["--record"], head: id)
        #expect(result.recordedEvents.last == "decision")
        try governance.deleteBranches("refs/heads/\(id.branch)")
        let event = try #require(try governance.record(of: id).events.first)
        #expect(event.body.at("decision", "result")?.stringValue == "deny")
        #expect(try governance.gateRun(0, ["--record"]).recordedEvents.isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("a rejection of a proposal outlives its branch")
    func rejectionBeforeLanding() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        try governance.gateRun(20, ["--record"], head: id)
        #expect(try governance.recorded(id) == ["decision", "vote"])
        try governance.deleteBranches("refs/heads/vote/**")
        try governance.gateRun(20, [], head: id)
        try governance.land(id)
        try governance.runRefused(20, id)
    }

    @Test("without a range: votes on what waits on main, and owed trust commits")
    func nothingInRange() throws {
        let governance = try Governance()
        let first = try governance.gateRun(0, ["--record"])
        #expect(Set(first.recordedEvents) == ["trust"], "\(first)")
        #expect(try governance.gateRun(0, ["--record"]).recordedEvents.isEmpty)
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        let second = try governance.gateRun(0, ["--record"])
        #expect(second.recordedEvents == ["decision", "vote"], "\(second)")
        #expect(try second.json["result"]?.stringValue == "allow" && second.json["owed"]?.integerValue == 0)
        try governance.deleteBranches("refs/heads/vote/**")
        try governance.runRefused(20, id)
        try governance.verifyEverywhere(0)
    }

    @Test("an approval by merge, as a vote")
    func approvalByMerge() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let before = try governance.tip("main")
        try governance.signingGit("bob", "fetch", "-q")
        try governance.signingGit("bob", "checkout", "-q", "-B", "main", "origin/main")
        try governance.signingGit("bob", "merge", "-q", "--no-ff", "--no-edit", "origin/\(id.branch)")
        try governance.git("bob", "push", "-q", "origin", "main")
        let result = try governance.gateRun(0, ["--record", "--base", before, "--head", "origin/main"])
        #expect(result.recordedEvents.suffix(2) == ["decision", "vote"], "\(result)")
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.recorded(id) == ["decision", "vote", "claim", "prepared", "execution"])
    }

    @Test("of a merged range, every change; of an executed one nothing more")
    func mergedRange() throws {
        let governance = try Governance()
        let before = try governance.tip("main")
        let executed = try governance.propose()
        var late = try governance.handVote(on: executed, by: "bob")
        late.verdict = "reject"
        try governance.land(executed)
        try governance.expect(0, "runner", ["run", executed.text] + governance.cluster())
        // What is said of it after its execution bears on nothing.
        try governance.castByHand(
            try governance.voteTrailers(late, signedBy: "bob"), on: executed, leaf: "bob-22222222", pushedBy: "bob")
        let denied = try governance.propose("rogue", target: "dev/api-server", options: ["--anyway"])
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        for id in [denied, waiting] { try governance.mergeUnsigned(id) }
        let count = try governance.recorded(executed).count
        let result = try governance.gateRun(20, ["--record", "--base", before, "--head", "origin/main"])
        #expect(try result.json["changes"]?.arrayValue?.count == 3)
        #expect(result.recordedEvents == ["decision", "decision"], "\(result)")
        #expect(try governance.recorded(denied) == ["decision"] && governance.recorded(waiting) == ["decision"])
        #expect(try governance.recorded(executed).count == count)
        try governance.verifyEverywhere(0)
    }

    @Test("with the gate's key alone", arguments: ["sam", "runner", "bob", "agent"])
    func wrongKey(actor: String) throws {
        let governance = try Governance()
        let id = try governance.propose()
        let before = try governance.tip("ledger")
        try governance.git(actor, "fetch", "-q")
        for flag in ["--record", "--land"] {
            let result = try governance.expect(20, actor, ["gate", flag, "--head", "origin/\(id.branch)"])
            #expect(result.errors.contains("role `gate`"), "\(result)")
        }
        #expect(try governance.tip("ledger") == before)
        #expect(try governance.tip("main") != governance.tip(id.branch))
    }

    @Test("what waits on main, even when the range is none that may be judged")
    func brokenRange() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        let other = try governance.propose("agent", ["replicas=7"])
        try governance.addToBranch(other.branch, as: "agent", ["policies/mine.yaml": "rules: []\n"])
        let result = try governance.gateRun(30, ["--record"], head: other)
        #expect(result.errors.contains("policies/mine.yaml"))
        #expect(try governance.recorded(id) == ["decision", "vote"])
        #expect(try governance.recorded(other).isEmpty)
    }

    @Test("an edited proposal is not judged again once it is recorded", arguments: [false, true])
    func editedAfterRecording(landsAll: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.gateRun(0, ["--record"], head: id)
        try governance.rewrite(id) { $0.split(separator: "replicas: 6").joined(separator: "replicas: 60") }
        let result = try governance.gateRun(30, landsAll ? ["--record", "--land"] : [], head: id)
        #expect(result.errors.contains("never edited"), "\(result)")
        #expect(try governance.recorded(id) == ["decision"])
        #expect(try governance.tip("main") != governance.tip(id.branch))
    }

    @Test("one statement on two branches is one vote")
    func copiedVote() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        let branch = try #require(try governance.voteBranches(id).first)
        try governance.push("bob", "origin/\(branch)", to: "vote/\(id)/bob-22222222")
        try governance.gateRun(0, ["--record"], head: id)
        #expect(try governance.recorded(id) == ["decision", "vote"])
    }

    @Test("two gates at once record everything once")
    func together() async throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        for voter in ["bob", "carol"] { try governance.expect(0, voter, ["approve", id.text, "--yes"]) }
        let folder = try governance.secondClone("gate")
        try governance.git("gate", "fetch", "-q")
        let words = ["gate", "--record", "--head", "origin/\(id.branch)"]
        async let one = Task.detached { governance.agentsafe("gate", words) }.value
        async let other = Task.detached { governance.agentsafe("gate", words, in: folder) }.value
        for result in await [one, other] { #expect(result.status == 0, "\(result)") }
        #expect(try governance.recorded(id).sorted() == ["decision", "vote", "vote"])
        try governance.verifyEverywhere(0)
    }

    @Test("at most 256 events an invocation, and says how many are owed")
    func cap() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let other = try governance.propose(target: "prod/api-server", ["replicas=6"])
        // Two changes with 150 votes each: more than one invocation takes.
        for id in [id, other] { try governance.castMany(150, on: id) }
        try governance.git("sam", "fetch", "-q")
        let tree = try governance.git("sam", "rev-parse", "origin/main^{tree}")
        var edits: [String: String?] = [:]
        for id in [id, other] {
            for name in ["change.yaml", "change.yaml.sig"] {
                let path = "\(id.folder)/\(name)"
                edits[path] = try governance.text(path, at: "origin/\(id.branch)", seenBy: "sam")
            }
        }
        let both = try governance.commit(
            "sam", tree: try governance.tree("sam", tree, edits), parents: ["origin/main"], message: "Both",
            signedBy: nil)
        try governance.push("sam", both, to: "change/both")
        try governance.git("gate", "fetch", "-q")
        let last = max(id, other)
        try governance.expect(0, "carol", ["reject", last.text, "--yes"])
        let result = try governance.gateRun(20, ["--record", "--head", "origin/change/both"])
        let votes = try governance.record(of: last).votes
        #expect(votes.contains { $0.text.hasPrefix("reject ") }, "what stops a change goes first")
        #expect(result.recordedEvents.filter { $0 != "trust" }.count == 256, "\(result.recordedEvents.count)")
        #expect(try result.json["owed"]?.integerValue == 303 - 256)
        #expect(result.errors.contains("47 more events are owed"))
        let rest = try governance.gateRun(20, ["--record", "--head", "origin/change/both"])
        #expect(rest.recordedEvents.count == 47)
        #expect(try rest.json["owed"]?.integerValue == 0)
    }
}
