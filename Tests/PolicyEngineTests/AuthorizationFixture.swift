import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine

/// A change that needs approval, and the people who may give it.
struct AuthorizationFixture {
    var world = Fixture()
    var requirements = [ApprovalRequirement(role: "approver", count: 1)]
    var digest = Digest(of: [7])
    var repository = Fixture.repository
    var proposer = "agent-1"
    var ticket: String?
    var now = Fixture.now
    var votes: [VerifiedVote] = []
    var terms = ApprovalTerms()
    var firstDecision: Timestamp?
    /// Seconds.
    var life: Int64 = 3600
    var excludedVoters: Set<String> = ["agent-1"]

    static let alice = person("alice", "approver")
    static let bob = person("bob", "approver")

    static func person(_ id: String, _ roles: String...) -> Identity {
        Identity(id: id, kind: .person, roles: roles)
    }

    init() { world.rules = [] }

    var change: Change {
        Change(
            repository: repository, id: ChangeID(now: Fixture.now, random: [1, 2, 3, 4, 5, 6, 7]), proposer: proposer,
            step: ChangeStep(
                action: world.action.name, target: world.targetName ?? "", parameters: world.parameters),
            reason: "because", ticket: ticket, created: Fixture.now, expires: Fixture.now + .seconds(life))
    }

    var engine: PolicyEngine {
        var world = world
        if world.rules.isEmpty {
            world.rules = [Fixture.rule("ask", .requireApproval, approvals: requirements, terms: terms)]
        }
        return world.engine
    }

    var plan: Plan? { engine.plan(for: change, digest: digest) }

    var authorization: Authorization {
        engine.authorize(
            change, digest: digest, caller: world.caller,
            history: VerifiedHistory(
                votes: votes, excludedVoters: excludedVoters, firstDecision: firstDecision), now: now)
    }

    /// A vote for the present plan.
    mutating func vote(
        _ kind: VerifiedVote.Kind = .approve, by voter: Identity, plan other: Digest? = nil, after seconds: Int64 = 0,
        recorded: Int64? = nil, of rejector: String? = nil, reason: String? = nil
    ) {
        guard let plan else { return }
        votes.append(
            VerifiedVote(
                voter: voter, kind: kind, plan: other ?? plan.digest,
                at: Fixture.now + .seconds(seconds), recorded: recorded.map { Fixture.now + .seconds($0) },
                rejector: rejector, reason: reason))
    }

    var approvers: [String]? {
        if case .authorized(let change) = authorization { return change.approvedBy }
        return nil
    }

    /// `["approver": 1]`, or nil when nothing is awaited.
    var missing: [String: Int]? {
        guard case .awaitingApproval(_, _, let missing) = authorization else { return nil }
        return Dictionary(missing.map { ($0.role, $0.count) }, uniquingKeysWith: +)
    }

    /// The code of a refusal.
    var refusal: DecisionCode? {
        guard case .denied(let decision) = authorization, decision.result == .deny else { return nil }
        return decision.code
    }
}
