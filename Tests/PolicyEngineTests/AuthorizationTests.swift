import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import Testing

@Suite("The judgement of a change")
struct AuthorizationTests {
    typealias World = AuthorizationFixture

    @Test("what policy allows needs no vote")
    func allowed() {
        var world = World()
        world.world.rules = [Fixture.rule("go", .allow)]
        guard case .authorized(let change) = world.authorization else {
            Issue.record("not authorised")
            return
        }
        #expect(change.approvedBy.isEmpty)
        #expect(change.decision.result == .allow)
        #expect(change.decision.rule == "go")
        #expect(change.change == world.change)
        #expect(change.digest == world.digest)
        #expect(change.plan == world.plan)
    }

    @Test("without votes the change waits, and says for whom")
    func waits() {
        var world = World()
        world.requirements = [
            ApprovalRequirement(role: "approver", count: 2), ApprovalRequirement(role: "sre", count: 1),
        ]
        guard case .awaitingApproval(let decision, let plan, let missing) = world.authorization else {
            Issue.record("not waiting")
            return
        }
        #expect(decision.result == .requireApproval)
        #expect(decision.rule == "ask")
        #expect(plan == world.plan)
        #expect(missing == world.requirements)
    }

    @Test("an approval for the present plan is enough, and the policy's own decision is kept")
    func approved() {
        var world = World()
        world.vote(by: World.alice)
        guard case .authorized(let change) = world.authorization else {
            Issue.record("not authorised")
            return
        }
        #expect(change.approvedBy == ["alice"])
        #expect(change.decision.result == .requireApproval)
        #expect(change.decision.rule == "ask")
    }

    @Test("votes do not overrule a deny")
    func deniedByPolicy() {
        var world = World()
        world.vote(by: World.alice)
        world.world.rules = [Fixture.rule("no", .deny)]
        #expect(world.refusal == .rule)
    }

    @Test("a change lives until `expires`, and not a second longer")
    func expiry() {
        var world = World()
        world.vote(by: World.alice)
        world.now = world.change.expires
        #expect(world.approvers == ["alice"])
        world.now = world.now + .seconds(1)
        #expect(world.refusal == .expired)
    }

    @Test("a change for another repository is refused, and so is any where the repository has no name")
    func otherRepository() {
        var world = World()
        world.world.rules = [Fixture.rule("go", .allow)]
        world.repository = "other"
        #expect(world.refusal == .wrongRepository)
        world.repository = Fixture.repository
        world.world.configuration.repository = nil
        #expect(world.refusal == .wrongRepository)
    }

    @Test("a caller who is not the proposer is judged as anonymous")
    func otherCaller() {
        var world = World()
        world.world.rules = [Fixture.rule("go", .allow, RuleMatch(callers: CallerSelector(roles: ["deployer"])))]
        #expect(world.approvers == [])
        world.proposer = "agent-2"
        #expect(world.refusal == .noRule)
    }

    @Test("the change's ticket reaches the rules")
    func ticket() {
        var world = World()
        world.world.rules = [Fixture.rule("go", .allow, RuleMatch(requireTicket: true))]
        #expect(world.refusal == .noRule)
        world.ticket = "INC-42"
        #expect(world.approvers == [])
    }

    @Test("a change is judged under `enforce`, even where questions are answered under `advisory`")
    func alwaysEnforced() {
        var world = World()
        world.world.configuration.targetBinding = .advisory
        world.world.rules = [Fixture.rule("go", .allow)]
        world.world.parameters["namespace"] = "prod"
        #expect(world.world.decision.result == .allow)
        #expect(world.refusal == .targetBinding)
    }

    @Test("an unknown target may be allowed by a rule, but nothing can be done to it")
    func unknownTarget() {
        var world = World()
        world.world.rules = [Fixture.rule("go", .allow)]
        world.world.targetName = "staging/nowhere"
        #expect(world.world.decision.result == .allow)
        #expect(world.refusal == .unknownTarget)
    }

