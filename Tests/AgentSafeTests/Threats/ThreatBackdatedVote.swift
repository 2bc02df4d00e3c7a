import ChangeModel
import Testing

@Suite("Threat 9: a vote is dated back to slip under a deadline")
struct ThreatBackdatedVote {
    @Test(
        "an approval after `review_by` that says it was cast before counts for nothing, recorded or not",
        arguments: [false, true])
    func approval(isRecorded: Bool) throws {
        let governance = try TimedGovernance.copy(["review_by: 4h"])
        let id = try governance.decided()
        var vote = try governance.handVote(on: id, by: "bob")
        vote.at = governance.clock.timestamp + .seconds(60)
        try governance.land(id)
        governance.clock.advance(5 * Governance.hour)
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "bob"), on: id, leaf: "bob-00000000", pushedBy: "bob")
        if isRecorded { try governance.recordVotes() }
        #expect(try governance.code(of: id) == "review_overdue")
        try governance.runRefused(20, id)
        try governance.verifyEverywhere(0)
    }

    @Test("a clock that was set back while voting makes the approval older, and a clock ahead does not make it younger")
    func clocks() throws {
        for ahead in [-40, 40] as [Int64] {
            let governance = try TimedGovernance.copy(["execute_within: 30m"])
            let id = try governance.decided()
            var vote = try governance.handVote(on: id, by: "bob")
            vote.at = governance.clock.timestamp + .seconds(ahead * Governance.minute)
            try governance.castByHand(
                try governance.voteTrailers(vote, signedBy: "bob"), on: id, leaf: "bob-00000000", pushedBy: "bob")
            try governance.land(id)
            // The one is too old at once, the other counts for nothing before its time has come, and is as old as its record then.
            #expect(try governance.state(of: id) == (ahead < 0 ? "denied" : "awaiting_approval"))
            if ahead > 0 {
                governance.clock.advance(ahead * Governance.minute)
                try governance.recordVotes()
                #expect(try governance.state(of: id) == "landed")
                governance.clock.advance(30 * Governance.minute + 1)
                #expect(try governance.code(of: id) == "execution_overdue")
            }
            try governance.verifyEverywhere(0)
        }
    }
}
