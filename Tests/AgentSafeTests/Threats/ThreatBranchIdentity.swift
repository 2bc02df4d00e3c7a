import ChangeModel
import TestSupport
import Testing

@Suite("Threat 25: keys that a branch brings, and keys that were taken back")
struct ThreatBranchIdentity {
    /// The agent makes itself an approver on its branch, and takes that back in the next commit.
    private func addAndRevert(_ branch: String, in governance: Governance) throws {
        try governance.git("agent", "fetch", "-q")
        var old: [String: String] = [:]
        for path in ["identities.yaml", "allowed_signers"] {
            old[path] = try governance.text(path, at: "origin/main", seenBy: "agent")
        }
        let publicKey = try SSHKeys.publicKey(of: governance.key("stranger"))
        let entry =
            "  - id: mallory\n    kind: person\n    roles: [approver, admin]\n    groups: []\n    keys:\n      - key: \"\(publicKey)\"\n"
        try governance.addToBranch(
            branch, as: "agent",
            [
                "identities.yaml": old["identities.yaml", default: ""] + entry,
                "allowed_signers": old["allowed_signers", default: ""]
                    + "mallory namespaces=\"git,change@agentsafe,vote@agentsafe\" \(publicKey)\n",
            ])
        try governance.addToBranch(branch, as: "agent", old, message: "Tidy up")
    }

