import ChangeModel
import TestSupport
import Testing

@Suite("Threat 2: who approves is not whom it may be")
struct ThreatSelfApproval {
    private func proposedInProduction(_ governance: Governance, by actor: String = "agent") throws -> ChangeID {
        try governance.propose(actor, target: "prod/api-server", ["replicas=5"])
    }

    private func proposedForTwo(_ governance: Governance) throws -> ChangeID {
        try governance.propose(
            action: "update-image", target: "prod/api-server",
            ["container=api", "image=registry.example/api-server:1.9.0"])
    }

    @Test(
        "the command refuses whoever may not approve, and pushes nothing",
        arguments: ["agent", "rogue", "sam", "gate", "runner"])
    func refusedByCommand(actor: String) throws {
        let governance = try Governance()
        let id = try proposedInProduction(governance)
        for options in [[], ["--merge"]] {
            let main = try governance.tip("main")
            let result = try governance.expect(20, actor, ["approve", id.text, "--yes"] + options)
            #expect(result.errors.contains("`\(Governance.identity(actor))`"), "\(result)")
            #expect(try governance.voteBranches(id).isEmpty)
            #expect(try governance.tip("main") == main)
        }
    }

    /// Who signs a vote by hand with `ssh-keygen -Y sign`, in whose name.
    struct Forger: Sendable, CustomTestStringConvertible {
        let signer: String
        let name: String
        let reason: String
        var testDescription: String { "\(signer) as \(name)" }

        static let all = [
            Forger(signer: "agent", name: "deploy-agent-01", reason: "`deploy-agent-01` has no right to approve"),
            Forger(signer: "agent", name: "bob", reason: "the vote says `bob`, but `deploy-agent-01` signed it"),
            Forger(signer: "rogue", name: "rogue", reason: "`rogue` has no right to approve"),
            Forger(signer: "gate", name: "gate", reason: "`gate` has no right to approve"),
            Forger(signer: "runner", name: "runner", reason: "`runner` has no right to approve"),
            Forger(signer: "sam", name: "sam", reason: "`sam` has no right to approve"),
            Forger(signer: "stranger", name: "stranger", reason: "belongs to no identity"),
            Forger(signer: "stranger", name: "bob", reason: "belongs to no identity"),
        ]
    }

    @Test("a vote signed by hand counts for nothing where its signer may not approve", arguments: Forger.all)
    func signedByHand(_ forger: Forger) throws {
        let governance = try Governance()
        let id = try proposedInProduction(governance)
        let vote = try governance.handVote(on: id, by: forger.name)
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: forger.signer), on: id, leaf: "\(forger.name)-00000000",
            pushedBy: forger.signer)
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.errors.contains("counts for nothing"), "\(gate)")
        #expect(gate.errors.contains(forger.reason), "\(gate)")
        try governance.expectUnapproved(id)
    }

    @Test("an approver cannot approve what they proposed: not by command, not by hand, not by their own merge")
    func ownProposal() throws {
        let governance = try Governance()
        let id = try proposedInProduction(governance, by: "alice")
        let refused = try governance.expect(20, "alice", ["approve", id.text, "--yes"])
        #expect(refused.errors.contains("nobody decides on their own"))
        try governance.expect(20, "alice", ["approve", id.text, "--merge", "--yes"])

        let vote = try governance.handVote(on: id, by: "alice")
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "alice"), on: id, leaf: "alice-00000000", pushedBy: "alice")
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.errors.contains("`alice` has no right to approve"), "\(gate)")

        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        try governance.signingGit("alice", "merge", "-q", "--no-ff", "-S", id.branch)
        try governance.git("alice", "push", "-q", "origin", "main")
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
        // Somebody else's approval is what was missing.
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
    }

    /// Gives bob a second key and lets him use both.
    private func approveWithTwoKeys(_ id: ChangeID, in governance: Governance) throws {
        try SSHKeys.makeKey(name: "bob-2.key", in: governance.directory)
        try governance.expect(
            0, "alice",
            ["identity", "add", "bob", "--kind", "person", "--key-file", governance.key("bob-2") + ".pub", "--push"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes", "--key", governance.key("bob-2")])
        #expect(try governance.voteBranches(id).count == 2)
    }

    @Test("one person with two keys is one approver")
    func twoKeys() throws {
        let governance = try Governance()
        let id = try proposedForTwo(governance)
        try approveWithTwoKeys(id, in: governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.missing == 1)
        try governance.expectUnapproved(id)
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("a vote and a signed merge by one person are one approval")
    func voteAndMerge() throws {
        let governance = try Governance()
        let id = try proposedForTwo(governance)
        try approveWithTwoKeys(id, in: governance)
        try governance.git("bob", "fetch", "-q")
        try governance.git("bob", "checkout", "-q", "-B", "main", "origin/main")
        try governance.signingGit("bob", "merge", "-q", "--no-ff", "-S", "origin/\(id.branch)")
        try governance.git("bob", "push", "-q", "origin", "main")
        let result = try governance.runRefused(10, id)
        #expect(result.output.contains("still missing: 1 × approver"), "\(result)")
        try governance.verifyEverywhere(0)
    }
}
