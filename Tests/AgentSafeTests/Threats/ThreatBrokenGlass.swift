import ChangeModel
import Testing

@testable import Ledger

@Suite("Breaking the glass is forged, replayed, or used to get past more than missing approvals")
struct ThreatBrokenGlass {
    private func landed(_ terms: [String] = TimedGovernance.glass) throws -> (Governance, ChangeID) {
        let governance = try TimedGovernance.copy(terms)
        return (governance, try governance.decided(land: true))
    }

    @Test(
        "nobody without the role may, and the policy names the role",
        arguments: ["bob", "alice", "agent", "runner", "rogue"])
    func rights(actor: String) throws {
        let (governance, id) = try landed()
        try governance.settle(actor)
        let words = ["bob", "alice"].contains(actor) ? "wants a person with role `sre`" : "that needs a person"
        try governance.refuse(20, actor, ["break-glass", id.text, "--reason", "x", "--yes"], saying: words)
        // By hand, it is worth as much.
        let name = Governance.identity(actor)
        let vote = try governance.glassVote(on: id, by: name)
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: actor), on: id, leaf: "\(name)-00000000", pushedBy: actor)
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("where the rule names nobody, nobody may")
    func notOffered() throws {
        let (governance, id) = try landed(TimedGovernance.deadlines)
        try governance.settle("sam")
        try governance.refuse(
            20, "sam", ["break-glass", id.text, "--reason", "x", "--yes"], saying: "lets nobody break the glass")
        let vote = try governance.glassVote(on: id, by: "sam")
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "sam"), on: id, leaf: "sam-00000000", pushedBy: "sam")
        try governance.runRefused(10, id)
    }

    enum Lie: String, CaseIterable {
        case unsigned, signedByAnother, otherText, otherNamespace, otherPlan, otherDigest, otherRepository, noReason,
            otherSpelling, reasonOnApproval, future, revoked
    }

    @Test("a statement that lies counts for nothing", arguments: Lie.allCases)
    func lies(_ lie: Lie) throws {
        let (governance, id) = try landed()
        var vote = try governance.glassVote(on: id, by: "sam")
        var (signer, namespace, signed): (String, String, String?) = ("sam", "vote@agentsafe", nil)
        switch lie {
        case .unsigned: signed = ""
        case .signedByAnother: signer = "bob"
        case .otherText: signed = vote.text.replacing("Checkout", with: "Nothing")
        case .otherNamespace: namespace = "change@agentsafe"
        case .otherPlan: vote.plan = Digest(of: [1]).description
        case .otherDigest: vote.digest = Digest(of: [1]).description
        case .otherRepository: vote.repository = "00000000000000000000000000" + Self.reason
        case .noReason: vote.repository = String(vote.repository.dropLast(Self.reason.count))
        case .otherSpelling: vote.repository = vote.repository.replacing("Checkout", with: "\\u0043heckout")
        case .reasonOnApproval: vote.verdict = "approve"
        case .future: vote.at = governance.clock.timestamp + .seconds(301)
        case .revoked: try governance.limitKey(of: "sam", to: .revoked)
        }
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: signer, over: signed, namespace: namespace), on: id,
            leaf: "sam-00000000", pushedBy: "sam")
        let run = try governance.runRefused(10, id)
        #expect(lie == .otherPlan || run.errors.contains("counts for nothing"), "\(run)")
        try governance.verifyEverywhere(0)
    }

    private static let reason = " reason=\"Checkout is down\""

    @Test("honest by hand, it counts: the lies above are what makes the difference")
    func byHand() throws {
        let (governance, id) = try landed()
        try governance.castByHand(
            try governance.voteTrailers(try governance.glassVote(on: id, by: "sam"), signedBy: "sam"), on: id,
            leaf: "sam-00000000", pushedBy: "sam")
        _ = try governance.execute(id)
        #expect(try governance.reviews().first?["by"] == "sam")
    }

    @Test("the statement for one change is none for another, and dies when the change, the action or the target does")
    func replayed() throws {
        let (governance, id) = try landed()
        let trailers = try governance.voteTrailers(try governance.glassVote(on: id, by: "sam"), signedBy: "sam")
        let other = try governance.decided(replicas: 9, land: true)
        try governance.castByHand(trailers, on: other, leaf: "sam-00000000", pushedBy: "agent")
        try governance.runRefused(10, other)
        try governance.castByHand(trailers, on: id, leaf: "sam-00000000", pushedBy: "sam")
        try governance.trustCommit(["actions/scale-deployment.yaml": { $0 + "\n# edited\n" }])
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("it overrules no deny, no rejection, no cancellation, no end and no deadline")
    func overrules() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass + ["review_by: 4h"])
        let words = ["break-glass", "--reason", "x", "--yes"]
        func refused(_ id: ChangeID, _ saying: String) throws {
            try governance.settle("sam")
            try governance.refuse(20, "sam", words + [id.text], saying: saying)
            try governance.runRecordsOnly(20, id)
        }
        let rejected = try governance.decided(land: true)
        try governance.breakGlass(rejected)
        try governance.expect(0, "bob", ["reject", rejected.text, "--yes"])
        try refused(rejected, "rejected by `bob`")
        let cancelled = try governance.decided(replicas: 6, land: true)
        try governance.breakGlass(cancelled)
        try governance.expect(0, "bob", ["cancel", cancelled.text, "--yes"])
        try refused(cancelled, "cancelled by `bob`")
        let overdue = try governance.decided(replicas: 7, land: true)
        try governance.breakGlass(overdue)
        try governance.recordVotes()
        governance.clock.advance(4 * Governance.hour + 1)
        try refused(overdue, "was to be approved by")
        let denied = try governance.decided(replicas: 8, land: true)
        try governance.breakGlass(denied)
        try governance.trustCommit([
            TimedGovernance.path: { $0.replacing("decision: require_approval", with: "decision: deny") }
        ])
        try refused(denied, "In time, or in an emergency")
        try governance.verifyEverywhere(0)
    }

    @Test("what needs no approval, or has it, needs no broken glass")
    func notNeeded() throws {
        let (governance, id) = try landed()
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.settle("sam")
        try governance.refuse(
            1, "sam", ["break-glass", id.text, "--reason", "x", "--yes"], saying: "it may run as it is")
        // Cast all the same, it changes nothing and opens no review.
        try governance.castByHand(
            try governance.voteTrailers(try governance.glassVote(on: id, by: "sam", status: 0), signedBy: "sam"),
            on: id,
            leaf: "sam-00000000", pushedBy: "sam")
        let run = try governance.execute(id)
        #expect(!run.errors.contains("BREAK-GLASS"))
        #expect(try governance.reviews().isEmpty)
    }

    // MARK: - The runner's own lies

    enum Forgery: String, CaseIterable {
        case invented, otherPerson, otherReason, nothingMissing, longerReview, leftOut
    }

    @Test(
        "a claim by the runner's own key that lies about the glass is refused by every reader",
        arguments: Forgery.allCases)
    func claims(_ forgery: Forgery) throws {
        let (governance, id) = try landed()
        if forgery != .invented {
            try governance.breakGlass(id)
            try governance.recordVotes()
        }
        let desk = try LedgerDesk(governance)
        let honest: JSONValue = [
            "by": "sam", "reason": "Checkout is down", "missing": [["role": "approver", "count": 1]],
            "review_within": 86_400,
        ]
        let lying = try desk.claim(id) { body in
            body["break_glass"] = honest
            switch forgery {
            case .invented: break
            case .otherPerson: body["break_glass"]?["by"] = "bob"
            case .otherReason: body["break_glass"]?["reason"] = "Routine"
            case .nothingMissing: body["break_glass"]?["missing"] = []
            case .longerReview: body["break_glass"]?["review_within"] = 8_640_000
            case .leftOut: body.remove("break_glass")
            }
        }
        let error = #expect(throws: LedgerError.self) { try desk.append(lying) }
        #expect(error?.description.contains("claim") == true, "\(String(describing: error))")
        if forgery == .invented { return }
        // The honest one is taken, and cannot be told from a runner's.
        try desk.append(try desk.claim(id) { $0["break_glass"] = honest })
        #expect(try desk.history.state.review(id)?.by == "sam")
    }

    @Test(
        "a rewritten claim, or a review that was struck off the state, is found by everybody", arguments: [false, true])
    func rewritten(_ strikesReview: Bool) throws {
        let (governance, id) = try landed()
        try governance.breakGlass(id)
        _ = try governance.execute(id)
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        try governance.expect(0, "sam", ["verify"])
        let forgery = try LedgerForgery(governance)
        let place = try forgery.newest(strikesReview ? "execution" : "claim")
        if strikesReview {
            forgery.edit("state/reviews/\(id).json", from: place, nil)
        } else {
            let path = try forgery.file("-claim.json", of: place)
            let text = try forgery.text(path, in: place).replacing("Checkout is down", with: "All is well today")
            forgery.edit(path, from: place, text)
            let evidence = Digest(of: Array(text.utf8)).description
            let old = forgery.trailer("Agentsafe-Evidence", of: place)
            forgery.editMessage(place) { $0.replacing(old, with: evidence) }
        }
        try forgery.publish(from: place)
        let told = try governance.verifyEverywhere(30)
        let words = strikesReview ? "the state is not the one" : "about breaking the glass"
        #expect(told.errors.contains(words), "\(told)")
    }
}

