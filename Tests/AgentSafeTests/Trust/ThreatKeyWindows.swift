import ChangeModel
import TestSupport
import Testing

/// Why a key should count for nothing.
enum Fault: String, CaseIterable, Sendable {
    case revoked, expired, notYetValid

    func lines(_ governance: Governance) -> [String] {
        let now = governance.clock.timestamp
        return switch self {
        case .revoked: ["valid_before: \(now)", "revoked: true"]
        case .expired: ["valid_before: \(now - .seconds(60))"]
        case .notYetValid: ["valid_after: \(now + .seconds(3600))"]
        }
    }
}

@Suite("Threats 8 and 38: keys at the wrong time")
struct ThreatKeyWindows {
    /// An admin gives a key its fault.
    private func spoil(_ actor: String, _ fault: Fault, _ governance: Governance) throws {
        try governance.editIdentities("alice") {
            try governance.addingLines(fault.lines(governance), belowKeyOf: actor, in: $0)
        }
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Spoil a key", "--push"])
        if governance.isTwoOfFour { try governance.signTrust("bob", "--land") }
        governance.clock.advance(10)
    }

    // MARK: - Landings

    @Test("a landing by a revoked key is foreign", arguments: [Governance.Way.merge, .fastForward])
    func revokedLanding(_ way: Governance.Way) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try spoil("agent", .revoked, governance)
        if way == .fastForward {
            // Rebased by somebody, for main moved on.
            let commit = try governance.landStock(id.branch, by: .rebase)
            try governance.push("sam", commit, to: "main")
        } else {
            try governance.mergeUnsigned(id)
        }
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("a revoked key of `deploy-agent-01`"), "\(told)")
            #expect(told.errors.contains("main commit \(try governance.tip("main").prefix(12))"), "\(told)")
        }
    }

    @Test(
        "a landing by a key outside of its window lands, for main looks at no clock, and never runs",
        arguments: [Fault.expired, .notYetValid])
    func landingOutsideOfWindow(_ fault: Fault) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try spoil("agent", fault, governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 20 && gate.output.contains("not valid at"), "\(gate)")
        try governance.mergeUnsigned(id)
        let run = try governance.runRefused(20, id)
        #expect(run.output.contains("not valid at"), "\(run)")
        try governance.verifyEverywhere(0)
    }

    @Test("a landing whose key comes with it, in the same commit or the next, is foreign", arguments: [true, false])
    func ownKey(inOneCommit: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose()
        // Mallory's proposal, signed by a key that main does not know.
        let path = "\(id.folder)/change.yaml"
        try governance.git("rogue", "fetch", "-q")
        let text = try governance.text(path, at: "origin/\(id.branch)", seenBy: "rogue")
            .replacing("proposer: deploy-agent-01", with: "proposer: mallory")
        let change = [
            path: text, path + ".sig": try governance.sign(text, namespace: "change@agentsafe", as: "stranger"),
        ]
        let publicKey = try SSHKeys.publicKey(of: governance.key("stranger"))
        let entry =
            "  - id: mallory\n    kind: person\n    roles: [deployer]\n    groups: []\n    keys:\n      - key: \"\(publicKey)\"\n"
        let identities = try governance.raisedIdentities { $0 + entry }
        let power = try governance.statementByHand(["identities.yaml": identities], signedBy: ["stranger"])
        if inOneCommit {
            try governance.pushToMain("rogue", power.merging(change) { $1 })
        } else {
            try governance.pushToMain("rogue", change)
            try governance.pushToMain("rogue", power)
        }
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("a foreign commit"), "\(told)")
        }
        // Even an admin's signature lands no change along with the key that signed it.
        if inOneCommit {
            try governance.push(
                "sam", try governance.run(["git", "-C", governance.remote, "rev-parse", "main~1"]), to: "main")
            let signed = try governance.statementByHand(
                ["identities.yaml": identities].merging(change) { $1 }, signedBy: ["alice"])
            try governance.pushToMain("rogue", signed)
            let told = try governance.verifyEverywhere(30)
            #expect(told.errors.contains("lands changes together with other files"), "\(told)")
        }
    }

    // MARK: - Trust commits

    @Test("an admin's revoked key signs no trust commit")
    func revokedAdmin() throws {
        let governance = try TwoOfFour.copy()
        try spoil("carol", .revoked, governance)
        try governance.git("carol", "fetch", "-q")
        let commit = try governance.pushTrustByHand(
            ["identities.yaml": try governance.raisedIdentities()], signedBy: ["alice", "carol"])
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
        #expect(
            told.errors.contains("carol.sig`: a foreign commit: it is signed with a revoked key of `carol`"), "\(told)")
    }

    @Test(
        "an admin's key outside of its window counts nothing for commands and gate; main itself looks at no clock",
        arguments: [Fault.expired, .notYetValid])
    func adminOutsideOfWindow(_ fault: Fault) throws {
        let governance = try TwoOfFour.copy()
        try spoil("carol", fault, governance)
        let branch = try governance.proposeTrust("rogue")
        try governance.signTrust("alice")
        #expect(
            try governance.expect(1, "carol", ["trust", "sign", "--yes"]).errors.contains("revoked or not valid now"))
        // By hand.
        try governance.git("carol", "fetch", "-q")
        let folder = "\(branch)/statement.txt"
        let statement = try governance.text(folder, at: "origin/\(branch)", seenBy: "carol")
        let signature = try governance.sign(statement, namespace: "trust@agentsafe", as: "carol")
        let tree = try governance.tree(
            "carol", "origin/\(branch)", [folder.replacing("statement.txt", with: "carol.sig"): signature])
        let commit = try governance.commit(
            "carol", tree: tree, parents: ["origin/main"], message: "Sign", signedBy: nil)
        try governance.push("carol", commit, to: branch)
        try governance.git("gate", "fetch", "-q")
        let gate = try governance.expect(10, "gate", ["gate", "--head", "origin/\(branch)", "--output", "json"])
        #expect(try gate.json["signers"] == ["alice"], "\(gate)")
        #expect(gate.errors.contains("`carol` signed with a key that is not valid now"), "\(gate)")
        let queue = ["gate", "--merged", "--head", "origin/\(branch)", "--output", "json"]
        #expect(try governance.expect(10, "gate", queue).json["missing_admins"]?.integerValue == 1)
        #expect(try governance.signTrust("alice", "--land", status: 10).json["missing"]?.integerValue == 1)
        // Pushed past gate and commands it stands: history must not depend on when somebody reads it.
        try governance.push("carol", commit, to: "main")
        try governance.verifyEverywhere(0)
        governance.clock.advance(7200)
        try governance.verifyEverywhere(0)
    }

    @Test("an admin who is made by a commit does not sign that commit")
    func newAdmin() throws {
        let governance = try TwoOfFour.copy()
        let publicKey = try SSHKeys.publicKey(of: governance.key("stranger"))
        let entry =
            "  - id: mallory\n    kind: person\n    roles: [admin]\n    groups: []\n    keys:\n      - key: \"\(publicKey)\"\n"
        let text = try governance.raisedIdentities { $0 + entry }
        let commit = try governance.pushTrustByHand(["identities.yaml": text], signedBy: ["alice", "stranger"])
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
        #expect(told.errors.contains("which belongs to no identity"), "\(told)")
    }

    @Test("one admin is one, under however many names and keys the signature lies")
    func oneAdminTwice() throws {
        let governance = try TwoOfFour.copy()
        let second = try SSHKeys.makeKey(name: "alice-2.key", in: governance.directory)
        try governance.expect(
            0, "alice", ["identity", "add", "alice", "--kind", "person", "--key-file", second + ".pub", "--push"])
        try governance.signTrust("bob", "--land")
        let version = try governance.trustVersion() + 1
        let base = try governance.tip("main")
        for other in ["bob.sig", "alice-2.sig", "ALICE.sig"] {
            var files = try governance.statementByHand(
                ["identities.yaml": try governance.raisedIdentities()], signedBy: ["alice"])
            let text = try #require(files["trust/\(version)/statement.txt"] ?? nil)
            files["trust/\(version)/\(other)"] = try SSHKeys.sign(
                Array(text.utf8), namespace: "trust@agentsafe", with: second, in: governance.directory)
            let commit = try governance.pushToMain("rogue", files)
            let told = try governance.verifyEverywhere(30)
            #expect(told.errors.contains("main commit \(commit.prefix(12)), `trust/\(version)/\(other)`"), "\(told)")
            #expect(told.errors.contains("`alice` signed it, who is no admin or not the one the file names"), "\(told)")
            try governance.push("rogue", base, to: "main")
        }
    }

    // MARK: - Threat 38

    /// Who may lose their key between something on main and the first event about it.
    enum Owner: String, CaseIterable {
        /// Proposed and landed.
        case agent
        /// Signed the landing's merge, which approves.
        case bob
        /// Signed a trust commit.
        case alice
    }

    @Test(
        "a key that expires or is revoked between main and the first event about it stops nothing: history goes on",
        arguments: Owner.allCases, [Fault.expired, .revoked])
    func endsBeforeFirstEvent(_ owner: Owner, _ fault: Fault) throws {
        let governance = try TwoOfFour.copy()
        let ledger = try governance.tip("ledger")
        let end = governance.clock.timestamp + .seconds(600)
        if fault == .expired {
            // Dated ahead, as a rotation policy does it.
            try governance.editIdentities("alice") {
                try governance.addingLines(["valid_before: \(end)"], belowKeyOf: owner.rawValue, in: $0)
            }
            try governance.expect(0, "alice", ["trust", "commit", "-m", "Ends soon", "--push"])
            try governance.signTrust("carol", "--land")
        }
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.mergeBySignature(id, as: "bob")
        try governance.editPolicy("alice", "# alice was here")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "More", "--push"])
        try governance.signTrust("carol", "--land")
        try governance.verifyEverywhere(0)
        if fault == .revoked {
            let name = Governance.identity(owner.rawValue)
            try governance.expect(0, "carol", ["identity", "revoke", name, "--push"])
            try governance.signTrust("sam", "--land")
        }
        governance.clock.advance(1200)
        #expect(try governance.tip("ledger") == ledger, "no event was recorded before the key's end")
        try governance.verifyEverywhere(0)

        // The first events: trust commits by alice, and the landed change, which runs or does not.
        let run = governance.agentsafe("runner", ["run", id.text] + (try governance.cluster()))
        switch owner {
        case .agent: #expect(run.status == 20, "\(run)")
        case .bob: #expect(run.status == 10, "\(run)")
        case .alice: #expect(run.status == 0, "\(run)")
        }
        try governance.verifyEverywhere(0)
        // And everything else goes on.
        let other = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.mergeUnsigned(other)
        try governance.expect(0, "runner", ["run", other.text] + governance.cluster())
        #expect(try governance.tip("ledger") != ledger)
        governance.clock.advance(365 * 86_400)
        try governance.verifyEverywhere(0)
    }
}

extension Governance {
    /// Whether two admins must sign.
    fileprivate var isTwoOfFour: Bool {
        (try? trustStatus()["admin_threshold"]?.integerValue) == 2
    }
}