    @Test("nobody approves their own change, whatever history says of the excluded")
    func ownApproval() {
        var world = World()
        world.proposer = "alice"
        world.world.caller = Caller(World.alice)
        world.excludedVoters = []
        world.vote(by: World.alice)
        #expect(world.missing == ["approver": 1])
    }

    @Test("whoever history excludes does not approve: a signer of the change, or an orchestrator")
    func excludedVoter() {
        var world = World()
        world.excludedVoters = ["agent-1", "alice"]
        world.vote(by: World.alice)
        #expect(world.missing == ["approver": 1])
        world.vote(by: World.bob)
        #expect(world.approvers == ["bob"])
    }

    @Test("an agent or a service never approves, whatever roles it holds", arguments: [IdentityKind.agent, .service])
    func onlyPeopleApprove(kind: IdentityKind) {
        var world = World()
        world.vote(by: Identity(id: "bot", kind: kind, roles: ["approver", "admin"]))
        #expect(world.missing == ["approver": 1])
    }

    @Test("a person without the role does not fill the entry")
    func wrongRole() {
        var world = World()
        world.vote(by: World.person("carol", "reader"))
        #expect(world.missing == ["approver": 1])
    }

    @Test("a person with two votes, given with two keys, counts once")
    func onePersonOnce() {
        var world = World()
        world.requirements = [ApprovalRequirement(role: "approver", count: 2)]
        let key = IdentityKey(publicKey: "ssh-ed25519 AAAA")
        world.vote(by: World.alice)
        world.vote(by: Identity(id: "alice", kind: .person, roles: ["approver"], keys: [key]), after: 5)
        #expect(world.missing == ["approver": 1])
        world.vote(by: World.bob)
        #expect(world.approvers == ["alice", "bob"])
    }

    @Test("an approval for another plan counts for nothing")
    func otherPlan() {
        var world = World()
        world.vote(by: World.alice, plan: Digest(of: [9]))
        #expect(world.missing == ["approver": 1])
    }

    @Test(
        "approvals die when anything of the plan changes",
        arguments: [
            { $0.digest = Digest(of: [8]) }, { $0.world.action.digest = Digest(of: [2]) },
            { $0.world.action.parameters[3].defaultValue = "other" }, { $0.world.target.labels["team"] = "search" },
            { $0.world.target.sensitivity = .critical }, { $0.world.target.locator["cluster"] = "c2" },
            { $0.world.target.owner = "someone else" }, { $0.world.parameters["replicas"] = 7 },
        ] as [@Sendable (inout AuthorizationFixture) -> Void])
    func planBinds(edit: @Sendable (inout AuthorizationFixture) -> Void) {
        var world = World()
        world.vote(by: World.alice)
        #expect(world.approvers == ["alice"])
        edit(&world)
        #expect(world.missing == ["approver": 1])
    }

    @Test("approvals survive what the plan does not hold")
    func planIgnoresRest() {
        var world = World()
        world.vote(by: World.alice)
        world.world.target.location = SourceLocation(file: "inventory.yaml", line: 99)
        world.world.action.location = SourceLocation(file: "actions/renamed.yaml", line: 1)
        #expect(world.approvers == ["alice"])
    }

    @Test("the plan is what its canonical JSON says")
    func planContents() throws {
        let world = World()
        let plan = try #require(world.plan)
        #expect(plan.digest == Digest(of: plan.json.canonicalBytes))
        #expect(plan.json["id"]?.stringValue == world.change.id.text)
        #expect(plan.json["repository"]?.stringValue == Fixture.repository)
        #expect(plan.json["change"]?.stringValue == world.digest.description)
        #expect(plan.json["action"]?.stringValue == world.world.action.digest.description)
        #expect(plan.json["params"] == .object(plan.steps[0].parameters))
        #expect(plan.json["target"] == world.world.target.json)
        #expect(plan.json.objectValue?.count == 6)
        #expect(plan.steps[0].parameters["note"] == "none")
    }

    @Test("there is no plan for an unknown action or target, or for invalid params")
    func noPlan() {
        var world = World()
        world.world.targetName = "staging/nowhere"
        #expect(world.plan == nil)
        world = World()
        world.world.parameters["replicas"] = -1
        #expect(world.plan == nil)
    }
}
