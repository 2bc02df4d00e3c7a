import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("Threat 35: a foreign commit makes its author an admin, who then adopts it")
struct ThreatAdoption {
    /// identities.yaml and allowed_signers of main's newest commit with mallory as an admin, who holds the stranger's key.
    private func withMallory(_ governance: Governance, version: Int? = nil) throws -> [String: String] {
        try governance.git("rogue", "fetch", "-q")
        var text = try governance.text("identities.yaml", at: "origin/main", seenBy: "rogue")
        let signers = try governance.text("allowed_signers", at: "origin/main", seenBy: "rogue")
        let publicKey = try SSHKeys.publicKey(of: governance.key("stranger"))
        if let version {
            text = text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("trust_version: ") ? "trust_version: \(version)" : String($0) }
                .joined(separator: "\n")
        }
        if text.contains("id: mallory") { return ["identities.yaml": text, "allowed_signers": signers] }
        return [
            "identities.yaml": text
                + "  - id: mallory\n    kind: person\n    roles: [admin]\n    groups: []\n    keys:\n      - key: \"\(publicKey)\"\n",
            "allowed_signers": signers
                + "mallory namespaces=\"git,change@agentsafe,vote@agentsafe,trust@agentsafe\" \(publicKey)\n",
        ]
    }

    /// A statement over the difference between two trees as mallory wants it, with signatures.
    private func statement(
        _ version: Int, from base: String, edits: [String: String], signers: [String], in governance: Governance
    ) throws -> [String: String] {
        let repository = try Repository(containing: governance.clone("rogue"))
        let old = try #require(ObjectID(try governance.git("rogue", "rev-parse", "\(base)^{tree}")))
        let new = try #require(ObjectID(try governance.tree("rogue", "origin/main", edits)))
        let id = try governance.mainRepositoryID()
        let text = TrustStatement(
            repository: id, version: version, changes: try repository.changes(from: old, to: new)
        ).text
        var files = edits
        files["trust/\(version)/statement.txt"] = text
        for signer in signers {
            let name = signer == "stranger" ? "mallory" : signer
            files["trust/\(version)/\(name).sig"] = try governance.sign(text, namespace: "trust@agentsafe", as: signer)
        }
        return files
    }

    private func expectForeign(_ first: String, in governance: Governance) throws {
        for told in [try governance.runRefused(30), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(first.prefix(12))"), "\(told)")
            #expect(told.errors.contains("a foreign commit"), "\(told)")
        }
    }

    enum Attack: String, CaseIterable {
        /// Adds itself and signs, in one commit.
        case inOneCommit
        /// Adds itself without a word, and adopts that with its own signature in the next commit.
        case inTheNext
        /// The same, with a trust version of its own in between, as if the first had been accepted.
        case asIfAccepted
        /// With a true admin's signature, made for something else, beside its own.
        case withBorrowedSignature
    }

    @Test("only the admins of the last accepted commit have a say", arguments: Attack.allCases)
    func selfAdoption(_ attack: Attack) throws {
        let governance = try Governance()
        let version = try governance.trustVersion()
        let base = try governance.tip("main")
        try governance.git("rogue", "fetch", "-q")
        switch attack {
        case .inOneCommit:
            let files = try statement(
                version + 1, from: base, edits: try withMallory(governance, version: version + 1),
                signers: ["stranger"], in: governance)
            let commit = try governance.pushToMain("rogue", files)
            try expectForeign(commit, in: governance)
        case .inTheNext:
            let first = try governance.pushToMain("rogue", try withMallory(governance))
            let edits = try withMallory(governance, version: version + 1)
            try governance.pushToMain(
                "rogue",
                try statement(version + 1, from: base, edits: edits, signers: ["stranger"], in: governance))
            try expectForeign(first, in: governance)
        case .asIfAccepted:
            let first = try governance.pushToMain("rogue", try withMallory(governance, version: version + 1))
            let edits = try withMallory(governance, version: version + 2)
            try governance.pushToMain(
                "rogue",
                try statement(version + 2, from: first, edits: edits, signers: ["stranger"], in: governance))
            try expectForeign(first, in: governance)
        case .withBorrowedSignature:
            let first = try governance.pushToMain("rogue", try withMallory(governance))
            let edits = try withMallory(governance, version: version + 1)
            var files = try statement(version + 1, from: base, edits: edits, signers: ["stranger"], in: governance)
            files["trust/\(version + 1)/alice.sig"] = try governance.text(
                "trust/\(version)/alice.sig", at: base, seenBy: "rogue")
            files["trust/\(version + 1)/mallory.sig"] = nil
            try governance.pushToMain("rogue", files)
            try expectForeign(first, in: governance)
        }
    }

    @Test(
        "with an admin's true signature over the whole difference it is an adoption, and mallory is what the admin made"
    )
    func trueAdoption() throws {
        let governance = try Governance()
        let version = try governance.trustVersion()
        let base = try governance.tip("main")
        try governance.pushToMain("rogue", try withMallory(governance))
        let edits = try withMallory(governance, version: version + 1)
        try governance.pushToMain(
            "rogue", try statement(version + 1, from: base, edits: edits, signers: ["alice"], in: governance))
        #expect(try governance.verifyEverywhere(0).output.contains("1 foreign commits adopted"))
    }

    /// What an adopting tree may not hold, though an admin signed all of it.
    enum Stowaway: String, CaseIterable {
        /// A change that was landed on the foreign part.
        case skippedChange
        /// A file beside the statement, which the statement does not speak of.
        case fileInTrust
        /// A change that was accepted before is gone.
        case removedChange
        /// The ledger's genesis is another.
        case otherLedger
    }

    @Test("an adoption brings nothing that a trust commit could not", arguments: Stowaway.allCases)
    func stowaways(_ stowaway: Stowaway) throws {
        let governance = try Governance()
        let landed = try governance.propose()
        try governance.land(landed)
        let other = try governance.propose(target: "dev/api-server", ["replicas=2"])
        let base = try governance.tip("main")
        let version = try governance.trustVersion()
        let first = try governance.pushForeign()
        var edits = try withMallory(governance, version: version + 1)
        var extra: [String: String?] = [:]
        switch stowaway {
        case .skippedChange:
            for name in ["change.yaml", "change.yaml.sig"] {
                let path = "\(other.folder)/\(name)"
                extra[path] = try governance.text(path, at: "origin/\(other.branch)", seenBy: "rogue")
            }
        case .fileInTrust: extra["trust/99/statement.txt"] = "agentsafe-trust v1\n"
        case .removedChange:
            for name in ["change.yaml", "change.yaml.sig"] { extra["\(landed.folder)/\(name)"] = .some(nil) }
        case .otherLedger:
            let text = try governance.text("agentsafe.yaml", at: "origin/main", seenBy: "rogue")
            let digest = try #require(text.firstMatch(of: /sha256:[0-9a-f]{64}/)).output
            edits["agentsafe.yaml"] = text.replacing(digest, with: "sha256:" + String(repeating: "0", count: 64))
        }
        let files = try statement(version + 1, from: base, edits: edits, signers: ["alice"], in: governance)
        // The statement as it follows from the very trees, so that it is not that which is refused.
        let repository = try Repository(containing: governance.clone("rogue"))
        let wanted = try governance.tree("rogue", "origin/main", files.mapValues { $0 }.merging(extra) { $1 })
        let old = try governance.git("rogue", "rev-parse", "\(base)^{tree}")
        let text = TrustStatement(
            repository: try governance.mainRepositoryID(), version: version + 1,
            changes: try repository.changes(from: ObjectID(old), to: ObjectID(wanted))
        ).text
        var all: [String: String?] = files.mapValues { $0 }
        all.merge(extra) { $1 }
        all["trust/\(version + 1)/statement.txt"] = text
        all["trust/\(version + 1)/alice.sig"] = try governance.sign(text, namespace: "trust@agentsafe", as: "alice")
        try governance.pushToMain("rogue", all)
        try expectForeign(first, in: governance)
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("not adopted:"), "\(told)")
    }

    @Test("a commit that undoes what is foreign heals nothing: the foreign one stays in history")
    func undone() throws {
        let governance = try Governance()
        let base = try governance.tip("main")
        let first = try governance.pushForeign()
        try governance.git("sam", "fetch", "-q")
        let back = try governance.commit(
            "sam", tree: try governance.git("sam", "rev-parse", "\(base)^{tree}"), parents: [first],
            message: "Undo", signedBy: nil)
        try governance.push("sam", back, to: "main")
        try expectForeign(first, in: governance)
    }

    @Test("a long foreign tail full of copied statements is refused by its first commit")
    func longTail() throws {
        let governance = try Governance()
        let version = try governance.trustVersion()
        let first = try governance.pushForeign()
        let edits = try withMallory(governance, version: version + 1)
        let files = try statement(
            version + 1, from: first, edits: edits, signers: ["alice"], in: governance)
        try governance.pushToMain("rogue", files)
        var stream = ""
        for index in 0..<300 {
            stream += "commit refs/heads/tail\ncommitter a <a@b> 0 +0000\ndata 1\nx\n"
            if index == 0 { stream += "from refs/remotes/origin/main^0\n" }
            stream += "M 100644 inline docs/\(index).md\ndata 1\nx\n"
        }
        try governance.git("rogue", "fetch", "-q")
        try governance.git("rogue", "fast-import", "--quiet", "--force", input: stream)
        try governance.git("rogue", "push", "-q", "origin", "tail:main")
        try expectForeign(first, in: governance)
        let told = try governance.trustStatus(status: 30)
        #expect(told.at("foreign", "count")?.integerValue == 302)
        #expect(told.at("foreign", "first")?.stringValue == first)
        // No more of each is compared than the signed statement speaks of.
        let reason = try governance.verifyEverywhere(30)
        #expect(reason.errors.contains(/not adopted: .* more than [0-9]+ files differ/), "\(reason)")
    }

    // MARK: - Skipped commits

    /// A main with a skipped commit, and an executed change behind it.
    private func adopted() throws -> (governance: Governance, skipped: String, id: ChangeID) {
        let governance = try Governance()
        let skipped = try governance.pushForeign()
        try governance.update("alice")
        try governance.expect(0, "alice", ["trust", "propose", "--adopt", "--push"])
        try governance.signTrust("alice", "--land")
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        return (governance, skipped, id)
    }

    @Test("no event may name a skipped commit")
    func eventNamesSkipped() throws {
        let (governance, skipped, _) = try adopted()
        try governance.verifyEverywhere(0)
        let forgery = try LedgerForgery(governance)
        try forgery.append(copying: try forgery.newest("claim")) { $0["main"] = .string(skipped) }
        let made = try forgery.publish(from: forgery.entries.count - 1)
        let told = try governance.verifyEverywhere(30)
        let commit = try #require(made[forgery.entries.count - 1])
        #expect(told.errors.contains("ledger commit \(commit.prefix(12))"), "\(told)")
        #expect(told.errors.contains("main commit \(skipped.prefix(12)), which is older"), "\(told)")
    }

    @Test("a skipped commit has no position and no state, and no landings reach across it")
    func noPosition() throws {
        let (governance, skipped, id) = try adopted()
        try governance.git("sam", "fetch", "-q")
        let history = try governance.mainHistory("sam")
        let foreign = try #require(ObjectID(skipped))
        #expect(history.position(of: foreign) == nil)
        #expect(throws: LedgerError.self) { try history.state(of: foreign) }
        #expect(throws: LedgerError.self) { try history.landings(after: foreign, through: history.tip) }
        let genesis = try #require(history.commits.first).commit.id
        #expect(try history.landings(after: genesis, through: history.tip).map(\.change.change.id) == [id])
        let adoption = try #require(history.commits.first { !$0.skipped.isEmpty })
        #expect(history.skipped(by: adoption.commit.id).map(\.commit.id) == [foreign])
    }
}