    /// A change in production, mallory's brief life on its branch, and mallory's vote.
    private func voted(in governance: Governance) throws -> ChangeID {
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let vote = try governance.handVote(on: id, by: "mallory")
        try addAndRevert(id.branch, in: governance)
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "stranger"), on: id, leaf: "mallory-00000000", pushedBy: "agent"
        )
        return id
    }

    @Test("a key that is added, used and removed on the branch is seen by the gate, though the net difference is clean")
    func addedAndReverted() throws {
        let governance = try Governance()
        let id = try voted(in: governance)
        try governance.git("sam", "fetch", "-q")
        let net = try governance.git("sam", "diff", "--name-only", "origin/main", "origin/\(id.branch)")
        #expect(net == "\(id.folder)/change.yaml\n\(id.folder)/change.yaml.sig")
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        #expect(gate.errors.contains("`allowed_signers`") || gate.errors.contains("`identities.yaml`"), "\(gate)")
    }

    @Test("landed by a merge, the clean difference lands, and the vote counts for nothing")
    func mergedAllTheSame() throws {
        let governance = try Governance()
        let id = try voted(in: governance)
        try governance.mergeUnsigned(id)
        let run = try governance.runRefused(10, id)
        #expect(run.errors.contains("mallory-00000000` counts for nothing"), "\(run)")
        #expect(run.errors.contains("belongs to no identity"), "\(run)")
        try governance.verifyEverywhere(0)
    }

    @Test("landed commit by commit, the addition makes main foreign")
    func fastForwarded() throws {
        let governance = try Governance()
        let id = try voted(in: governance)
        try governance.land(id)
        let commit = try governance.run(["git", "-C", governance.remote, "rev-parse", "main~1"])
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
            #expect(told.errors.contains("allowed_signers") || told.errors.contains("identities.yaml"), "\(told)")
        }
    }

    @Test("a branch that only adds a key and reverts it proposes nothing, and is refused all the same")
    func nothingButTheDetour() throws {
        let governance = try Governance()
        try governance.git("agent", "fetch", "-q")
        try governance.push("agent", "origin/main", to: "tidy")
        try addAndRevert("tidy", in: governance)
        try governance.git("sam", "fetch", "-q")
        let gate = try governance.expect(30, "sam", ["gate", "--head", "origin/tidy"])
        #expect(gate.errors.contains("`allowed_signers`") || gate.errors.contains("`identities.yaml`"), "\(gate)")
        // Behind a free file it is refused as well.
        try governance.addToBranch("tidy", as: "agent", ["docs/notes.md": "n\n"])
        try governance.git("sam", "fetch", "-q")
        try governance.expect(30, "sam", ["gate", "--head", "origin/tidy"])
    }

    // MARK: - Keys that were taken back

    enum End: String, CaseIterable {
        case revoked, expired
    }

    /// An admin takes bob's key back, or ends its validity, as of now.
    private func end(_ actor: String, _ end: End, in governance: Governance) throws {
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        let publicKey = try SSHKeys.publicKey(of: governance.key(actor))
        let line = "      - key: \"\(publicKey)\""
        let lines = try governance.read("alice", "identities.yaml")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try #require(lines.contains(line))
        let added =
            ["        valid_before: \(governance.clock.timestamp)"] + (end == .revoked ? ["        revoked: true"] : [])
        try governance.write(
            "alice", "identities.yaml", lines.flatMap { $0 == line ? [$0] + added : [$0] }.joined(separator: "\n"))
        try governance.expect(0, "alice", ["trust", "commit", "-m", "End the key of \(actor)", "--push"])
        governance.clock.advance(60)
    }

    @Test("an approver's ended key approves nothing from a branch that forked before", arguments: End.allCases)
    func endedKeyOnOldBranch(_ end: End) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let fork = try governance.tip("main")
        let vote = try governance.handVote(on: id, by: "bob")
        try self.end("bob", end, in: governance)
        // Dated before the end, on a commit from before it.
        let trailers = try governance.voteTrailers(vote, signedBy: "bob")
        try governance.git("bob", "fetch", "-q")
        let commit = try governance.commit(
            "bob", tree: try governance.git("bob", "rev-parse", "\(fork)^{tree}"), parents: [fork],
            message: "approve \(id): by hand\n\n\(trailers)", signedBy: "bob")
        try governance.push("bob", commit, to: "vote/\(id)/bob-00000000")
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.errors.contains("bob-00000000` counts for nothing"), "\(gate)")
        #expect(gate.errors.contains(end == .revoked ? "a revoked key of `bob`" : "not valid at"), "\(gate)")
        try governance.expectUnapproved(id)
    }

    @Test("an approval given in time dies with its key, until the change is claimed", arguments: End.allCases)
    func endedAfterVoting(_ end: End) throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try self.end("bob", end, in: governance)
        try governance.expectUnapproved(id)
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("a merge signed with an ended key approves nothing", arguments: End.allCases)
    func endedKeyMerges(_ end: End) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try self.end("bob", end, in: governance)
        try governance.git("bob", "fetch", "-q")
        try governance.git("bob", "checkout", "-q", "-B", "main", "origin/main")
        try governance.signingGit("bob", "merge", "-q", "--no-ff", "-S", "origin/\(id.branch)")
        try governance.git("bob", "push", "-q", "origin", "main")
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("an approving merge dies with its key, until the change is claimed", arguments: End.allCases)
    func endedAfterMerging(_ end: End) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("bob", "fetch", "-q")
        try governance.git("bob", "checkout", "-q", "-B", "main", "origin/main")
        try governance.signingGit("bob", "merge", "-q", "--no-ff", "-S", "origin/\(id.branch)")
        try governance.git("bob", "push", "-q", "origin", "main")
        try self.end("bob", end, in: governance)
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("history made with a key stays authentic when the key ends", arguments: End.allCases, ["agent", "bob"])
    func historyHolds(_ end: End, actor: String) throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try self.end(actor, end, in: governance)
        try governance.verifyEverywhere(0)
        // And goes on.
        let next = try governance.propose("sam", ["replicas=7"])
        try governance.land(next)
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("an agent's ended key runs nothing more, and holds up nobody else", arguments: End.allCases)
    func agentsKeyEnds(_ end: End) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let other = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try self.end("agent", end, in: governance)
        try governance.runRefused(30, id)
        try governance.land(other)
        let all = try governance.expect(30, "runner", ["run", "--output", "json"] + governance.cluster())
        let runs = try all.json["runs"]?.arrayValue ?? []
        #expect(runs.first { $0["id"]?.stringValue == id.text }?["status"]?.stringValue == "not_authentic", "\(all)")
        #expect(runs.first { $0["id"]?.stringValue == other.text }?["status"]?.stringValue == "executed", "\(all)")
        try governance.verifyEverywhere(0)
    }
}
