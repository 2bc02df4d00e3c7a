import ChangeModel
import PolicyEngine
import Testing

@testable import Ledger

@Suite("Limits while changes are decided on, claimed and run")
struct LimitedRunTests {
    private static let rate = "rate_limit: {max_requests: 1, window_seconds: 60}"
    private static let risk = "cumulative_risk: {}"

    @Test("what landed and is too much is not lost: run says when to try again, and runs it then")
    func landedTooEarly() throws {
        let governance = try Governance()
        try governance.limit(Self.rate)
        let first = try governance.proposeAllowed()
        let second = try governance.proposeAllowed(2, target: "dev/api-server")
        for id in [first, second] { try governance.land(id) }
        let result = try governance.expect(20, "runner", ["run", "--output", "json"] + governance.cluster())
        let runs = try result.json["runs"]?.arrayValue ?? []
        #expect(runs.compactMap { $0["status"]?.stringValue } == ["executed", "denied"], "\(result)")
        let end = (governance.clock.timestamp + .seconds(60)).description
        #expect(runs.last?["retry_after"]?.stringValue == end)
        #expect(runs.last?["detail"]?.stringValue?.contains("try again after \(end)") == true)
        #expect(try governance.state(of: second) == "limited")
        #expect(try governance.record(of: second).events.isEmpty)
        governance.clock.advance(60)
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.recorded(second) == ["decision", "claim", "prepared", "execution"])
        try governance.verifyEverywhere(0)
    }

    @Test("what was allowed when it was recorded runs, however much its proposer asked for since")
    func laterProposals() throws {
        let governance = try Governance()
        try governance.limit(
            "rate_limit: {max_requests: 3, circuit_breaker_threshold: 1}\ncumulative_risk: {escalation_threshold: 10}")
        let first = try governance.proposeAllowed()
        try governance.gateRun(0, ["--record"], head: first)
        let second = try governance.proposeAllowed(2)
        try governance.gateRun(10, ["--record"], head: second)
        let third = try governance.propose(
            action: "delete-namespace", target: "prod/namespace", [], options: ["--anyway"])
        try governance.gateRun(20, ["--record"], head: third)
        #expect(try governance.answer(on: governance.proposeAllowed(7), 20) == "deny circuit_open")
        try governance.land(first)
        try governance.expect(0, "runner", ["run", first.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("risk that needs approval does not go away by waiting, not even when the ledger has forgotten the others")
    func waiting() throws {
        let governance = try Governance()
        try governance.limit(Self.risk)
        let ids = try (1...6).map { try governance.proposeAllowed($0) }
        for id in ids.prefix(5) { try governance.gateRun(0, ["--record"], head: id) }
        let last = ids[5]
        let result = try governance.gateRun(10, ["--record"], head: last)
        let decision = try #require(try result.json["changes"]?.arrayValue?.first?["decision"])
        #expect(decision["code"] == "cumulative_risk" && decision["rule"] == "dev-and-staging-are-open")
        #expect(decision.at("limits", "cumulative_risk", "score") == 30)
        #expect(decision.at("limits", "cumulative_risk", "before") == 25)
        for pause in [3600, 259_200] as [Int64] {
            governance.clock.advance(pause)
            // An event that drops the hours that are over.
            try governance.gateRun(0, ["--record"], head: try governance.proposeAllowed(Int(pause % 50) + 7))
            #expect(try governance.answer(on: last, 10) == "require_approval cumulative_risk")
        }
        try governance.expect(0, "bob", ["approve", last.text, "--yes"])
        try governance.land(last)
        try governance.expect(0, "runner", ["run", last.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("a branch with many changes is judged as it is recorded: each counts for the next")
    func bundle() throws {
        let governance = try Governance()
        try governance.limit("rate_limit: {max_requests: 17}\n" + Self.risk)
        let ids = try (1...18).map { try governance.proposeAllowed($0) }
        let branch = try governance.bundle(ids, as: "agent")
        let said = try governance.gateRun(20, ["--head", branch]).json["changes"]?.arrayValue ?? []
        #expect(
            said.compactMap { $0["result"]?.stringValue } == Array(repeating: "allow", count: 5)
                + Array(repeating: "require_approval", count: 9)
                + Array(repeating: "deny", count: 4))
        try governance.gateRun(20, ["--record", "--head", branch])
        for judged in said {
            let id = try #require(judged["id"]?.stringValue.flatMap { ChangeID($0) })
            let recorded = try governance.record(of: id).events.first?.body["decision"]
            #expect(recorded == judged["decision"])
        }
        // What nobody may land together is not landed in parts either.
        #expect(try governance.gateRun(20, ["--land", "--head", branch]).landedChanges.isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("a claim counts, should nobody have recorded the decision before it")
    func claimAlone() throws {
        let governance = try Governance()
        try governance.limit(Self.rate)
        let id = try governance.proposeAllowed()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.claim(id))
        #expect(
            try desk.history.state.callerHistory(of: "deploy-agent-01", at: desk.now).recent.map(\.outcome) == [.passed]
        )
        try desk.push()
        #expect(try governance.answer(on: governance.proposeAllowed(2), 20) == "deny rate_limited")
        try governance.verifyEverywhere(0)
    }

    @Test("a decision that leaves the limits out is refused by every reader")
    func forgedDecision() throws {
        let governance = try Governance()
        try governance.limit(Self.rate)
        let first = try governance.proposeAllowed()
        try governance.gateRun(0, ["--record"], head: first)
        let second = try governance.proposeAllowed(2)
        try governance.land(second)
        let desk = try LedgerDesk(governance)
        // As if nothing had been asked for before.
        let error = #expect(throws: LedgerError.self) { try desk.append(try desk.decision(second)) }
        #expect(error?.description.contains("not the one that main's policy gives") == true)
        #expect(throws: LedgerError.self) { try desk.append(try desk.claim(second)) }
    }

    @Test("a new repository has limits, and says in text how near they are")
    func defaults() throws {
        let governance = try Governance()
        let text = try governance.run(["cat", "\(governance.clone("alice"))/agentsafe.yaml"])
        #expect(!text.contains("rate_limit"))
        let folder = try governance.folder("fresh")
        try governance.expect(
            0, "alice", ["init", folder + "/new", "--admin", "alice", "--key", governance.key("alice")], in: folder)
        let fresh = try governance.run(["cat", "\(folder)/new/agentsafe.yaml"])
        #expect(fresh.contains("rate_limit:\n  max_requests: 100\n") && fresh.contains("  escalation_threshold: 30\n"))
        try governance.limit("rate_limit: {}\ncumulative_risk: {}")
        let id = try governance.proposeAllowed()
        try governance.gateRun(0, ["--record"], head: id)
        try governance.git("sam", "fetch", "-q")
        let shown = try governance.expect(0, "sam", ["show", id.text]).output
        #expect(shown.contains("cumulative risk 5 in 3600 s; approval from 30, deny from 75"), "\(shown)")
        let limits = try governance.expect(0, "sam", ["limits"]).output
        #expect(limits.contains("deploy-agent-01  agent, free\n  requests: 1 of 100 in 60 s\n"), "\(limits)")
        try governance.expect(1, "sam", ["limits", "--as", "nobody"])
    }
}

@Suite("Entries of recent decisions")
struct RecentDecisionTests {
    @Test("are written in one way, and read in no other")
    func text() throws {
        let hour = try #require(Timestamp(hourText: "2026112223"))
        let decision = RecentDecision(
            at: hour + .seconds(11 * 60 + 5), outcome: .passedLater, risks: [.high, .medium, .medium])
        #expect(decision.text == "11:05 passed_later 2*medium high")
        for text in ["00:00 refused low", "59:59 denied critical", "11:05 passed 20*low", decision.text] {
            #expect(RecentDecision(text, hour: hour)?.text == text)
        }
        let wrong = [
            "", "11:05", "11:05 passed", "1:05 passed low", "60:00 passed low", "11:05 passed  low",
            "11:05 passed low low", "11:05 passed 1*low", "11:05 passed 21*low", "11:05 passed high medium",
            "11:05 allowed low", "11:05 passed -1*low", "+1:05 passed low", "11:05 passed low ",
        ]
        for text in wrong { #expect(RecentDecision(text, hour: hour) == nil, "\(text)") }
        #expect(Timestamp(hourText: "2026112224") == nil && Timestamp(hourText: "20261122") == nil)
    }
}
