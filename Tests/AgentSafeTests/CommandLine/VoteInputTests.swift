import ChangeModel
import Testing

@Suite("Votes on the command line")
struct VoteInputTests {
    @Test("who may not vote is told why and who may; nothing is pushed")
    func rights() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server").text
        for (actor, verdict, words) in [
            ("agent", "approve", "nobody decides on their own"), ("agent", "reject", "nobody decides on their own"),
            ("rogue", "approve", "`rogue` has no right to approve; that needs a person with role `approver`"),
            ("sam", "approve", "`sam` has no right to approve"),
            ("runner", "approve", "`runner` has no right to approve"),
            ("sam", "reject", "`sam` has no right to reject"), ("sam", "cancel", "approver` or `admin`"),
            ("bob", "withdraw", "only the proposer `deploy-agent-01` can withdraw"),
            ("agent", "cancel", "has no right to cancel"),
        ] {
            try governance.git(actor, "fetch", "-q")
            try governance.refuse(20, actor, [verdict, id, "--yes"], saying: words)
        }
        try governance.git("stranger", "fetch", "-q")
        try governance.refuse(1, "stranger", ["approve", id, "--yes"], saying: "belongs to no identity on main")
        #expect(try governance.run(["git", "-C", governance.remote, "branch", "--list", "vote/*"]).isEmpty)
    }

    @Test("a person's own proposal is decided by others")
    func own() throws {
        let governance = try Governance()
        let id = try governance.propose("alice", target: "prod/api-server").text
        try governance.refuse(20, "alice", ["approve", id, "--yes"], saying: "nobody decides on their own")
        try governance.refuse(20, "alice", ["approve", id, "--merge", "--yes"], saying: "nobody decides on their own")
    }

    @Test("where nobody can be asked, `--yes` is needed; everything to judge by is shown first")
    func unanswered() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server")
        try governance.git("bob", "fetch", "-q")
        let before = try Fingerprint([governance.clone("bob"), governance.remote])
        for options in [[], ["--merge"], ["--output", "json"]] {
            let result = governance.agentsafe("bob", ["approve", id.text] + options)
            #expect(result.status == 2 && result.output.isEmpty, "\(result)")
            #expect(
                result.errors.hasSuffix(
                    "agentsafe: nobody is at a terminal to confirm, so nothing was signed; add `--yes`"))
            for words in [
                "scale-deployment on prod/api-server", "reason: \(Governance.reason)", "replicas: 6", "cluster=demo",
                "plan:   sha256:",
                "digest: sha256:", "needs 1 × approver",
            ] { #expect(result.errors.contains(words), "\(words): \(result)") }
        }
        #expect(try Fingerprint([governance.clone("bob"), governance.remote]) == before)
    }

    @Test("one approval of one plan is enough: the second is refused, landing it is not")
    func twice() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server")
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.refuse(
            1, "bob", ["approve", id.text, "--yes"], saying: "`bob` said approve to this plan already", "once is enough"
        )
        governance.clock.advance(1)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        #expect(try governance.state(of: id) == "rejected")
        governance.clock.advance(1)
        try governance.expect(0, "bob", ["approve", id.text, "--merge", "--yes"])
        #expect(try governance.state(of: id) == "landed")
        try governance.settle("carol")
        try governance.refuse(
            1, "carol", ["approve", id.text, "--merge", "--yes"],
            saying: "has landed already; approve it without `--merge`")
    }

    @Test("no vote is taken on what was executed, nor on what the policy denies")
    func pointless() throws {
        let governance = try Governance()
        let executed = try governance.execute().text
        for (actor, verdict) in [("bob", "approve"), ("bob", "reject"), ("bob", "cancel"), ("agent", "withdraw")] {
            try governance.settle(actor)
            try governance.refuse(
                1, actor, [verdict, executed, "--yes"], saying: "was executed already", "agentsafe rollback \(executed)"
            )
        }
        let denied = governance.agentsafe(
            "agent", Governance.proposal + ["--param", "namespace=prod", "--anyway", "--push", "--output", "json"])
        let id = try #require(try denied.json["id"]?.stringValue)
        try governance.git("bob", "fetch", "-q")
        try governance.refuse(
            20, "bob", ["approve", id, "--yes"], saying: "the policy denies \(id), and no vote changes that")
    }
}
