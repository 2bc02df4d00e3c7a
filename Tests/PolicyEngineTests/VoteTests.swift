import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@Suite("Votes")
struct VoteTests {
    typealias World = AuthorizationFixture

    @Test("a rejection beats any number of approvals, whatever plan it was given for")
    func rejection() {
        var world = World()
        world.vote(by: World.alice)
        world.vote(.reject, by: World.bob, plan: Digest(of: [9]))
        #expect(world.refusal == .rejected)
        #expect(world.authorization.decision.reason.contains("`bob`"))
    }

    @Test("a rejection stops what policy allows")
    func rejectionOfAllowed() {
        var world = World()
        world.world.rules = [Fixture.rule("go", .allow)]
        world.vote(.reject, by: World.bob)
        #expect(world.refusal == .rejected)
    }

    @Test("only a person with role `approver` rejects")
    func whoRejects() {
        var world = World()
        world.vote(.reject, by: World.person("carol", "admin", "reader"))
        world.vote(.reject, by: Identity(id: "bot", kind: .agent, roles: ["approver"]))
        world.vote(.reject, by: Identity(id: "gate", kind: .service, roles: ["approver"]))
        world.vote(by: World.alice)
        #expect(world.approvers == ["alice"])
    }

    @Test("the proposer withdraws, of whatever kind it is")
    func withdrawal() {
        var world = World()
        world.vote(by: World.alice)
        world.vote(.withdraw, by: Identity(id: "agent-1", kind: .agent))
        #expect(world.refusal == .withdrawn)
    }

    @Test("nobody else withdraws")
    func foreignWithdrawal() {
        var world = World()
        world.vote(by: World.alice)
        world.vote(.withdraw, by: Identity(id: "agent-2", kind: .agent))
        world.vote(.withdraw, by: World.person("carol", "reader"))
        #expect(world.approvers == ["alice"])
    }

    @Test("a person with role `approver` or `admin` cancels, and others do not")
    func cancellation() {
        for role in ["approver", "admin"] {
            var world = World()
            world.vote(by: World.alice)
            world.vote(.cancel, by: World.person("dora", role))
            #expect(world.refusal == .withdrawn)
        }
        var world = World()
        world.vote(by: World.alice)
        world.vote(.cancel, by: World.person("carol", "reader"))
        world.vote(.cancel, by: Identity(id: "bot", kind: .service, roles: ["admin"]))
        #expect(world.approvers == ["alice"])
    }

    @Test("a voter's latest vote counts, in whatever order they are told")
    func latestCounts() {
        for isReversed in [false, true] {
            var world = World()
            world.vote(.reject, by: World.alice, after: 1)
            world.vote(.approve, by: World.alice, after: 2)
            if isReversed { world.votes.reverse() }
            #expect(world.approvers == ["alice"])
            world.vote(.withdraw, by: World.alice, after: 3)
            if isReversed { world.votes.reverse() }
            #expect(world.missing == ["approver": 1])
        }
    }

    @Test("an admin takes back a rejection that was given before, and that one alone")
    func takenBack() {
        let admin = World.person("dora", "admin")
        for isReversed in [false, true] {
            var world = World()
            world.vote(by: World.alice)
            world.vote(.reject, by: World.bob, after: 1)
            world.vote(.withdraw, by: admin, after: 2, of: "bob")
            if isReversed { world.votes.reverse() }
            #expect(world.approvers == ["alice"])
            // Somebody else's stands, and so does one that is given again.
            var other = world
            other.vote(.reject, by: World.person("carol", "approver"), after: 1)
            #expect(other.refusal == .rejected)
            world.vote(.reject, by: World.bob, after: 3)
            if isReversed { world.votes.reverse() }
            #expect(world.refusal == .rejected)
        }
    }

    @Test("of a rejection and its taking back at one instant the rejection counts; a cancellation is never taken back")
    func takenBackTooEarly() {
        let admin = World.person("dora", "admin")
        for (kind, instant) in [(VerifiedVote.Kind.reject, Int64(1)), (.reject, 0), (.cancel, 2)] {
            var world = World()
            world.vote(kind, by: World.bob, after: 1)
            world.vote(.withdraw, by: admin, after: instant, of: "bob")
            #expect(world.refusal == (kind == .reject ? .rejected : .withdrawn))
        }
    }

    @Test("nobody but an admin takes a rejection back, and no admin whose own change it is")
    func whoTakesBack() {
        for voter in [
            World.alice, Identity(id: "bot", kind: .agent, roles: ["admin"]), World.person("agent-1", "admin"),
            World.person("erin", "admin"),
        ] {
            var world = World()
            world.excludedVoters = ["agent-1", "erin"]
            world.vote(.reject, by: World.bob)
            world.vote(.withdraw, by: voter, after: 1, of: "bob")
            #expect(world.refusal == .rejected, "\(voter.id)")
        }
    }

