import ChangeModel
import TestSupport
import Testing

/// Proposals, votes, merges, statements of admins and events: wherever a signature counts.
@Suite("Threat 8: a key that was revoked, has expired, is not yet valid, or was added by that very commit")
struct ThreatEndedKey {
    typealias KeyState = Governance.KeyState

    // MARK: - Proposals

    @Test("a proposal is refused at the gate, lands not or never runs", arguments: KeyState.allCases)
    func proposal(_ state: KeyState) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.limitKey(of: "agent", to: state)
        let gate = try governance.gate(id)
        try governance.mergeUnsigned(id)
        if state == .revoked {
            #expect(gate.status == 30)
            #expect(gate.errors.contains("a revoked key of `deploy-agent-01`"), "\(gate)")
            try governance.expectForeign(at: try governance.tip("main"), "a revoked key of `deploy-agent-01`")
        } else {
            #expect(gate.status == 20)
            #expect(gate.judged?.at("decision", "code")?.stringValue == "proposer_key", "\(gate)")
            let run = try governance.runRefused(20, id)
            #expect(run.output.contains("is not valid at"), "\(run)")
            try governance.verifyEverywhere(0)
        }
    }

    @Test("a commit that adds the key and uses it proposes nothing", arguments: ["one commit", "two commits"])
    func addedByTheProposal(_ how: String) throws {
        let governance = try Governance()
        let id = try governance.propose("agent", ["replicas=7"])
        try governance.git("agent", "fetch", "-q")
        let identities = try governance.text("identities.yaml", at: "origin/main", seenBy: "agent")
        let key = try SSHKeys.publicKey(of: governance.key("stranger"))
        let power = [
            "identities.yaml": identities
                + Governance.identityEntry("mallory", kind: "agent", roles: ["deployer"], publicKey: key)
        ]
        if how == "one commit" {
            try governance.rewrite(id, signedBy: "stranger", adding: power) {
                $0.replacing("proposer: deploy-agent-01", with: "proposer: mallory")
            }
        } else {
            try governance.addToBranch(id.branch, as: "agent", power)
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 30 && gate.errors.contains("`identities.yaml`"), "\(gate)")
        try governance.mergeUnsigned(id)
        try governance.expectForeign(at: try governance.tip("main"), "`identities.yaml`")
    }

    // MARK: - Votes

    @Test("a vote counts for nothing, whenever it says it was given", arguments: KeyState.allCases)
    func vote(_ state: KeyState) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let early = try governance.handVote(on: id, by: "bob")
        try governance.limitKey(of: "bob", to: state)
        var late = early
        late.at = governance.clock.timestamp
        for (vote, leaf) in [(early, "bob-00000000"), (late, "bob-00000001")] {
            try governance.castByHand(
                try governance.voteTrailers(vote, signedBy: "bob"), on: id, leaf: leaf, pushedBy: "bob")
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.errors.components(of: "counts for nothing") == 2, "\(gate)")
        try governance.expectUnapproved(id)
    }

    @Test("a merge approves nothing", arguments: KeyState.allCases)
    func merge(_ state: KeyState) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.limitKey(of: "bob", to: state)
        try governance.mergeBySignature(id, as: "bob")
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    // MARK: - Statements of admins

    @Test("a statement counts only from an admin whom the first parent lists with that key, not revoked")
    func statement() throws {
        let governance = try Governance()
        let looser: [String: String?] = ["policies/zz-mine.yaml": "rules: []\n"]
        let main = try governance.tip("main")
        func refused(_ words: String, _ edits: [String: String?], _ signers: [String: String]) throws {
            let commit = try governance.trustByHand("stranger", edits, signedBy: signers)
            try governance.push("stranger", commit, to: "main")
            try governance.expectForeign(at: commit, words)
            try governance.push("stranger", main, to: "main")
        }
        let key = try SSHKeys.publicKey(of: governance.key("stranger"))
        let identities = try governance.text("identities.yaml", at: "origin/main", seenBy: "alice")
        let added: [String: String?] = [
            "identities.yaml": identities + Governance.identityEntry("mallory", roles: ["admin"], publicKey: key)
        ]
        try refused("belongs to no identity", added, ["mallory": "stranger"])
        try refused("belongs to no identity", looser, ["alice": "stranger"])
        try refused("who is no admin or not the one the file names", looser, ["bob": "bob"])
        try refused("who is no admin or not the one the file names", looser, ["bob": "alice"])
        try refused("0 of the 1 admins needed", looser, [:])
        // With alice's own it holds.
        let good = try governance.trustByHand("stranger", looser, signedBy: ["alice": "alice"])
        try governance.push("stranger", good, to: "main")
        try governance.verifyEverywhere(0)
    }

    @Test("an admin whose key was taken back changes nothing any more")
    func revokedAdmin() throws {
        let governance = try Governance()
        try governance.expect(
            0, "alice",
            [
                "identity", "add", "dora", "--kind", "person", "--role", "admin", "--key-file",
                governance.key("stranger") + ".pub", "--push",
            ])
        let looser: [String: String?] = ["policies/zz-mine.yaml": "rules: []\n"]
        let fork = try governance.tip("main")
        try governance.limitKey(of: "stranger", to: .revoked)
        let main = try governance.tip("main")
        let commit = try governance.trustByHand("bob", looser, signedBy: ["dora": "stranger"])
        try governance.push("bob", commit, to: "main")
        try governance.expectForeign(at: commit, "a revoked key of `dora`")
        // One that was signed before, on a branch that forked before, is about another version.
        let early = try governance.trustByHand("bob", onto: fork, looser, signedBy: ["dora": "stranger"])
        try governance.git("bob", "fetch", "-q")
        let late = try governance.commit(
            "bob", tree: try governance.git("bob", "rev-parse", "\(early)^{tree}"), parents: [main],
            message: "Late", signedBy: "bob")
        try governance.push("bob", late, to: "main")
        try governance.expectForeign(at: late, "trust_version")
    }

    // MARK: - Events

    @Test("an event by the key is refused from the key's end on", arguments: KeyState.allCases)
    func event(_ state: KeyState) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        try governance.limitKey(of: "runner", to: state)
        // The gate has seen it.
        let gate = try LedgerDesk(governance, as: "gate")
        try gate.recordTrust()
        try gate.push()
        let forgery = try LedgerForgery(governance)
        let (claim, main) = (try forgery.newest("claim"), try governance.tip("main"))
        try forgery.append(copying: claim) {
            $0["main"] = .string(main)
            $0["at"] = .string("\(governance.clock.timestamp)")
        }
        let place = forgery.entries.count - 1
        let made = try forgery.publish(from: place)
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("ledger commit \(try #require(made[place]).prefix(12))"), "\(told)")
        #expect(
            told.errors.contains(
                state == .revoked ? "a revoked key of `runner`" : "the key of `runner` is not valid at"),
            "\(told)")
    }

    @Test("an event that names a commit which adds its signer, and is not on main, is refused")
    func addedByTheNamedCommit() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        try governance.git("stranger", "fetch", "-q")
        let identities = try governance.text("identities.yaml", at: "origin/main", seenBy: "stranger")
        let key = try SSHKeys.publicKey(of: governance.key("stranger"))
        let added = try governance.trustByHand(
            "stranger",
            [
                "identities.yaml": identities
                    + Governance.identityEntry("mallory", kind: "service", roles: ["runner"], publicKey: key)
            ], signedBy: ["mallory": "stranger"])
        try governance.push("stranger", added, to: "runners")
        let forgery = try LedgerForgery(governance)
        try forgery.append(copying: try forgery.newest("claim")) {
            $0["main"] = .string(added)
            $0["by"] = "mallory"
        }
        let place = forgery.entries.count - 1
        let made = try forgery.publish(from: place) { _ in .key("stranger") }
        try ledger.expectRefused(at: made[place], "older than its predecessor's or not on main")
    }

    // MARK: - Commands

    @Test("the commands sign nothing with such a key, and push nothing", arguments: KeyState.allCases)
    func commands(_ state: KeyState) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        for actor in ["agent", "bob", "runner"] { try governance.limitKey(of: actor, to: state) }
        let tips = { try governance.run(["git", "-C", governance.remote, "for-each-ref"]) }
        let before = try tips()
        for (actor, command) in [
            ("agent", Governance.proposal + ["--push"]), ("agent", ["withdraw", id.text, "--yes"]),
            ("bob", ["approve", id.text, "--yes"]), ("bob", ["reject", id.text, "--yes"]),
            ("runner", ["run"] + (try governance.cluster())),
        ] {
            let result = try governance.expect(1, actor, command)
            #expect(result.errors.contains("is revoked or not valid now"), "\(command) \(result)")
        }
        #expect(try tips() == before)
    }
}

extension String {
    /// How often `part` stands in the text.
    func components(of part: String) -> Int { ranges(of: part).count }
}
