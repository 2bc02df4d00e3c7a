import ChangeModel
import Git
import Testing

@testable import Ledger

@Suite("What became of an unknown")
struct ResolutionTests {
    /// A change whose runner prepared it and then died, with the lease over; and one that waits for the same target.
    private struct Unknown {
        let governance: Governance
        let id: ChangeID
        let waiting: ChangeID

        init() throws {
            governance = try Governance()
            id = try governance.propose("agent", ["replicas=5"])
            waiting = try governance.propose("agent", ["replicas=6"])
            for change in [id, waiting] { try governance.land(change) }
            let desk = try LedgerDesk(governance)
            try desk.append(try desk.decision(id), try desk.claim(id))
            try desk.append(try desk.prepared(id))
            try desk.push()
            governance.clock.advance(901)
        }

        func resolve(_ actor: String, _ outcome: String, expecting status: Int32 = 0) throws -> CommandResult {
            try governance.expect(
                status, actor, ["resolve", id.text, "--outcome", outcome, "--reason", "I looked at it", "--yes"])
        }
    }

    @Test(
        "a person says what happened: the target is free again, and the change never runs",
        arguments: [("applied", "executed"), ("not_applied", "failed"), ("partly_applied", "failed")])
    func resolves(outcome: String, state: String) throws {
        let unknown = try Unknown()
        let governance = unknown.governance
        #expect(try governance.state(of: unknown.id) == "unknown")
        #expect(try unknown.resolve("bob", outcome).output.contains("bob resolved \(unknown.id) as \(outcome)"))
        #expect(try governance.state(of: unknown.id) == state)
        let again = try governance.expect(1, "runner", ["run", unknown.id.text] + governance.cluster())
        #expect(again.errors.contains("executed already"))
        let runs = try governance.expect(0, "runner", ["run", "--output", "json"] + governance.cluster()).json
        #expect(runs["runs"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == [unknown.waiting.text])
        try governance.verifyEverywhere(0)
        #expect(try unknown.resolve("bob", outcome, expecting: 1).errors.contains("nothing to resolve"))
    }

    @Test("only what was applied becomes the latest execution on the target")
    func latestExecution() throws {
        for (outcome, isLatest) in [("applied", true), ("partly_applied", true), ("not_applied", false)] {
            let unknown = try Unknown()
            _ = try unknown.resolve("alice", outcome)
            let desk = try LedgerDesk(unknown.governance)
            let lock = try #require(
                try Judgement(desk.change(unknown.id), main: desk.main, now: desk.now).plan?.locks.first)
            #expect((try desk.history.state.lastExecution(lock)?.change == unknown.id) == isLatest)
        }
    }

    @Test("nobody but a person with role approver or admin resolves, and nobody while the runner may still speak")
    func rights() throws {
        let unknown = try Unknown()
        for actor in ["sam", "agent", "runner", "gate"] {
            #expect(try unknown.resolve(actor, "applied", expecting: 20).errors.contains("has no right to resolve"))
        }
        #expect(try unknown.governance.state(of: unknown.id) == "unknown")

        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let words = ["resolve", id.text, "--outcome", "applied", "--reason", "x", "--yes"]
        #expect(try governance.expect(1, "bob", words).errors.contains("it is landed"))
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        try desk.push()
        governance.clock.advance(901)
        #expect(try governance.expect(1, "bob", words).errors.contains("nothing was prepared"))
    }

    @Test("a resolution before the lease ends is refused by every reader, whoever pushed it")
    func early() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        try desk.append(try desk.prepared(id))
        try desk.push()
        let claim = try #require(try desk.history.state.claim(id))
        governance.clock.advance(900)
        let early = try governance.expect(
            1, "bob", ["resolve", id.text, "--outcome", "applied", "--reason", "x", "--yes"])
        #expect(early.errors.contains("may still say what became of it"))
        let person = try LedgerDesk(governance, as: "bob")
        let draft = EventDraft(
            kind: .resolution, change: try person.change(id),
            body: ["claim": .integer(Int64(claim.height)), "outcome": "applied", "reason": "x"], headline: "early")
        #expect(throws: LedgerError.self) { try person.append(draft) }
        governance.clock.advance(1)
        #expect(throws: Never.self) { try person.append(draft) }
    }

    @Test("a runner that wakes after the resolution acts on nothing, and its record stays in its clone")
    func zombie() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        try desk.append(try desk.prepared(id))
        try desk.push()
        // The runner has acted, could not push, and left its record in the outbox.
        try desk.append(try desk.execution(id))
        let late = desk.history.tip.commit.id
        try governance.git("runner", "update-ref", "refs/agentsafe/outbox/\(id)", late.description)
        governance.clock.advance(901)
        try governance.expect(
            0, "bob", ["resolve", id.text, "--outcome", "not_applied", "--reason", "replicas are still 2", "--yes"])
        let ledger = try governance.tip("ledger")
        let woken = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(woken.errors.contains("came too late"))
        #expect(try governance.tip("ledger") == ledger)
        #expect(try governance.git("runner", "rev-parse", "refs/agentsafe/late/\(id)") == late.description)
        #expect(try governance.git("runner", "for-each-ref", "refs/agentsafe/outbox").isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("what was found applied is rolled back like an execution; what was never applied is not")
    func rollback() throws {
        for (outcome, status) in [("applied", Int32(0)), ("partly_applied", 0), ("not_applied", 1)] {
            let governance = try Governance()
            let id = try governance.propose()
            try governance.land(id)
            let desk = try LedgerDesk(governance)
            try desk.append(try desk.decision(id), try desk.claim(id))
            let pair: JSONValue = [
                "action": "scale-deployment", "target": "staging/api-server", "params": ["replicas": 2],
            ]
            var prepared = try desk.prepared(id) { $0["rollback"] = pair }
            prepared.files["rollback.yaml"] = Array("action: scale-deployment\n".utf8)
            try desk.append(prepared)
            try desk.push()
            governance.clock.advance(901)
            try governance.expect(
                0, "bob", ["resolve", id.text, "--outcome", outcome, "--reason", "seen", "--yes"])
            try governance.expect(status, "agent", ["rollback", id.text, "--push"])
        }
    }

    @Test("a reason that is no visible line is refused before anything is signed")
    func reasons() throws {
        let unknown = try Unknown()
        for reason in ["", "two\nlines", "hidden\u{202E}", String(repeating: "x", count: 1001)] {
            try unknown.governance.expect(
                2, "bob", ["resolve", unknown.id.text, "--outcome", "applied", "--reason", reason, "--yes"])
        }
        try unknown.governance.expect(2, "bob", ["resolve", unknown.id.text, "--reason", "x", "--yes"])
        try unknown.governance.expect(2, "bob", ["resolve", unknown.id.text, "--outcome", "applied", "--yes"])
        #expect(try unknown.governance.state(of: unknown.id) == "unknown")
    }
}
