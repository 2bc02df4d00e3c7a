import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Other commands that are killed")
struct KilledCommandTests {
    /// A command, and a repository in which it has work to do.
    struct Site {
        let governance: Governance
        let id: ChangeID
        let actor: String
        let words: [String]
        let points: [ReachedPoint]

        init(_ actor: String, making make: (Governance) throws -> (ChangeID, [String])) throws {
            governance = try Governance.keptForAll()
            self.actor = actor
            (id, words) = try make(governance)
            for actor in [actor, "runner", "sam", "stranger"] { _ = governance.clone(actor) }
            let rehearsal = try Governance(copying: governance)
            let log = rehearsal.directory.file("points")
            let result = try rehearsal.spawn(actor, words, log: log)
            try #require(result.status == 0, "\(result)")
            points = try ReachedPoint.read(log)
        }

        /// Kills the command at one point of each name, runs it again, and hands over what is left.
        func killAtEachName(_ check: (Governance, CommandResult, Comment) throws -> Void) throws {
            var generator = SeededGenerator(stream: 11)
            let named = Dictionary(grouping: points, by: \.name).sorted { $0.key < $1.key }
            for point in named.map({ generator.pick($0.value) }) {
                let governance = try Governance(copying: governance)
                let place: Comment = "killed at \(point.description)"
                let killed = try governance.spawn(actor, words, fault: "\(point.name):\(point.ordinal):kill")
                try #require(killed.status == 128 + 9, "\(place): \(killed)")
                governance.clock.advance(60)
                let again = try governance.spawn(actor, words)
                #expect(!again.errors.contains("lock"), "\(place): \(again)")
                try check(governance, again, place)
                try governance.expectVerified()
                #expect(try governance.leftovers(of: actor).isEmpty, place)
            }
        }
    }

    @Test("a proposal is at the remote whole or not at all, and proposing again works")
    func propose() throws {
        let site = try Site("agent") { governance in
            (try governance.propose("agent", ["replicas=3"]), Governance.proposal + ["--push"])
        }
        try site.killAtEachName { governance, again, place in
            #expect(again.status == 0, "\(place): \(again)")
            try governance.git("sam", "fetch", "-q", "--prune")
            let branches = try governance.git(
                "sam", "for-each-ref", "--format=%(refname:short)", "refs/remotes/origin/change")
            let names = branches.split(separator: "\n").map(String.init)
            #expect((2...3).contains(names.count), place)
            for branch in names { try governance.expect(0, "sam", ["gate", "--head", branch]) }
        }
    }

    @Test("an approval that also merges is there with its merge or not at all, and counts once")
    func approve() throws {
        let site = try Site("bob") { governance in
            let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
            return (id, ["approve", id.text, "--merge", "--yes"])
        }
        try site.killAtEachName { governance, again, place in
            let isDone = again.status == 1 && again.errors.contains("has landed already")
            #expect(again.status == 0 || isDone, "\(place): \(again)")
            try governance.expect(0, "runner", ["run"] + governance.cluster())
            let record = try governance.record(of: site.id)
            #expect(record.events.filter { $0.kind == .vote }.count == 1, place)
            #expect(record.last(.execution) != nil, place)
        }
    }

    @Test("what the gate lands is on main and in the ledger, once each")
    func gate() throws {
        let site = try Site("gate") { governance in
            let id = try governance.propose()
            return (id, ["gate", "--record", "--land", "--head", "origin/\(id.branch)"])
        }
        try site.killAtEachName { governance, again, place in
            #expect(again.status == 0, "\(place): \(again)")
            try governance.expect(0, "runner", ["run"] + governance.cluster())
            let kinds = try governance.record(of: site.id).events.map(\.kind)
            #expect(kinds == [.decision, .claim, .prepared, .execution], place)
        }
    }

    @Test("an unknown is resolved once")
    func resolve() throws {
        let site = try Site("bob") { governance in
            // Trust commits are recorded by then: the third push is the execution's.
            try governance.expect(0, "runner", ["run"] + governance.cluster())
            let id = try governance.propose()
            try governance.land(id)
            let killed = try governance.spawn(
                "runner", ["run"] + governance.cluster(), fault: "remote.push:3:kill")
            try #require(killed.status == 128 + 9, "\(killed)")
            try governance.git("runner", "update-ref", "-d", "refs/agentsafe/outbox/\(id)")
            governance.clock.advance(2000)
            return (id, ["resolve", id.text, "--outcome", "applied", "--reason", "six replicas run", "--yes"])
        }
        try site.killAtEachName { governance, again, place in
            let isDone = again.status == 1 && again.errors.contains("nothing to resolve")
            #expect(again.status == 0 || isDone, "\(place): \(again)")
            let record = try governance.record(of: site.id)
            #expect(record.events.filter { $0.kind == .resolution }.count == 1, place)
        }
    }
}
