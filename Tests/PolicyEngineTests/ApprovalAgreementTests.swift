import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@Suite("A naive second judgement of votes, deadlines and broken glass")
struct ApprovalAgreementTests {
    private static let roles = ["approver", "sre", "dba", "admin"]
    private static let minute: Int64 = 60
    private static var cases: Int { TestEnvironment.number("AGENTSAFE_CASES").map { max(1, $0 / 2) } ?? 20_000 }

    /// A change, its votes and its terms, all at random. The world's clock starts at `Fixture.now`.
    private static func world(using random: inout SeededGenerator) -> AuthorizationFixture {
        var world = AuthorizationFixture()
        world.requirements = (0..<(1 + random.below(2))).map { _ in
            ApprovalRequirement(role: random.pick(Array(roles.prefix(3))), count: 1 + random.below(2))
        }
        let times: [Int64?] = [nil, nil, 10, 30, 60]
        world.terms.reviewBy = random.pick(times).map { $0 * minute }
        world.terms.executeWithin = random.pick(times).map { $0 * minute }
        if random.chance(60) {
            world.terms.breakGlass = BreakGlassTerms(
                roles: random.some(of: roles, percent: 40), reviewWithin: 3600)
        }
        world.firstDecision = random.chance(80) ? later(random.below(20)) : nil
        world.now = later(20 + random.below(100))
        world.life = 7200
        let people = ["alice", "bob", "carol", "dora"].map { name in
            Identity(id: name, kind: .person, roles: random.some(of: roles, percent: 50))
        }
        let bots = [
            Identity(id: "agent-1", kind: .agent, roles: roles), Identity(id: "gate", kind: .service, roles: roles),
        ]
        if random.chance(15) { world.excludedVoters.insert("carol") }
        if random.chance(15) {
            world.proposer = "dora"
            world.world.caller = Caller(people[3])
            world.excludedVoters = world.excludedVoters.union(["dora"]).subtracting(["agent-1"])
        }
        for _ in 0..<random.below(8) {
            let voter = random.chance(90) ? random.pick(people) : random.pick(bots)
            let said = random.below(100)
            let kind = random.pick(
                [.approve, .approve, .approve, .approve, .approve, .approve, .breakGlass, .breakGlass, .withdraw]
                    + (random.chance(15) ? [.reject, .cancel] : []) as [VerifiedVote.Kind])
            // Recorded after it was cast, as a rule; somebody's clock may be ahead, and some date back.
            let recorded = random.chance(80) ? later(max(0, said + random.pick([0, 1, 5, 40, -3]))) : nil
            let rejector = kind == .withdraw && random.chance(30) ? random.pick(["alice", "bob", "carol"]) : nil
            world.votes.append(
                VerifiedVote(
                    voter: voter, kind: kind,
                    plan: random.chance(90) ? world.plan?.digest ?? Digest(of: []) : Digest(of: [9]),
                    at: later(said), recorded: recorded.map { min($0, world.now) },
                    rejector: rejector == voter.id ? nil : rejector,
                    reason: kind == .breakGlass ? "because \(said)" : nil))
        }
        return world
    }

    private static func later(_ minutes: Int) -> Timestamp { Fixture.now + .seconds(Int64(minutes) * minute) }

    private static func naive(_ world: AuthorizationFixture) -> NaiveApproval.Answer {
        NaiveApproval(
            required: world.requirements, terms: world.terms, plan: world.plan?.digest ?? Digest(of: []),
            proposer: world.proposer, excluded: world.excludedVoters, firstDecision: world.firstDecision?.seconds,
            votes: world.votes, now: world.now.seconds
        ).answer
    }

    private static func answer(_ authorization: Authorization) -> NaiveApproval.Answer? {
        func count(_ missing: [ApprovalRequirement]) -> Int { missing.map(\.count).reduce(0, +) }
        switch authorization {
        case .authorized(let change):
            guard let glass = change.brokenGlass else { return .approved(until: change.executeBy?.seconds) }
            return .broken(
                by: glass.by, reason: glass.reason, missing: count(glass.missing), until: change.executeBy?.seconds ?? 0
            )
        case .awaitingApproval(_, _, let missing): return .awaiting(missing: count(missing))
        case .denied(let decision):
            switch decision.code {
            case .rejected: return .rejected
            case .withdrawn: return .withdrawn
            case .reviewOverdue: return .reviewOverdue
            case .executionOverdue: return .executionOverdue
            default: return nil
            }
        }
    }

    @Test("both come to the same answer, and to every answer often enough")
    func agree() {
        var random = SeededGenerator(stream: 4711)
        var reached: [String: Int] = [:]
        var disagreements: [String] = []
        for number in 0..<Self.cases {
            let world = Self.world(using: &random)
            let (expected, answer) = (Self.naive(world), Self.answer(world.authorization))
            reached[String("\(expected)".prefix { $0 != "(" }), default: 0] += 1
            if answer != expected {
                disagreements.append("case \(number): \(String(describing: answer)), and naively \(expected)")
            }
        }
        #expect(disagreements.isEmpty, "\(disagreements.count) disagree, the first: \(disagreements.first ?? "")")
        for kind in ["rejected", "withdrawn", "reviewOverdue", "executionOverdue", "awaiting", "approved", "broken"] {
            #expect(reached[kind, default: 0] * 100 > Self.cases, "\(kind) is rarer than 1 %: \(reached)")
        }
    }

    private static func isAuthorized(_ world: AuthorizationFixture) -> Bool {
        if case .authorized = world.authorization { return true }
        return false
    }

    @Test("narrowing never widens: a deadline authorises nothing, and neither does taking the glass away")
    func narrowing() {
        var random = SeededGenerator(stream: 4712)
        for _ in 0..<Self.cases / 10 {
            let world = Self.world(using: &random)
            guard !Self.isAuthorized(world) else { continue }
            var narrower = world
            narrower.terms.reviewBy = min(narrower.terms.reviewBy ?? .max, Int64(random.below(3000)) + 1)
            #expect(!Self.isAuthorized(narrower))
            narrower = world
            narrower.terms.executeWithin = min(narrower.terms.executeWithin ?? 3600, Int64(random.below(3000)) + 1)
            #expect(!Self.isAuthorized(narrower))
            narrower = world
            narrower.terms.breakGlass = nil
            #expect(!Self.isAuthorized(narrower))
        }
    }

    @Test("replay equals record: what is recorded later, and in whatever order it is read, changes no earlier answer")
    func replay() {
        var random = SeededGenerator(stream: 4713)
        for _ in 0..<Self.cases / 10 {
            var world = Self.world(using: &random)
            // Everything is in the ledger by now, the last of it at this moment.
            for index in world.votes.indices { world.votes[index].recorded = world.votes[index].recorded ?? world.now }
            let all = world.votes
            let instant = Self.later(random.below(120))
            world.now = instant
            world.votes = all.filter { ($0.recorded ?? instant) <= instant }
            let record = Self.answer(world.authorization)
            world.votes = all.shuffled(using: &random).filter { ($0.recorded ?? instant) <= instant }
            world.votes += world.votes.prefix(1)
            #expect(Self.answer(world.authorization) == record)
            // A vote that is being recorded at this moment counts as it does without its event.
            for index in world.votes.indices where world.votes[index].recorded == instant {
                world.votes[index].recorded = nil
            }
            #expect(Self.answer(world.authorization) == record)
        }
    }
}
