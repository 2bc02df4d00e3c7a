import ChangeModel
import Testing

@Suite("Threat 22: a deny is dropped so that the circuit breaker never opens")
struct ThreatDroppedDeny {
    private static let breaker = """
        rate_limit: {circuit_breaker_threshold: 2, circuit_breaker_cooldown_seconds: 300}
        """

    @Test("what the gate saw is counted, though the branch is deleted, and the breaker closes after its cooldown")
    func deletedBranches() throws {
        let governance = try Governance()
        try governance.limit(Self.breaker)
        for number in 1...2 {
            let id = try governance.proposeDenied(number)
            try governance.gateRun(20, ["--record"], head: id)
            try governance.deleteBranches("refs/heads/\(id.branch)")
        }
        #expect(try governance.limits(of: "rogue").at("circuit_breaker", "open") == true)
        let third = try governance.proposeDenied(3)
        #expect(try governance.answer(on: third, 20) == "deny circuit_open")
        try governance.gateRun(20, ["--record"], head: third)
        // Nobody else pays for it.
        #expect(try governance.answer(on: governance.proposeAllowed(), 0) == "allow rule")
        governance.clock.advance(299)
        #expect(try governance.answer(on: third, 20) == "deny circuit_open")
        governance.clock.advance(1)
        #expect(try governance.answer(on: third, 20) == "deny no_rule")
        #expect(try governance.limits(of: "rogue").at("circuit_breaker", "open") == false)
        try governance.verifyEverywhere(0)
    }

    @Test("many in one branch count one after the other, in what the gate says and in what it records")
    func inBulk() throws {
        let governance = try Governance()
        try governance.limit(Self.breaker)
        let ids = try (1...4).map { try governance.proposeDenied($0) }
        let branch = try governance.bundle(ids, as: "rogue")
        let expected = ["deny no_rule", "deny no_rule", "deny circuit_open", "deny circuit_open"]
        let said = try governance.gateRun(20, ["--record", "--head", branch]).json["changes"]?.arrayValue ?? []
        #expect(said.compactMap { $0.at("decision", "code")?.stringValue }.map { "deny " + $0 } == expected)
        let recorded = try ids.map { try governance.decisions(on: $0) }
        #expect(recorded.flatMap { $0 }.sorted() == expected.sorted() && recorded.allSatisfy { $0.count == 1 })
        try governance.verifyEverywhere(0)
    }
}

@Suite("Threat 22: a flood of denied proposals fills the ledger")
struct ThreatFloodedLedger {
    @Test(
        "the ledger takes as many denied changes of one caller as it says, one by one or in bulk, and all of everybody else's"
    )
    func bounded() throws {
        let governance = try Governance()
        try governance.limit("rate_limit: {max_recorded_denials: 3}")
        let start = try governance.ledgerLength()
        var last: ChangeID?
        for number in 1...6 {
            let id = try governance.proposeDenied(number)
            try governance.gateRun(20, ["--record"], head: id)
            last = id
        }
        #expect(try governance.ledgerLength() == start + 3)
        let refused = try #require(last)
        #expect(try governance.decisions(on: refused) == [])
        #expect(try governance.answer(on: refused, 20) == "deny rate_limited")
        let flood = try (10...15).map { try governance.proposeDenied($0) }
        let branch = try governance.bundle(flood, as: "rogue")
        let bulk = try governance.gateRun(20, ["--record", "--head", branch])
        #expect(bulk.recordedEvents.isEmpty)
        // A vote cannot stand where its change does not, and has to wait.
        try governance.expect(0, "bob", ["reject", refused.text, "--yes"])
        try governance.gateRun(20, ["--record"], head: refused)
        #expect(try governance.ledgerLength() == start + 3)
        let honest = try governance.proposeAllowed()
        #expect(try governance.gateRun(0, ["--record"], head: honest).recordedEvents == ["decision"])
        #expect(try governance.ledgerLength() == start + 4)
        try governance.verifyEverywhere(0)
        // When the oldest is a day old, there is room again.
        governance.clock.advance(86_400)
        let late = try governance.proposeDenied(20)
        #expect(try governance.gateRun(20, ["--record"], head: late).recordedEvents == ["decision"])
        #expect(try governance.decisions(on: late) == ["deny no_rule"])
        try governance.verifyEverywhere(0)
    }

    @Test("what waits on main of a caller like that keeps nobody else's from being recorded")
    func landed() throws {
        let governance = try Governance()
        try governance.limit("rate_limit: {max_recorded_denials: 1}")
        let flood = try (1...3).map { try governance.proposeDenied($0) }
        for id in flood { try governance.land(id) }
        let honest = try governance.proposeAllowed()
        try governance.land(honest)
        let start = try governance.ledgerLength()
        try governance.gateRun(0, ["--record"])
        #expect(try governance.ledgerLength() == start + 2)
        #expect(try governance.decisions(on: honest) == ["allow rule"])
        // Who rejects one of them is heard all the same, since it landed.
        try governance.expect(0, "bob", ["reject", flood[2].text, "--yes"])
        try governance.gateRun(0, ["--record"])
        #expect(try governance.recorded(flood[2]) == ["vote"])
        try governance.expect(0, "runner", ["run", honest.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("one change is recorded a bounded number of times, however its outcome goes to and fro with time")
    func toAndFro() throws {
        let governance = try Governance()
        try governance.limit("rate_limit: {max_requests: 1, window_seconds: 60}")
        try governance.gateRun(0, ["--record"], head: try governance.proposeAllowed(1))
        let id = try governance.proposeAllowed(2)
        for _ in 0..<3 { try governance.gateRun(20, ["--record"], head: id) }
        for number in 3...6 {
            governance.clock.advance(60)
            // Somebody else's turn comes first each time.
            try governance.gateRun(0, ["--record"], head: try governance.proposeAllowed(number))
            try governance.gateRun(20, ["--record"], head: id)
        }
        #expect(try governance.decisions(on: id) == ["deny rate_limited"])
        governance.clock.advance(60)
        for _ in 0..<3 { try governance.gateRun(0, ["--record"], head: id) }
        #expect(try governance.decisions(on: id) == ["deny rate_limited", "allow rule"])
        try governance.verifyEverywhere(0)
    }
}
