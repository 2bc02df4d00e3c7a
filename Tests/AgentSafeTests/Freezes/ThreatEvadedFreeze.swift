import ChangeModel
import Testing

@testable import Ledger

/// Dates that a proposer or a runner writes move nothing out of a freeze: it is read off the clock of whoever judges, and
/// every event is judged again at the event's own time, which never decreases along the ledger.
@Suite("Threat 9: a change is dated to slip past a freeze")
struct ThreatEvadedFreeze {
    /// A freeze of two hours that begins in ten minutes, with an exception for rollbacks.
    private func governance() throws -> Governance {
        let governance = try Governance()
        func wall(_ seconds: Int64) -> WallTime {
            WallTime(seconds: (governance.clock.now + seconds + 3600) / 60 * 60)
        }
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        try governance.write(
            "alice", "policies/freeze.yaml",
            """
            freeze:
              - name: winter
                from: \(wall(600))
                until: \(wall(600 + 7200))
                zone: Europe/Berlin
                except:
                  - rollback: true
                reason: nobody is there

            """)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Freeze over the holidays", "--push"])
        return governance
    }

    private let untilTheFreeze: Int64 = 660

    @Test("what was proposed and landed before the freeze does not run in it, and runs when it is over")
    func earlierChange() throws {
        let governance = try governance()
        let id = try governance.propose()
        try governance.land(id)
        governance.clock.advance(untilTheFreeze)
        let result = try governance.expect(20, "runner", ["run", id.text] + governance.cluster())
        #expect(result.output.contains("nobody is there (frozen until"), "\(result)")
        // Not for good: it waits for the end of the freeze.
        #expect(try governance.state(of: id) == "limited")
        governance.clock.advance(7200)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.state(of: id) == "executed")
        try governance.verifyEverywhere(0)
    }

    @Test("what was claimed before the freeze is not prepared in it")
    func earlierClaim() throws {
        let governance = try governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        try desk.push()
        governance.clock.advance(untilTheFreeze)
        let late = try LedgerDesk(governance)
        let error = #expect(throws: LedgerError.self) { try late.append(try late.prepared(id)) }
        #expect(error?.description.contains("not allowed any more") == true, "\(String(describing: error))")
        #expect(throws: Never.self) { try late.append(try late.aborted(id)) }
    }

    @Test("a record that says allow, dated in the freeze or before its predecessor, is refused by every reader")
    func forgedRecord() throws {
        let governance = try governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        let allowed = try desk.decision(id).body
        #expect(allowed.at("decision", "result") == "allow")
        governance.clock.advance(untilTheFreeze)
        let late = try LedgerDesk(governance)
        // The decision as it was before the freeze.
        let error = #expect(throws: LedgerError.self) { try late.append(try late.decision(id) { $0 = allowed }) }
        #expect(error?.description.contains("not the one that main's policy gives") == true)
        // The true one says who froze it.
        let frozen = try late.decision(id)
        #expect(frozen.body.at("decision", "code") == "frozen" && frozen.body.at("decision", "rule") == "winter")
        #expect(throws: Never.self) { try late.append(frozen) }
        try late.push()
        try governance.verifyEverywhere(0)
    }

    @Test("a rollback passes where the freeze lets rollbacks pass, and a change that only says so does not")
    func rollback() throws {
        let governance = try governance()
        let id = try governance.execute()
        governance.clock.advance(untilTheFreeze)
        let refused = governance.agentsafe(
            "agent",
            [
                "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=3", "--reason",
                "x",
                "--output", "json",
            ])
        #expect(refused.status == 20 && "\(refused)".contains("frozen"), "\(refused)")
        try governance.git("agent", "fetch", "-q", "--prune")
        let result = try governance.expect(
            0, "agent", ["rollback", id.text, "--reason", "too many", "--push", "--output", "json"])
        let undoing = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try governance.land(undoing)
        try governance.expect(0, "runner", ["run", undoing.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }
}
