import ChangeModel
import Git
import PolicyEngine
import TestSupport
import Testing

@testable import Ledger

@Suite("The ledger's state")
struct LedgerStateTests {
    @Test("each event moves the state as the protocol says, and every reader derives the same")
    func transitions() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        typealias Standing = LedgerDesk.Standing
        #expect(try desk.standing(id) == Standing(pending: true))
        try desk.append(try desk.decision(id))
        #expect(try desk.standing(id) == Standing(pending: true, recentDecisions: 1))
        try desk.append(try desk.claim(id))
        #expect(try desk.standing(id) == Standing(pending: true, claimed: true, locked: true, recentDecisions: 1))
        try desk.append(try desk.aborted(id))
        #expect(try desk.standing(id) == Standing(pending: true, recentDecisions: 1))
        try desk.append(try desk.claim(id))
        try desk.append(try desk.prepared(id, lease: 1800))
        #expect(
            try desk.standing(id)
                == Standing(pending: true, claimed: true, prepared: true, locked: true, recentDecisions: 1))
        #expect(try desk.history.state.claim(id)?.leaseEnd == desk.now + .seconds(1800))
        try desk.append(try desk.execution(id, outcome: "failed"))
        #expect(try desk.standing(id) == Standing(execution: "failed", recentDecisions: 1))
        #expect(try desk.history.state.pending().isEmpty && desk.history.state.claims().isEmpty)
        try desk.push()
        let report = try governance.expectVerified()
        #expect(report.at("ledger", "events", "claim")?.integerValue == 2)
        // The same from the middle, and from the start.
        let again = try LedgerHistory(
            repository: desk.repository, main: desk.history.main, tip: desk.base, start: nil, now: desk.now)
        #expect(again.tip.commit.tree == desk.history.tip.commit.tree)
    }

    @Test("a decision counts once a digest: recorded again, it adds no entry")
    func decisionsCountOnce() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id))
        var again = try desk.decision(id)
        again.copiesChange = false
        try desk.append(again)
        #expect(try desk.standing(id).recentDecisions == 1)
    }

    @Test("landings are entered in the order of main, and numbered through")
    func landings() throws {
        let governance = try Governance()
        let ids = try ["dev", "staging", "prod"].map { environment in
            let id = try governance.propose(target: "\(environment)/api-server", ["replicas=3"])
            try governance.land(id)
            return id
        }
        let desk = try LedgerDesk(governance)
        let pending = try desk.history.currentState().pending()
        #expect(pending.map(\.id) == ids)
        #expect(pending.map(\.sequence) == [1, 2, 3])
        // Once entered by an event, they stay numbered as they were.
        try desk.append(try desk.decision(ids[2]))
        #expect(try desk.history.state.pending() == pending)
    }

    @Test("an expired change leaves the state once its hour is over, but not while somebody holds a claim on it")
    func pruning() throws {
        let governance = try Governance()
        let short = try governance.propose(target: "dev/api-server", ["replicas=2"], options: ["--expires", "1h"])
        let held = try governance.propose(target: "staging/api-server", options: ["--expires", "1h"])
        let long = try governance.propose(target: "prod/api-server", ["replicas=2"], options: ["--expires", "24h"])
        for id in [short, held, long] { try governance.land(id) }
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(held), try desk.claim(held, lease: 10800))
        try desk.append(try desk.prepared(held, lease: 10800))
        let end = desk.now + .seconds(3600)
        // To the last second of the hour in which they expire.
        governance.clock.advance(7199)
        try desk.append(try desk.decision(long))
        #expect(end.secondOfDay % 3600 == 0 && desk.now < end + .seconds(3600))
        #expect(try desk.history.state.pending().map(\.id) == [short, held, long])
        // To run it is another question: the instant of expiry is the last one.
        let error = #expect(throws: LedgerError.self) { try desk.append(try desk.claim(short)) }
        #expect(error?.description.contains("neither the policy nor the recorded votes") == true)
        governance.clock.advance(1)
        var again = try desk.decision(long)
        again.copiesChange = false
        try desk.append(again)
        #expect(try desk.history.state.pending().map(\.id) == [held, long])
        try desk.append(try desk.execution(held))
        #expect(try desk.history.state.pending().map(\.id) == [long])
        #expect(throws: LedgerError.self) { try desk.append(try desk.claim(short)) }
        try desk.push()
        try governance.expectVerified()
    }

    @Test("an expired change whose claim was given back leaves the state with the event that gave it back")
    func expiredWhileClaimed() throws {
        let governance = try Governance()
        let id = try governance.propose(options: ["--expires", "1h"])
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        governance.clock.advance(3 * 3600)
        #expect(try desk.history.state.pending(id) != nil && desk.history.state.pending(desk.change(id).change) != nil)
        try desk.append(try desk.aborted(id))
        #expect(try desk.history.state.pending(id) == nil && desk.history.state.pending().isEmpty)
        try desk.push()
        try governance.expectVerified()
    }

    @Test("a change that lands after its hour is over never waits")
    func landedTooLate() throws {
        let governance = try Governance()
        let late = try governance.propose(target: "dev/api-server", ["replicas=2"], options: ["--expires", "1h"])
        let other = try governance.propose(options: ["--expires", "24h"])
        governance.clock.advance(3 * 3600)
        for id in [late, other] { try governance.land(id) }
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(other))
        #expect(try desk.history.state.pending().map(\.id) == [other])
        #expect(try desk.history.state.pending(other)?.sequence == 2)
        try desk.push()
        try governance.expectVerified()
    }

    @Test("decisions are kept for a day and dropped with a later event")
    func recentDecisions() throws {
        let governance = try Governance()
        let first = try governance.propose()
        try governance.land(first)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(first))
        try desk.push()
        governance.clock.advance(26 * 3600)
        let second = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.land(second)
        let later = try LedgerDesk(governance)
        try later.append(try later.decision(second))
        #expect(try later.standing(second).recentDecisions == 1)
        let hours = try later.repository.folder("state/recent", in: later.history.tip.commit.tree)
        #expect(hours.map(\.name) == [String(later.now.compact.prefix(10))])
        try later.push()
        try governance.expectVerified()
    }

    struct Spoiled: Sendable {
        let name: String
        let words: String
        let edit: @Sendable (inout JSONValue) -> Void
        init(_ name: String, _ words: String, _ edit: @escaping @Sendable (inout JSONValue) -> Void) {
            self.name = name
            self.words = words
            self.edit = edit
        }
    }

    static let spoiledClaims = [
        Spoiled("another plan", "plan or locks") { $0["plan"] = .string(Digest(of: [1]).description) },
        Spoiled("no lock", "plan or locks") { $0["locks"] = [] },
        Spoiled("another lock", "plan or locks") { $0["locks"] = [.string(Digest(of: [1]).description)] },
        Spoiled("a lock too many", "plan or locks") {
            $0["locks"] = .array(($0["locks"]?.arrayValue ?? []) + [.string(Digest(of: [1]).description)])
        },
        Spoiled("another decision", "decision, approvals or steps") {
            $0["decision"] = ["result": "allow", "rule": "made-up"]
        },
        Spoiled("an approval too many", "decision, approvals or steps") { $0["approved_by"] = ["bob"] },
        Spoiled("other steps", "decision, approvals or steps") { $0["steps"] = [] },
        Spoiled("another engine", "engine version") { $0["engine"] = "0" },
        Spoiled("a member more", "members are not those of a claim") { $0["note"] = "x" },
        Spoiled("no random bits", "members are not those of a claim") { $0.remove("nonce") },
        Spoiled("too few random bits", "random bits") { $0["nonce"] = "00" },
        Spoiled("no lease", "members are not those of a claim") { $0.remove("lease_end") },
        Spoiled("a lease that is over", "lease") { $0["lease_end"] = "2026-11-22T00:00:00Z" },
        Spoiled("a lease of more than a day", "lease") { $0["lease_end"] = "2027-11-22T00:00:00Z" },
    ]

    @Test("a claim that is not what follows from main is refused by its own writer")
    func spoiledClaim() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id))
        for spoiled in Self.spoiledClaims {
            let error = #expect(throws: LedgerError.self) { try desk.append(try desk.claim(id, edit: spoiled.edit)) }
            #expect(error?.description.contains(spoiled.words) == true, "\(spoiled.name): \(String(describing: error))")
        }
        try desk.append(try desk.claim(id))
    }

    @Test("a claim on what nobody approved is refused, and so is a decision that the policy did not give")
    func notAllowed() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        #expect(throws: LedgerError.self) {
            try desk.append(try desk.decision(id) { $0["decision"]?["result"] = "allow" })
        }
        #expect(throws: LedgerError.self) { try desk.append(try desk.decision(id) { $0["plan"] = nil }) }
        try desk.append(try desk.decision(id))
        let error = #expect(throws: LedgerError.self) { try desk.append(try desk.claim(id)) }
        #expect(error?.description.contains("neither the policy nor the recorded votes") == true)
    }

    static let notTheirs: [(actor: String, kind: EventKind)] = [
        ("gate", .claim), ("gate", .aborted), ("gate", .prepared), ("alice", .claim), ("alice", .decision),
        ("bob", .vote), ("agent", .claim), ("agent", .decision), ("sam", .trust),
    ]

    @Test("an event by somebody without the role for it is refused")
    func wrongRole() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let runner = try LedgerDesk(governance)
        try runner.recordTrust()
        try runner.push()
        for (actor, kind) in Self.notTheirs {
            let desk = try LedgerDesk(governance, as: actor)
            var draft = try kind == .decision ? desk.decision(id) : desk.claim(id)
            draft.kind = kind
            if kind == .trust { draft.change = nil }
            let error = #expect(throws: LedgerError.self) { try desk.append(draft) }
            #expect(error?.description.contains("no role that may record a \(kind.rawValue)") == true, "\(actor)")
        }
    }
}

extension Governance {
    /// `verify` by somebody who took part in nothing; its report.
    @discardableResult
    func expectVerified() throws -> JSONValue {
        try git("stranger", "fetch", "-q")
        return try expect(0, "stranger", ["verify", "--output", "json"]).json
    }
}
