import ChangeModel
import Testing

@testable import Ledger

@Suite("Votes that are made to confuse")
struct ContestedVoteTests {
    @Test("of two approvals at one instant the one for another plan stands, however often and by whom they are counted")
    func twins() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let real = try governance.handVote(on: id, by: "bob")
        for digit in ["0", "f"] {
            var twin = real
            twin.plan = "sha256:" + String(repeating: digit, count: 64)
            try governance.castByHand(
                try governance.voteTrailers(twin, signedBy: "bob"), on: id, leaf: "bob-\(digit)", pushedBy: "bob")
        }
        try governance.castByHand(
            try governance.voteTrailers(real, signedBy: "bob"), on: id, leaf: "bob-real", pushedBy: "bob")
        #expect(Set(try (0..<8).map { _ in try governance.state(of: id) }) == ["awaiting_approval"])
        governance.clock.advance(1)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        #expect(Set(try (0..<8).map { _ in try governance.state(of: id) }) == ["approved"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        for _ in 0..<4 { try governance.verifyEverywhere(0) }
    }

    @Test("a person's vote counts on that person's branch alone, and not where agents may push")
    func elsewhere() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let result = try governance.expect(0, "bob", ["approve", id.text, "--yes", "--output", "json"])
        let branch = try #require(try result.json["branch"]?.stringValue)
        try governance.git("agent", "fetch", "-q")
        for place in ["change/withdrawn/\(id)/\(branch)", "change/withdrawn/\(id)/bob-1", "change/x/\(branch)"] {
            try governance.git("agent", "push", "-q", "origin", "origin/\(branch):refs/heads/\(place)")
        }
        try governance.git("bob", "push", "-q", "origin", ":refs/heads/\(branch)")
        #expect(try governance.state(of: id) == "awaiting_approval")
        try governance.land(id)
        #expect(try governance.runRefused(10, id).output.contains("still missing"))
    }

    @Test("an agent that floods the place of withdrawals stops nobody")
    func flood() throws {
        let governance = try Governance()
        let id = try governance.propose("sam", ["replicas=5"])
        try governance.git("agent", "fetch", "-q")
        let tip = try governance.git("agent", "rev-parse", "origin/main")
        let places = ["deploy-agent-01", "sam", "x"].flatMap { name in
            (0..<90).map { "\(tip):refs/heads/change/withdrawn/\(id)/\(name)-\($0)" }
        }
        _ = try governance.run(
            ["git", "-C", governance.clone("agent"), "push", "-q", "origin"] + places, as: "agent")
        #expect(try governance.state(of: id) == "proposed")
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("a rejection stands when its author's key has ended before anybody recorded it")
    func endedKey() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        #expect(try governance.state(of: id) == "rejected")
        governance.clock.advance(60)
        try governance.expect(0, "alice", ["identity", "revoke", "bob", "--push"])
        #expect(try governance.state(of: id) == "rejected")
        try governance.expect(20, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.record(of: id).votes.count == 1)
        try governance.verifyEverywhere(0)
    }

    @Test("a key that ended before a change was made stops it no more")
    func oldKey() throws {
        let governance = try Governance()
        try governance.expect(0, "alice", ["identity", "revoke", "bob", "--push"])
        governance.clock.advance(3600)
        let id = try governance.propose()
        for seconds in [Int64(0), 3000, 7200] {
            var vote = try governance.handVote(on: id, by: "bob")
            vote.verdict = "reject"
            vote.at = governance.clock.timestamp - .seconds(seconds)
            try governance.castByHand(
                try governance.voteTrailers(vote, signedBy: "bob"), on: id, leaf: "bob-\(seconds)", pushedBy: "bob")
        }
        #expect(try governance.state(of: id) == "proposed")
    }

    @Test("a later vote counts although an earlier one of the same person was dated ahead")
    func fastClock() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        var ahead = try governance.handVote(on: id, by: "bob")
        ahead.at = governance.clock.timestamp + .seconds(250)
        try governance.castByHand(
            try governance.voteTrailers(ahead, signedBy: "bob"), on: id, leaf: "bob-ahead", pushedBy: "bob")
        #expect(try governance.state(of: id) == "approved")
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        #expect(try governance.state(of: id) == "rejected")
    }
}
