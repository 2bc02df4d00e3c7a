import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

/// A fork is a copy of the whole repository, pinned genesis and repository id included, on a server of its own.
@Suite("Threat 27: a fork with the same genesis, a mirror with a second ledger, a ledger made anew")
struct ThreatForkedRepository {
    private func fork(_ governance: Governance) throws -> String {
        let fork = "\(governance.directory.path)/fork.git"
        try governance.run(["cp", "-a", governance.remote, fork])
        return fork
    }

    /// Makes main name its one remote.
    private func nameTheRemote(_ governance: Governance) throws {
        let url = governance.remote
        try governance.trustCommit([
            "agentsafe.yaml": { $0.replacing("ledger:\n", with: "ledger:\n  urls: [\"\(url)\"]\n") }
        ])
    }

    private func move(_ actor: String, to remote: String, in governance: Governance) throws {
        try governance.git(actor, "remote", "set-url", "origin", remote)
    }

    // MARK: - Votes

    @Test("with `ledger.urls`, nobody votes, proposes or runs in a fork by mistake", arguments: ["fork", "rewrite"])
    func namedRemote(_ how: String) throws {
        let governance = try Governance()
        try nameTheRemote(governance)
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let fork = try fork(governance)
        for actor in ["bob", "agent", "runner"] {
            try governance.git(actor, "fetch", "-q")
            if how == "fork" {
                try move(actor, to: fork, in: governance)
            } else {
                try governance.git(actor, "config", "url.\(fork).insteadOf", governance.remote)
            }
        }
        let tips = { try governance.run(["git", "-C", fork, "for-each-ref"]) }
        let before = try tips()
        for (actor, command) in [
            ("bob", ["approve", id.text, "--yes"]), ("bob", ["reject", id.text, "--yes"]),
            ("agent", Governance.proposal + ["--push"]), ("runner", ["run"] + (try governance.cluster())),
        ] {
            let result = try governance.expect(1, actor, command)
            let words = how == "fork" ? "none of `ledger.urls`" : "would rewrite"
            #expect(result.errors.contains(words), "\(command) \(result)")
        }
        #expect(try tips() == before)
    }

