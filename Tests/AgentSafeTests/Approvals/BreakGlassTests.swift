import ChangeModel
import Testing

@testable import Ledger

@Suite("Breaking the glass")
struct BreakGlassTests {
    /// A change in production that sam, an sre, has had run without its approvals.
    private func broken(required: Int = 1) throws -> (Governance, ChangeID) {
        let governance = try TimedGovernance.copy(TimedGovernance.glass, required: required)
        let id = try governance.decided(land: true)
        try governance.breakGlass(id)
        return (governance, id)
    }

    @Test("the change runs now, loudly, says who and why for ever, and stays open until the approval is recorded")
    func story() throws {
        let (governance, id) = try broken()
        let status = try governance.expect(0, "sam", ["status", id.text])
        #expect(status.output.contains("the glass being broken by sam, without 1 × approver: Checkout is down"))
        let run = try governance.execute(id)
        #expect(run.errors.contains("WARNING: BREAK-GLASS: \(id) runs on the word of sam"), "\(run)")
        let outcome = try run.json["runs"]?.arrayValue?.first
        #expect(outcome?.at("break_glass", "by")?.stringValue == "sam")
        // The claim says all of it.
        let claim = try #require(try governance.record(of: id).last(.claim))
        #expect(claim.body["approved_by"] == [])
        #expect(claim.body.at("decision", "code") == "rule")
        #expect(
            claim.body["break_glass"]
                == [
                    "by": "sam", "reason": "Checkout is down", "missing": [["role": "approver", "count": 1]],
                    "review_within": 86_400,
                ])
        let story = try governance.run(["git", "-C", governance.remote, "log", "--format=%B", "ledger"])
        #expect(story.contains("claim \(id): BREAK-GLASS, scale-deployment on prod/api-server"))
        #expect(story.contains("BREAK-GLASS by sam, without 1 × approver: Checkout is down"))
        try governance.git("carol", "fetch", "-q")
        #expect(try governance.expect(0, "carol", ["log"]).output.contains("BREAK-GLASS"))
        #expect(
            try governance.expect(0, "carol", ["show", id.text]).output.contains("BREAK-GLASS by sam: Checkout is down")
        )
        // Everybody sees what is owed.
        let review = try #require(try governance.reviews().first)
        #expect(review["id"]?.stringValue == id.text && review["overdue"] == false)
        #expect(review["missing"] == [["role": "approver", "count": 1]])
        #expect(review["due"]?.stringValue == (claim.at + .seconds(86_400)).description)
        let json = try governance.expect(0, "carol", ["status", id.text, "--output", "json"]).json
        #expect(json["state"] == "executed")
        #expect(json.at("open_review", "by") == "sam" && json.at("open_review", "reason") == "Checkout is down")
        _ = try governance.reviews("--fail-on", "open", status: 10)
        _ = try governance.reviews("--fail-on", "overdue")
        var told = try governance.verifyEverywhere(0)
        #expect(told.output.contains("broken for 1 claims, of which 1 lack their review"), "\(told)")
        governance.clock.advance(86_401)
        _ = try governance.reviews("--fail-on", "overdue", status: 10)
        // Late, and all the same.
        let vote = try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        #expect(vote.errors.contains("was claimed at \(claim.at) on the word of `sam`: Checkout is down"), "\(vote)")
        try governance.recordVotes()
        #expect(try governance.reviews().isEmpty)
        told = try governance.verifyEverywhere(0)
        #expect(told.output.contains("broken for 1 claims, of which 0 lack their review"), "\(told)")
        #expect(try governance.recorded(id) == ["decision", "vote", "claim", "prepared", "execution", "vote"])
        // Which is over for ever.
        try governance.settle("carol")
        try governance.refuse(1, "carol", ["approve", id.text, "--yes"], saying: "was executed already")
    }

    @Test("the gate tells reviewers, on GitHub too, what is open")
    func gate() throws {
        let (governance, id) = try broken()
        let before = try governance.expect(0, "gate", ["gate"])
        #expect(!before.output.contains("open review"))
        _ = try governance.execute(id)
        try governance.git("gate", "fetch", "-q")
        let text = try governance.expect(0, "gate", ["gate"])
        #expect(text.output.contains("open review: \(id) was claimed at"), "\(text)")
        let json = try governance.expect(0, "gate", ["gate", "--output", "json"]).json
        #expect(json["open_reviews"]?.arrayValue?.first?["id"]?.stringValue == id.text)
        let summary = "\(governance.directory.path)/summary.md"
        let page = try governance.expect(
            0, "gate", ["gate", "--output", "github"], adding: ["GITHUB_STEP_SUMMARY": summary])
        #expect(page.output.contains("::warning title=open review::"), "\(page)")
        #expect(try governance.run(["cat", summary]).contains("**open review**"))
    }

    @Test("the run of another change records the review as well")
    func recordedByRun() throws {
        let (governance, id) = try broken()
        _ = try governance.execute(id)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.reviews().isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("of two approvals one is enough for nothing; whoever approved before the run has done so")
    func partial() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass, required: 2)
        let id = try governance.decided(land: true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.breakGlass(id)
        _ = try governance.execute(id)
        #expect(try governance.record(of: id).last(.claim)?.body["approved_by"] == ["bob"])
        #expect(try governance.reviews().first?["missing"] == [["role": "approver", "count": 1]])
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        #expect(try governance.reviews().isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("whoever rejects in the review keeps it open, and undoes nothing; the way back is a rollback")
    func rejected() throws {
        let (governance, id) = try broken()
        _ = try governance.execute(id)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "carol", ["reject", id.text, "--yes"])
        try governance.recordVotes()
        let review = try #require(try governance.reviews().first)
        #expect(review["rejected_by"] == ["carol"] && review["missing"] == [])
        #expect(try governance.state(of: id) == "executed")
        let shown = try governance.expect(0, "carol", ["status", id.text])
        #expect(shown.output.contains("`agentsafe rollback \(id)` proposes the way back"), "\(shown)")
        governance.clock.advance(60)
        try governance.expect(0, "carol", ["withdraw", id.text, "--yes"])
        try governance.recordVotes()
        #expect(try governance.reviews().isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("the plan that ran is reviewed, whatever main says by now")
    func changedPlan() throws {
        let (governance, id) = try broken()
        _ = try governance.execute(id)
        try governance.trustCommit([
            "actions/scale-deployment.yaml": { $0 + "\n# looked over\n" },
            TimedGovernance.path: { $0.replacing("decision: require_approval", with: "decision: deny") },
        ])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        #expect(try governance.reviews().isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("who delegated what was done by broken glass may not review it, by command or by hand")
    func delegatedReview() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass)
        try governance.editRoles("carol", "deployer, approver")
        try governance.update("carol")
        try governance.update("rogue")
        let chain = try governance.delegate("carol", to: "rogue")
        let proposed = try governance.expect(
            0, "rogue",
            [
                "propose", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=5", "--reason",
                "Because", "--push", "--output", "json", "--delegation", chain,
            ])
        let id = try #require(try proposed.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try governance.gateRun(10, ["--record"], head: id)
        try governance.land(id)
        try governance.breakGlass(id)
        _ = try governance.execute(id)
        governance.clock.advance(60)
        try governance.settle("carol")
        try governance.refuse(
            20, "carol", ["approve", id.text, "--yes"], saying: "nobody approves what they delegated")
        let review = try #require(try governance.reviews().first)
        var vote = try governance.handVote(on: id, by: "carol", landed: review)
        vote.at = governance.clock.timestamp
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "carol"), on: id, leaf: "carol-00000000", pushedBy: "carol")
        try governance.recordVotes()
        #expect(try governance.reviews().first?["missing"] == [["role": "approver", "count": 1]])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        #expect(try governance.reviews().isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("neither who broke the glass nor who proposed may review, in whatever role and by whatever hand")
    func ownReview() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass)
        try governance.editRoles("sam", "sre, approver")
        let id = try governance.decided(land: true)
        try governance.breakGlass(id)
        _ = try governance.execute(id)
        governance.clock.advance(60)
        try governance.settle("sam")
        try governance.refuse(20, "sam", ["approve", id.text, "--yes"], saying: "nobody reviews their own")
        let review = try #require(try governance.reviews().first)
        var vote = try governance.handVote(on: id, by: "sam", landed: review)
        vote.at = governance.clock.timestamp
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "sam"), on: id, leaf: "sam-00000000", pushedBy: "sam")
        try governance.recordVotes()
        #expect(try governance.record(of: id).votes.count == 2)
        #expect(try governance.reviews().first?["missing"] == [["role": "approver", "count": 1]])
        try governance.verifyEverywhere(0)
    }

    @Test("a claim that was given back needs no review, and the glass counts for the next one while it is fresh")
    func givenBack() throws {
        let (governance, id) = try broken()
        let result = try governance.agentsafe(
            "runner", ["run", id.text] + governance.cluster(), sleepingAt: "claimed until"
        ) { try governance.expect(0, "carol", ["reject", id.text, "--yes"]) }
        #expect(result.status == 1, "\(result)")
        #expect(try governance.recorded(id).suffix(2) == ["claim", "aborted"])
        #expect(try governance.reviews().isEmpty)
        try governance.runRecordsOnly(20, id)
        governance.clock.advance(60)
        try governance.expect(0, "carol", ["withdraw", id.text, "--yes"])
        _ = try governance.execute(id)
        #expect(try governance.reviews().count == 1)
        let told = try governance.verifyEverywhere(0)
        #expect(told.output.contains("broken for 2 claims"), "\(told)")
    }

    @Test("an hour later it counts for nothing, and can be broken anew; taken back, it counts for nothing at once")
    func lapse() throws {
        let (governance, id) = try broken()
        governance.clock.advance(Governance.hour + 1)
        try governance.runRefused(10, id)
        try governance.breakGlass(id, reason: "Still down")
        governance.clock.advance(60)
        try governance.expect(0, "sam", ["withdraw", id.text, "--yes"])
        try governance.runRefused(10, id)
        governance.clock.advance(60)
        try governance.breakGlass(id, reason: "Down again")
        _ = try governance.execute(id)
        #expect(try governance.reviews().first?["reason"] == "Down again")
        try governance.verifyEverywhere(0)
    }

    @Test("a person may break the glass for what they propose themselves, and others review it")
    func ownChange() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass)
        let id = try governance.propose("sam", target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        try governance.breakGlass(id)
        _ = try governance.execute(id)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        #expect(try governance.reviews().isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("asks at the terminal, and signs nothing without an answer or a reason")
    func asks() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass)
        let id = try governance.decided(land: true)
        try governance.settle("sam")
        let asked = try governance.expect(2, "sam", ["break-glass", id.text, "--reason", "x"])
        #expect(asked.errors.contains("nobody is at a terminal to confirm, so nothing was signed"), "\(asked)")
        try governance.refuse(2, "sam", ["break-glass", id.text, "--yes"], saying: "needs a reason")
        for reason in ["", "   ", "two\nlines", "\u{202e}txet", String(repeating: "x", count: 501)] {
            try governance.refuse(
                2, "sam", ["break-glass", id.text, "--yes", "--reason", reason], saying: "one visible line")
        }
        try governance.breakGlass(id, reason: "„Kasse\" kaputt \\ repo=x of=bob — シ")
        _ = try governance.execute(id)
        #expect(try governance.reviews().first?["reason"] == "„Kasse\" kaputt \\ repo=x of=bob — シ")
        try governance.verifyEverywhere(0)
    }
}