    @Test("taking a rejection back is no vote of one's own: the admin's approval stands")
    func takenBackBesideAnApproval() {
        var world = World()
        let admin = World.person("dora", "admin", "approver")
        world.vote(by: admin)
        world.vote(.reject, by: World.bob)
        world.vote(.withdraw, by: admin, after: 1, of: "bob")
        #expect(world.approvers == ["dora"])
    }

    @Test("of two votes at one instant the stricter counts")
    func tie() {
        for isReversed in [false, true] {
            var world = World()
            world.vote(.reject, by: World.alice)
            world.vote(.approve, by: World.alice)
            if isReversed { world.votes.reverse() }
            #expect(world.refusal == .rejected)
        }
    }

    @Test("one person does not fill two entries")
    func oneEntryEach() {
        var world = World()
        world.requirements = [
            ApprovalRequirement(role: "approver", count: 1), ApprovalRequirement(role: "sre", count: 1),
        ]
        world.vote(by: World.person("alice", "approver", "sre"))
        #expect(world.missing?.values.reduce(0, +) == 1)
    }

    @Test("one role in two entries needs two people")
    func sameRoleTwice() {
        var world = World()
        world.requirements = [
            ApprovalRequirement(role: "approver", count: 1), ApprovalRequirement(role: "approver", count: 1),
        ]
        world.vote(by: World.alice)
        #expect(world.missing == ["approver": 1])
        world.vote(by: World.bob)
        #expect(world.approvers == ["alice", "bob"])
    }

    @Test("a person with two roles is placed where the others cannot help")
    func placedWhereNeeded() {
        for requirements in [["approver", "sre"], ["sre", "approver"]] {
            var world = World()
            world.requirements = requirements.map { ApprovalRequirement(role: $0, count: 1) }
            world.vote(by: World.person("alice", "approver", "sre"))
            world.vote(by: World.bob)
            #expect(world.approvers == ["alice", "bob"])
        }
    }

    @Test("moving one person makes room through a chain of others")
    func chainOfMoves() {
        var world = World()
        world.requirements = ["a", "b", "c"].map { ApprovalRequirement(role: $0, count: 1) }
        world.vote(by: World.person("p1", "a", "b"))
        world.vote(by: World.person("p2", "b", "c"))
        #expect(world.missing?.count == 1)
        world.vote(by: World.person("p3", "a"))
        #expect(world.approvers == ["p1", "p2", "p3"])
    }

    @Test("no more people are counted than are needed")
    func onlyNeededVotes() {
        var world = World()
        for name in ["dora", "bob", "alice", "carol"] { world.vote(by: World.person(name, "approver")) }
        #expect(world.approvers == ["alice"])
    }

    @Test("a huge count is awaited, not computed")
    func hugeCount() {
        var world = World()
        world.requirements = [ApprovalRequirement(role: "approver", count: .max)]
        world.vote(by: World.alice)
        #expect(world.missing == ["approver": .max - 1])
    }

    @Test("people are placed as well as trying every placement could")
    func agreesWithBruteForce() {
        var random = SeededGenerator(stream: 77)
        let roles = ["a", "b", "c"]
        var satisfied = 0
        for _ in 0..<600 {
            var world = World()
            world.requirements = (0...random.below(3)).map { _ in
                ApprovalRequirement(role: random.pick(roles), count: 1 + random.below(2))
            }
            let people = (0..<random.below(6)).map { index in
                Identity(id: "p\(index)", kind: .person, roles: random.some(of: roles))
            }
            for person in people { world.vote(by: person) }
            let places = world.requirements.flatMap { Array(repeating: $0.role, count: $0.count) }
            let best = Self.mostFilled(places, people[...])
            switch world.authorization {
            case .authorized(let change):
                satisfied += 1
                #expect(best == places.count)
                #expect(Set(change.approvedBy).count == places.count)
            case .awaitingApproval(_, _, let missing):
                #expect(missing.reduce(0) { $0 + $1.count } == places.count - best)
            case .denied: Issue.record("denied")
            }
        }
        #expect(satisfied > 60 && satisfied < 540, "\(satisfied) of 600 were satisfied")
    }

    /// Tries every place, and none, for the first person, and so on.
    private static func mostFilled(_ places: [String], _ people: ArraySlice<Identity>) -> Int {
        guard let person = people.first else { return 0 }
        var best = mostFilled(places, people.dropFirst())
        for (index, role) in places.enumerated() where person.roles.contains(role) {
            var rest = places
            rest.remove(at: index)
            best = max(best, 1 + mostFilled(rest, people.dropFirst()))
        }
        return best
    }
}