    @Test("a vote given in a fork counts for nothing here where the fork's ground is another")
    func voteCarriedOver() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let fork = try fork(governance)
        // The fork's admin makes a sandbox of it: the same names, other things.
        for actor in ["alice", "bob"] { try move(actor, to: fork, in: governance) }
        try governance.trustCommit(["inventory.yaml": { $0.replacing("cluster: demo", with: "cluster: sandbox") }])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.git("agent", "fetch", "-q", fork, "+refs/heads/vote/*:refs/heads/vote/*")
        try governance.git("agent", "push", "-q", "origin", "refs/heads/vote/*:refs/heads/vote/*")
        #expect(try governance.voteBranches(id).count == 1)
        let gate = try governance.gate(id)
        #expect(gate.status == 10 && gate.missing == 1, "\(gate)")
        try governance.expectUnapproved(id)
    }

    @Test("whom the fork made an approver is none here")
    func forksOwnApprover() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let fork = try fork(governance)
        try move("alice", to: fork, in: governance)
        try governance.expect(
            0, "alice",
            [
                "identity", "add", "mallory", "--kind", "person", "--role", "approver", "--key-file",
                governance.key("stranger") + ".pub", "--push",
            ])
        let vote = try governance.handVote(on: id, by: "mallory")
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "stranger"), on: id, leaf: "mallory-00000000",
            pushedBy: "stranger")
        let gate = try governance.gate(id)
        #expect(gate.status == 10 && gate.errors.contains("belongs to no identity"), "\(gate)")
    }

    // MARK: - Claims and ledgers

    @Test("a claim that was made in a fork is no event here once main or ledger differ", arguments: ["main", "ledger"])
    func claimCarriedOver(differing: String) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let fork = try fork(governance)
        for actor in ["runner", "agent", "sam"] { try move(actor, to: fork, in: governance) }
        let id = try governance.propose()
        try governance.git("sam", "fetch", "-q")
        try governance.git("sam", "checkout", "-q", "-B", "main", "origin/main")
        try governance.git("sam", "merge", "-q", "--ff", "origin/\(id.branch)")
        try governance.git("sam", "push", "-q", "origin", "main")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        for actor in ["runner", "agent", "sam"] { try move(actor, to: governance.remote, in: governance) }
        if differing == "ledger" {
            // Here the same change lands, and something else is recorded.
            try governance.git("stranger", "fetch", "-q", fork, "main")
            try governance.git("stranger", "push", "-q", "origin", "FETCH_HEAD:refs/heads/main")
            let gate = try LedgerDesk(governance, as: "gate")
            try gate.append(try gate.decision(ledger.waiting))
            try gate.push()
            try governance.settle("sam")
        }
        try governance.git("stranger", "fetch", "-q", fork, "ledger")
        try governance.push("stranger", "FETCH_HEAD", to: "ledger")
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        let told = try governance.expect(30, "sam", ["verify"])
        let words = differing == "main" ? "not on main" : "accepted before"
        #expect(told.errors.contains(words), "\(told)")
        if differing == "main" {
            try governance.expect(30, "stranger", ["verify"], adding: governance.fresh)
        }
    }

    @Test("a mirror's own ledger is refused by whoever saw the real one")
    func mirrorsLedger() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let mirror = try fork(governance)
        for (actor, remote) in [("runner", governance.remote), ("gate", mirror)] {
            try move(actor, to: remote, in: governance)
            let desk = try LedgerDesk(governance, as: actor)
            try desk.append(try desk.decision(ledger.waiting))
            try desk.push()
        }
        try governance.settle("sam")
        try governance.git("sam", "fetch", "-q", mirror, "+refs/heads/*:refs/remotes/origin/*")
        #expect(try governance.expect(30, "sam", ["verify"]).errors.contains("accepted before"))
        try governance.git("sam", "remote", "add", "mirror", mirror)
        try governance.git("sam", "fetch", "-q", "mirror")
        #expect(try governance.expect(30, "sam", ["log", "--remote", "mirror"]).errors.contains("accepted before"))
    }

    enum NewLedger: String, CaseIterable {
        /// A first event that an admin signed.
        case anotherGenesis
        /// The first event that main pins, and nothing after it.
        case fromItsGenesis
        /// From the genesis, with other events by the runner's own key.
        case anotherPast
    }

    @Test("a ledger that was deleted and made anew is not the ledger", arguments: NewLedger.allCases)
    func madeAnew(_ new: NewLedger) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        for actor in ["sam", "runner", "alice"] { try governance.settle(actor) }
        let genesis = try governance.run(["git", "-C", governance.remote, "rev-list", "--max-parents=0", "ledger"])
        try governance.run(["git", "-C", governance.remote, "update-ref", "-d", "refs/heads/ledger"])
        try governance.git("alice", "fetch", "-q", "--prune")
        let made: String
        switch new {
        case .anotherGenesis:
            let tree = try governance.git("alice", "rev-parse", "\(genesis)^{tree}")
            let message = try governance.git("alice", "log", "-1", "--format=%B", genesis)
            governance.clock.advance(60)
            made = try governance.commit("alice", tree: tree, parents: [], message: message, signedBy: "alice")
        case .fromItsGenesis: made = genesis
        case .anotherPast:
            try governance.push("alice", genesis, to: "ledger")
            let desk = try LedgerDesk(governance)
            try desk.recordTrust()
            made = desk.history.tip.commit.id.description
            try governance.push("runner", made, to: "ledger")
        }
        if new != .anotherPast { try governance.push("alice", made, to: "ledger") }
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        #expect(try governance.expect(30, "sam", ["verify"]).status == 30)
        try governance.expect(30, "alice", ["identity", "list"])
        try governance.runRefused(30)
        // Who comes new sees the pinned genesis, and no more than it is shown.
        let status: Int32 = new == .anotherGenesis ? 30 : 0
        let told = try governance.expect(status, "stranger", ["verify"], adding: governance.fresh)
        if status == 30 { #expect(told.errors.contains("not the ledger genesis that main pins"), "\(told)") }
    }
}
