import ChangeModel
import Git
import Testing

@testable import Ledger

@Suite("Threat 32: a request forged in a victim's name opens the victim's circuit breaker")
struct ThreatForgedRequest {
    private static let limits = "rate_limit: {max_requests: 2, circuit_breaker_threshold: 1}"

    @Test("what the victim did not sign is recorded of nobody")
    func forgedProposer() throws {
        let governance = try Governance()
        try governance.limit(Self.limits)
        let before = try governance.ledgerLength()
        for number in 1...3 {
            let id = try governance.proposeDenied(number)
            try governance.rewrite(id, as: "rogue", signedBy: "rogue") {
                $0.replacing("proposer: rogue", with: "proposer: deploy-agent-01")
            }
            try governance.gateRun(30, ["--record"], head: id)
        }
        #expect(try governance.ledgerLength() == before)
        #expect(try governance.limits(of: "agent").at("requests", "count") == 0)
        #expect(try governance.answer(on: governance.proposeAllowed(), 0) == "allow rule")
    }

    @Test("what a key signed that has ended counts for that key alone")
    func endedKey() throws {
        let governance = try Governance()
        try governance.limit(Self.limits)
        let ids = try (1...3).map { try governance.proposeDenied($0) }
        try governance.limitKey(of: "rogue", to: .expired)
        let branch = try governance.bundle(ids, as: "rogue")
        try governance.gateRun(20, ["--record", "--head", branch])
        let recorded = try ids.flatMap { try governance.decisions(on: $0) }
        #expect(recorded.sorted() == ["deny circuit_open", "deny circuit_open", "deny no_rule"])
        #expect(try governance.limits(of: "rogue").at("requests", "count") == 0)
        #expect(try governance.limits(of: "rogue").at("circuit_breaker", "open") == false)
        try governance.verifyEverywhere(0)
    }
}

@Suite("Threat 9: dates are set back to slip under a rate limit")
struct ThreatBackdatedRequest {
    private static let limits = "rate_limit: {max_requests: 2, window_seconds: 60}"

    @Test("the times of events count, and never what a change says of itself")
    func created() throws {
        let governance = try Governance()
        try governance.limit(Self.limits)
        // Three proposals, minutes apart by their own word.
        var ids: [ChangeID] = []
        for number in 1...3 {
            ids.append(try governance.proposeAllowed(number))
            governance.clock.advance(600)
        }
        for (id, status) in zip(ids, [0, 0, 20] as [Int32]) { try governance.gateRun(status, ["--record"], head: id) }
        #expect(try governance.decisions(on: ids[2]) == ["deny rate_limited"])
        try governance.verifyEverywhere(0)
    }

    @Test("a clock that is set back forgives nothing, and the ledger's time does not go back with it")
    func clockSetBack() throws {
        let governance = try Governance()
        try governance.limit(Self.limits)
        for number in 1...2 { try governance.gateRun(0, ["--record"], head: try governance.proposeAllowed(number)) }
        let high = governance.clock.timestamp
        // More than readers bear, and they refuse the whole ledger until the time has come.
        for back in [1, 30, 300] as [Int64] {
            governance.clock.advance(-back)
            let id = try governance.proposeAllowed(3 + Int(back % 7))
            #expect(try governance.answer(on: id, 20) == "deny rate_limited")
            try governance.gateRun(20, ["--record"], head: id)
            #expect(try governance.record(of: id).events.map(\.at) == [high])
            governance.clock.advance(back)
        }
        try governance.verifyEverywhere(0)
        governance.clock.advance(60)
        #expect(try governance.answer(on: governance.proposeAllowed(9), 0) == "allow rule")
    }
}
