import ChangeModel
import Testing

@Suite("Threat 39: a rule for rollbacks is used to bring back an old pair, or the same pair twice")
struct ThreatReplayedRollback {
    /// Production needs an approval, but the recorded way back is open.
    private func governance() throws -> Governance {
        let governance = try Governance()
        try governance.write(
            "alice", "policies/rollbacks.yaml",
            """
            rules:
              - name: the-way-back-is-open
                priority: 900
                match:
                  targets:
                    environments: [prod]
                  callers:
                    roles: [deployer]
                  rollback: true
                decision: allow
                reason: Undoing the latest execution needs nobody.

            """)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Open the way back", "--push"])
        return governance
    }

    private func executeInProduction(_ governance: Governance, replicas: Int) throws -> ChangeID {
        let id = try governance.approvedInProduction(replicas: replicas)
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        return id
    }

    private func rollback(_ id: ChangeID, in governance: Governance, expecting status: Int32 = 0) throws -> ChangeID? {
        let result = try governance.expect(status, "agent", ["rollback", id.text, "--push", "--output", "json"])
        return (try? result.json)?["id"]?.stringValue.flatMap { ChangeID($0) }
    }

    @Test("the recorded pair of the latest execution runs without anybody's approval, once")
    func once() throws {
        let governance = try governance()
        let id = try executeInProduction(governance, replicas: 5)
        let back = try #require(try rollback(id, in: governance))
        // A second one, made while the first was only proposed.
        let twice = try #require(try rollback(id, in: governance))
        for change in [back, twice] {
            let gate = try governance.gate(change)
            #expect(gate.status == 0, "\(gate)")
            try governance.land(change)
        }
        try governance.expect(0, "runner", ["run", back.text] + governance.cluster())
        let result = try governance.runRefused(10, twice)
        #expect(result.output.contains("still missing"))
        #expect(try rollback(id, in: governance, expecting: 1) == nil)
        try governance.verifyEverywhere(0)
    }

    @Test("an old pair is an ordinary change once something else ran on the target")
    func old() throws {
        let governance = try governance()
        let id = try executeInProduction(governance, replicas: 5)
        let early = try #require(try rollback(id, in: governance))
        #expect(try governance.gate(early).status == 0)
        _ = try executeInProduction(governance, replicas: 4)
        #expect(try governance.gate(early).status == 10)
        try governance.land(early)
        try governance.runRefused(10, early)
        let late = try #require(try rollback(id, in: governance))
        #expect(try governance.gate(late).status == 10)
    }

    @Test("what undoes a rollback is an ordinary change, or one approval would be a switch for ever")
    func toggle() throws {
        let governance = try governance()
        let id = try executeInProduction(governance, replicas: 5)
        let back = try #require(try rollback(id, in: governance))
        try governance.land(back)
        try governance.expect(0, "runner", ["run", back.text] + governance.cluster())
        let forth = try #require(try rollback(back, in: governance))
        #expect(try governance.gate(forth).status == 10)
        try governance.land(forth)
        try governance.runRefused(10, forth)
    }

    @Test("what only claims to roll back, with another value or for another target, is an ordinary change")
    func pretended() throws {
        let governance = try governance()
        let id = try executeInProduction(governance, replicas: 5)
        let back = try #require(try rollback(id, in: governance))
        try governance.rewrite(back) { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("  replicas:") ? "  replicas: 9" : $0 }.joined(separator: "\n")
        }
        let gate = try governance.gate(back)
        #expect(gate.status == 10, "\(gate)")
        try governance.land(back)
        try governance.runRefused(10, back)
    }

    @Test("a decision that calls an ordinary change a rollback is refused by every reader")
    func forged() throws {
        let governance = try governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        let draft = try desk.decision(id) { body in
            guard var decision = body["decision"] else { return }
            decision["result"] = "allow"
            decision["rule"] = "the-way-back-is-open"
            body["decision"] = decision
        }
        #expect(throws: (any Error).self) { try desk.append(draft) }
    }
}
