import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import Testing

@Suite("Deadlines of approvals, and broken glass")
struct ApprovalTermsTests {
    typealias World = AuthorizationFixture
    private static let sam = World.person("sam", "sre")

    private func world(_ terms: ApprovalTerms, decided: Int64? = 0, at seconds: Int64) -> World {
        var world = World()
        world.terms = terms
        world.firstDecision = decided.map { Fixture.now + .seconds($0) }
        world.now = Fixture.now + .seconds(seconds)
        return world
    }

    private func glass(_ world: World) -> BrokenGlass? {
        if case .authorized(let change) = world.authorization { return change.brokenGlass }
        return nil
    }

    @Test(
        "approvals must be recorded by `review_by`, its last second included", arguments: [(600, true), (601, false)])
    func reviewBy(recorded: Int64, isInTime: Bool) {
        var world = world(ApprovalTerms(reviewBy: 600), at: 700)
        world.vote(by: World.alice, after: 10, recorded: recorded)
        #expect(world.approvers == (isInTime ? ["alice"] : nil))
        #expect(world.refusal == (isInTime ? nil : .reviewOverdue))
    }

    @Test("a vote that is recorded nowhere counts as of now, whatever it says of its time")
    func unrecorded() {
        var world = world(ApprovalTerms(reviewBy: 600), at: 600)
        world.vote(by: World.alice, after: 10)
        #expect(world.approvers == ["alice"])
        world.now = world.now + .seconds(1)
        #expect(world.refusal == .reviewOverdue)
    }

    @Test("before a decision is recorded no deadline runs, and without votes the change waits until it ends")
    func beginning() {
        #expect(world(ApprovalTerms(reviewBy: 60), decided: nil, at: 3000).missing == ["approver": 1])
        #expect(world(ApprovalTerms(reviewBy: 60), at: 60).missing == ["approver": 1])
        #expect(world(ApprovalTerms(reviewBy: 60), at: 61).refusal == .reviewOverdue)
    }

    @Test("approvals that were complete in time and were renewed later count; those taken back before the end do not")
    func renewal() {
        var world = world(ApprovalTerms(reviewBy: 600, executeWithin: 60), at: 1000)
        world.vote(by: World.alice, after: 10, recorded: 10)
        #expect(world.refusal == .executionOverdue)
        world.vote(by: World.alice, after: 990, recorded: 990)
        #expect(world.approvers == ["alice"])
        world.vote(.withdraw, by: World.alice, after: 20, recorded: 20)
        #expect(world.refusal == .reviewOverdue)
    }

    @Test("the change may be prepared for `execute_within` after the newest approval, its last second included")
    func executeWithin() {
        var world = world(ApprovalTerms(executeWithin: 60), at: 70)
        world.vote(by: World.alice, after: 0, recorded: 10)
        // What the vote says of itself can only make it older.
        #expect(world.refusal == .executionOverdue)
        world.votes[0].at = Fixture.now + .seconds(300)
        #expect(world.approvers == ["alice"])
        world.now = world.now + .seconds(1)
        #expect(world.refusal == .executionOverdue)
        // Somebody whose role nobody asked for renews nothing.
        world.vote(by: World.person("carol", "reader"), after: 70, recorded: 71)
        #expect(world.refusal == .executionOverdue)
        world.vote(by: World.bob, after: 70, recorded: 71)
        #expect(world.approvers?.count == 1)
    }

    @Test("a plain allow has no deadline")
    func plainAllow() {
        var world = world(ApprovalTerms(reviewBy: 60, executeWithin: 60), at: 3000)
        world.world.rules = [Fixture.rule("go", .allow, terms: world.terms)]
        #expect(world.approvers == [])
    }

    @Test("a rule's own terms go before the repository's, one by one")
    func defaults() {
        var world = world(ApprovalTerms(reviewBy: 600), at: 700)
        world.world.configuration.terms = ApprovalTerms(
            reviewBy: 9, executeWithin: 10, breakGlass: BreakGlassTerms(roles: ["sre"]))
        guard case .denied = world.authorization else { return #expect(Bool(false)) }
        let decision = world.engine.decide(world.world.request, now: world.now)
        #expect(
            decision.terms
                == ApprovalTerms(reviewBy: 600, executeWithin: 10, breakGlass: BreakGlassTerms(roles: ["sre"])))
        #expect(decision.json["review_by"] == 600 && decision.json["execute_within"] == 10)
        #expect(decision.json.at("break_glass", "review_within") == 86_400)
        world.terms.breakGlass = BreakGlassTerms(roles: [])
        world.now = Fixture.now
        world.vote(.breakGlass, by: Self.sam, reason: "now")
        #expect(world.missing == ["approver": 1], "a rule may take the glass away")
    }

    // MARK: - Broken glass

    private func broken(at seconds: Int64 = 0, _ terms: ApprovalTerms? = nil) -> World {
        var world = world(
            terms ?? ApprovalTerms(breakGlass: BreakGlassTerms(roles: ["sre"], reviewWithin: 7200)), at: seconds)
        world.requirements = [ApprovalRequirement(role: "approver", count: 2)]
        return world
    }

