import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("Claims, locks, and runners that die")
struct DyingRunnerTests {
    /// A repository with two runners, and two landed changes on one target and one on another.
    private struct Setting {
        let governance: Governance
        let first: ChangeID
        let second: ChangeID
        let elsewhere: ChangeID

        init() throws {
            governance = try Governance()
            try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
            first = try governance.propose("agent", ["replicas=5"])
            second = try governance.propose("agent", ["replicas=6"])
            elsewhere = try governance.propose(target: "dev/api-server", ["replicas=2"])
            for id in [first, second, elsewhere] { try governance.land(id) }
        }

        /// A runner that dies after its claim, or after `prepared`.
        func die(prepared: Bool) throws {
            let desk = try LedgerDesk(governance)
            try desk.append(try desk.decision(first), try desk.claim(first))
            if prepared { try desk.append(try desk.prepared(first)) }
            try desk.push()
        }

        /// `run` as the second runner; the statuses by change.
        func run(_ words: [String] = [], expecting status: Int32) throws -> [String: String] {
            let report = try governance.expect(
                status, "runner2", ["run", "--output", "json"] + words + governance.cluster()
            ).json
            return Dictionary(
                (report["runs"]?.arrayValue ?? []).compactMap { run in
                    run["id"]?.stringValue.map { ($0, run["status"]?.stringValue ?? "") }
                }, uniquingKeysWith: { $1 })
        }

        func replicas(_ namespace: String = "staging") throws -> Int64? {
            let items = try JSONValue(parsing: try Files.read(governance.clusterFile))["items"]?.arrayValue ?? []
            return items.first {
                $0["kind"]?.stringValue == "Deployment" && $0.at("metadata", "namespace")?.stringValue == namespace
                    && $0.at("metadata", "name")?.stringValue == "api-server"
            }?.at("spec", "replicas")?.integerValue
        }

        func events(_ id: ChangeID) throws -> [EventKind] { try governance.record(of: id).events.map(\.kind) }
    }