extension Governance {
    /// What sam would sign to break the glass.
    func glassVote(on id: ChangeID, by voter: String, status: Int32 = 10) throws -> HandVote {
        try git("sam", "fetch", "-q")
        let change = try expect(status, "sam", ["status", id.text, "--output", "json"]).json["change"]
        let digest = try #require(change?["digest"]?.stringValue)
        let plan = try #require(change?["plan"]?.stringValue)
        let file = try text("\(id.folder)/change.yaml", at: "origin/main", seenBy: "sam")
        let line = try #require(file.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        return HandVote(
            verdict: "break-glass", id: id.text, digest: digest, plan: plan, by: voter, at: clock.timestamp,
            repository: line.dropFirst("repository: ".count) + " reason=\"Checkout is down\"")
    }

    /// An approval of what ran and is under review.
    func handVote(on id: ChangeID, by voter: String, landed review: JSONValue) throws -> HandVote {
        try git("sam", "fetch", "-q")
        let plan = try #require(review["plan"]?.stringValue)
        let file = try text("\(id.folder)/change.yaml", at: "origin/main", seenBy: "sam")
        let line = try #require(file.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        return HandVote(
            id: id.text, digest: Digest(of: Array(file.utf8)).description, plan: plan, by: voter, at: clock.timestamp,
            repository: String(line.dropFirst("repository: ".count)))
    }

    /// Gives a person other roles.
    func editRoles(_ actor: String, _ roles: String) throws {
        try trustCommit([
            "identities.yaml": { text in
                let parts = text.split(separator: "- id: \(actor)\n", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let start = parts[1].firstRange(of: "roles: ["),
                    let end = parts[1][start.upperBound...].firstIndex(of: "]")
                else { return text }
                return parts[0] + "- id: \(actor)\n" + parts[1][..<start.upperBound] + roles + parts[1][end...]
            }
        ])
    }
}