    @Test("a person with the role has it run, says who and why, and what is missing; the approvals stay the truth")
    func brokenGlass() {
        var world = broken()
        world.vote(by: World.alice)
        world.vote(.breakGlass, by: Self.sam, reason: "checkout is down")
        let glass = glass(world)
        #expect(glass?.by == "sam" && glass?.reason == "checkout is down")
        #expect(glass?.missing == [ApprovalRequirement(role: "approver", count: 1)])
        #expect(glass?.reviewWithin == 7200)
        #expect(world.approvers == ["alice"])
        guard case .authorized(let change) = world.authorization else { return }
        #expect(change.decision.code == .rule && change.decision.result == .requireApproval)
        world.vote(by: World.bob)
        #expect(world.approvers == ["alice", "bob"] && self.glass(world) == nil)
    }

    @Test(
        "nobody else does",
        arguments: [
            (Identity(id: "sam", kind: .agent, roles: ["sre"]), true),
            (Identity(id: "x", kind: .service, roles: ["sre"]), true),
            (World.person("bob", "approver", "admin"), true), (World.person("sam", "sre"), false),
        ])
    func others(voter: Identity, isOurPlan: Bool) {
        var world = broken()
        world.vote(.breakGlass, by: voter, plan: isOurPlan ? nil : Digest(of: [9]), reason: "now")
        #expect(glass(world) == nil)
        #expect(world.missing == ["approver": 2])
    }

    @Test(
        "it lapses with `execute_within`, or after an hour, and can be broken again", arguments: [nil, 600 as Int64?])
    func lapse(within: Int64?) {
        let life = within ?? BreakGlassTerms.usualLifetime
        var world = broken(
            at: life + 100, ApprovalTerms(executeWithin: within, breakGlass: BreakGlassTerms(roles: ["sre"])))
        world.life = 7200
        world.vote(.breakGlass, by: Self.sam, after: 100, recorded: 200, reason: "now")
        #expect(glass(world) != nil)
        world.now = world.now + .seconds(1)
        #expect(glass(world) == nil && world.missing == ["approver": 2])
        world.vote(.breakGlass, by: Self.sam, after: life + 101, reason: "again")
        #expect(glass(world)?.reason == "again")
        world.vote(.withdraw, by: Self.sam, after: life + 102)
        #expect(glass(world) == nil, "and taken back")
    }

    @Test("it overrules nothing")
    func overrules() {
        var world = broken(at: 700, ApprovalTerms(reviewBy: 600, breakGlass: BreakGlassTerms(roles: ["sre"])))
        world.vote(.breakGlass, by: Self.sam, after: 500, recorded: 500, reason: "now")
        #expect(world.refusal == .reviewOverdue)
        world.terms.reviewBy = nil
        #expect(glass(world) != nil)
        var other = world
        other.vote(.reject, by: World.bob)
        #expect(other.refusal == .rejected)
        other = world
        other.vote(.cancel, by: World.bob)
        #expect(other.refusal == .withdrawn)
        other = world
        other.now = other.change.expires + .seconds(1)
        #expect(other.refusal == .expired)
        other = world
        other.world.rules = [Fixture.rule("no", .deny, terms: world.terms)]
        #expect(other.refusal == .rule)
        other = world
        other.terms.executeWithin = 60
        for person in [World.alice, World.bob] { other.vote(by: person, after: 1, recorded: 1) }
        other.vote(.breakGlass, by: Self.sam, after: 690, recorded: 690, reason: "now")
        #expect(other.refusal == .executionOverdue)
    }

    @Test("a person may break the glass for what they propose, and of two the latest to say so is named")
    func proposer() {
        var world = broken()
        world.proposer = "sam"
        world.world.caller = Caller(Self.sam)
        world.excludedVoters = ["sam"]
        world.vote(.breakGlass, by: Self.sam, after: 2, reason: "mine")
        #expect(glass(world)?.by == "sam")
        world.vote(.breakGlass, by: World.person("ann", "sre"), after: 2, reason: "theirs")
        #expect(glass(world)?.by == "sam")
        world.vote(.breakGlass, by: World.person("zoe", "sre"), after: 2, reason: "later")
        #expect(glass(world)?.by == "zoe")
    }

    @Test("a review is over when the approvals are there and nobody rejects, whoever is excluded aside")
    func review() {
        var world = broken()
        func standing() -> ReviewStanding {
            ReviewStanding(
                world.votes, plan: world.plan?.digest ?? Digest(of: []), required: world.requirements,
                excluding: ["sam", "agent-1"])
        }
        #expect(standing().missing == world.requirements && !standing().isOver)
        world.vote(by: World.person("sam", "approver"))
        world.vote(by: World.alice, plan: Digest(of: [9]))
        #expect(standing().missing == world.requirements)
        world.vote(by: World.alice, after: 1)
        world.vote(by: World.bob)
        #expect(standing().isOver)
        world.vote(.reject, by: World.person("carol", "approver"))
        #expect(standing().missing.isEmpty && standing().rejectedBy == ["carol"] && !standing().isOver)
        world.vote(.withdraw, by: World.person("carol", "approver"), after: 1)
        #expect(standing().isOver)
    }

    @Test("two terms together are the stricter of both")
    func strictest() {
        let one = ApprovalTerms(reviewBy: 5, breakGlass: BreakGlassTerms(roles: ["a", "b"], reviewWithin: 9))
        let two = ApprovalTerms(
            reviewBy: 7, executeWithin: 3, breakGlass: BreakGlassTerms(roles: ["b", "c"], reviewWithin: 8))
        let both = ApprovalTerms(
            reviewBy: 5, executeWithin: 3, breakGlass: BreakGlassTerms(roles: ["b"], reviewWithin: 8))
        #expect(one.strictest(two) == both && two.strictest(one) == both)
        #expect(one.strictest(ApprovalTerms()).breakGlass == nil)
    }
}
