import ChangeModel
import Git
import Testing

@testable import Ledger

/// That an event is dated before its predecessor, or a day ahead, is among the lies of threat 11.
@Suite("Threat 34: an event lies about its time, or names an older main to escape a revocation")
struct ThreatFalseTimes {
    /// A landed change, and a second runner whose key has just been taken back.
    private func governance() throws -> (Governance, ChangeID, old: String) {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let old = try governance.tip("main")
        try governance.limitKey(of: "runner", to: .revoked)
        return (governance, id, old)
    }

    /// Appends events with the revoked key, as its holder does with a verifier of their own, and pushes them.
    private func forge(_ governance: Governance, _ id: ChangeID, naming main: String, at: Timestamp) throws {
        let forgery = try LedgerForgery(governance)
        let decision = try forgery.newest("decision")
        try forgery.append(copying: decision) { json in
            json["by"] = "runner"
            json["main"] = .string(main)
            json["at"] = .string("\(at)")
        }
        try forgery.publish(from: forgery.entries.count - 1)
    }

    @Test("once the revocation has its event, no later event names a main from before it", arguments: [0, -30, -59])
    func olderMain(seconds: Int64) throws {
        let (governance, id, old) = try governance()
        // The gate records the revocation, and a decision.
        let gate = try LedgerDesk(governance, as: "gate")
        try gate.append(try gate.decision(id))
        try gate.push()
        try governance.settle("sam")
        try forge(governance, id, naming: old, at: governance.clock.timestamp + .seconds(seconds))
        let told = try governance.verifyEverywhere(30)
        let words = seconds == 0 ? "older than its predecessor's" : "before its predecessor"
        #expect(told.errors.contains(words), "\(told)")
    }

    @Test("an event that names the new main without the revocation's own event is refused")
    func skippedTrustEvent() throws {
        let (governance, id, _) = try governance()
        let gate = try LedgerDesk(governance, as: "gate")
        let error = #expect(throws: LedgerError.self) {
            try gate.writer.append([try gate.decision(id)], main: gate.history.main.tip, at: gate.now)
        }
        #expect(error?.description.contains("has recorded version") == true, "\(String(describing: error))")
    }

    @Test("a time ahead by the skew that readers bear is taken, one second more is not, and no clock runs back")
    func skew() throws {
        for (ahead, isTaken) in [(Int64(300), true), (301, false)] {
            let governance = try Governance()
            let id = try governance.propose()
            try governance.land(id)
            governance.clock.advance(ahead)
            let desk = try LedgerDesk(governance)
            try desk.append(try desk.decision(id))
            try desk.push()
            governance.clock.advance(-ahead)
            try governance.verifyEverywhere(isTaken ? 0 : 30)
            if !isTaken {
                // Which is a matter of the reader's clock alone.
                governance.clock.advance(1)
                try governance.verifyEverywhere(0)
                continue
            }
            // Who writes next, with a right clock, does not go back behind it.
            try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
            let times = try governance.record(of: id).events.map(\.at)
            #expect(times == times.sorted())
            #expect(times.first == governance.clock.timestamp + .seconds(ahead))
            try governance.verifyEverywhere(0)
        }
    }

    @Test(
        "an event that names a commit which is on no first-parent chain of main is refused",
        arguments: ["branch", "second parent"])
    func notOnMain(_ kind: String) throws {
        let governance = try Governance()
        let id = try governance.propose("agent", ["replicas=6"])
        let other = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.land(other)
        try governance.mergeUnsigned(id)
        let desk = try LedgerDesk(governance)
        let branch = kind == "branch" ? try governance.propose().branch : id.branch
        try governance.git("runner", "fetch", "-q")
        let commit = try #require(ObjectID(try governance.git("runner", "rev-parse", "origin/\(branch)")))
        try desk.recordTrust()
        let error = #expect(throws: LedgerError.self) {
            try desk.writer.append([try desk.decision(other)], main: commit, at: desk.now)
        }
        #expect(error?.description.contains("main") == true, "\(String(describing: error))")
    }
}