    @Test("a held claim is respected: its change and its target wait, other targets go on")
    func heldClaim() throws {
        let setting = try Setting()
        try setting.die(prepared: false)
        let runs = try setting.run(expecting: 1)
        #expect(
            runs == [
                setting.first.text: "claimed", setting.second.text: "locked", setting.elsewhere.text: "executed",
            ])
        #expect(try setting.run([setting.first.text], expecting: 1) == [setting.first.text: "claimed"])
        #expect(try setting.governance.state(of: setting.first) == "claimed")
        #expect(try setting.replicas() == 2)
        #expect(try setting.events(setting.first) == [.decision, .claim])
        try setting.governance.expectVerified()
    }

    @Test(
        "the last instant of a lease belongs to its holder; after it another runner gives the claim back and runs the change"
    )
    func deadRunner() throws {
        let setting = try Setting()
        try setting.die(prepared: false)
        setting.governance.clock.advance(900)
        #expect(try setting.run([setting.first.text], expecting: 1) == [setting.first.text: "claimed"])
        setting.governance.clock.advance(1)
        #expect(try setting.run([setting.first.text], expecting: 0) == [setting.first.text: "executed"])
        #expect(try setting.replicas() == 5)
        #expect(try setting.events(setting.first) == [.decision, .claim, .aborted, .claim, .prepared, .execution])
        let aborted = try #require(try setting.governance.record(of: setting.first).last(.aborted))
        #expect(aborted.by == "runner2")
        // The dead runner wakes: it finds its claim gone.
        #expect(
            try setting.governance.expect(1, "runner", ["run", setting.first.text]).errors.contains("executed already"))
        try setting.governance.expectVerified()
    }

    @Test("what was prepared and has no execution is unknown: nobody runs it again, and its target stays locked")
    func unknown() throws {
        let setting = try Setting()
        try setting.die(prepared: true)
        #expect(try setting.governance.state(of: setting.first) == "claimed")
        setting.governance.clock.advance(901)
        for _ in 0..<2 {
            let runs = try setting.run(expecting: 1)
            #expect(runs[setting.first.text] == "unknown")
            #expect(runs[setting.second.text] == "locked")
        }
        #expect(try setting.run([setting.first.text], expecting: 1) == [setting.first.text: "unknown"])
        #expect(try setting.governance.state(of: setting.first) == "unknown")
        #expect(try setting.replicas() == 2)
        #expect(try setting.events(setting.first) == [.decision, .claim, .prepared])
        #expect(try setting.events(setting.second).isEmpty)
        try setting.governance.expectVerified()
    }

    @Test("a runner that comes back before anybody noticed finishes what it prepared")
    func lateExecution() throws {
        let setting = try Setting()
        let desk = try LedgerDesk(setting.governance)
        try desk.append(try desk.decision(setting.first), try desk.claim(setting.first))
        try desk.append(try desk.prepared(setting.first))
        setting.governance.clock.advance(5000)
        try desk.append(try desk.execution(setting.first))
        try desk.push()
        #expect(try setting.governance.state(of: setting.first) == "executed")
        #expect(try setting.run([setting.second.text], expecting: 0) == [setting.second.text: "executed"])
        try setting.governance.expectVerified()
    }

    @Test("a claimed change and a locked target cannot be claimed, by anybody")
    func secondClaim() throws {
        let setting = try Setting()
        try setting.die(prepared: false)
        for actor in ["runner", "runner2"] {
            let desk = try LedgerDesk(setting.governance, as: actor)
            let same = #expect(throws: LedgerError.self) { try desk.append(try desk.claim(setting.first)) }
            #expect(same?.description.contains("claimed already") == true)
            let locked = #expect(throws: LedgerError.self) { try desk.append(try desk.claim(setting.second)) }
            #expect(locked?.description.contains("locked by \(setting.first)") == true)
            try desk.append(try desk.decision(setting.elsewhere), try desk.claim(setting.elsewhere))
        }
    }

    @Test("only the claimer prepares and executes, only in order, and a lease that ended prepares nothing")
    func order() throws {
        let setting = try Setting()
        let (id, clock) = (setting.first, setting.governance.clock)
        func refused(_ desk: LedgerDesk, _ words: String, _ draft: () throws -> EventDraft) throws {
            try desk.recordTrust()
            let draft = try draft()
            let tip = desk.history.tip.commit.id
            let error = #expect(throws: LedgerError.self) { try desk.append(draft) }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
            #expect(desk.history.tip.commit.id == tip)
        }
        let desk = try LedgerDesk(setting.governance)
        try refused(desk, "no open claim") { try desk.prepared(id) }
        try refused(desk, "no open claim") { try desk.aborted(id) }
        try desk.append(try desk.decision(id), try desk.claim(id))
        try refused(desk, "not prepared") { try desk.execution(id) }
        try refused(desk, "no open claim") { try desk.prepared(id) { $0["claim"] = 1 } }
        try refused(desk, "members are not those") { try desk.prepared(id) { $0.remove("lease_end") } }
        try refused(desk, "lease") { try desk.prepared(id, lease: 10) }
        try desk.push()
        let other = try LedgerDesk(setting.governance, as: "runner2")
        try refused(other, "belongs to `runner`") { try other.prepared(id) }
        try refused(other, "belongs to `runner`") { try other.aborted(id) }
        clock.advance(900)
        try refused(other, "belongs to `runner`") { try other.aborted(id) }
        clock.advance(1)
        try other.append(try other.aborted(id))
        try refused(desk, "lease ended") { try desk.prepared(id) }
        try desk.append(try desk.aborted(id))
        try desk.append(try desk.claim(id), try desk.claim(setting.elsewhere))
        try desk.append(try desk.prepared(id))
        try refused(desk, "prepared already") { try desk.prepared(id) }
        try refused(desk, "cannot be aborted") { try desk.aborted(id) }
        try refused(desk, "no outcome") { try desk.execution(id, outcome: "perhaps") }
        try desk.push()
        let again = try LedgerDesk(setting.governance, as: "runner2")
        clock.advance(90_000)
        try refused(again, "belongs to `runner`") { try again.execution(id) }
        try refused(again, "cannot be aborted") { try again.aborted(id) }
    }
}
