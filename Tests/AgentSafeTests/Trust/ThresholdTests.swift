import ChangeModel
import TestSupport
import Testing

@Suite("How many admins, and which")
struct ThresholdTests {
    /// Puts an edit of the identities on a trust branch as alice.
    private func propose(_ governance: Governance, _ edit: (String) throws -> String) throws {
        try governance.editIdentities("alice", edit)
        try governance.expect(0, "alice", ["trust", "propose", "--push"])
    }

    private func threshold(_ count: Int, _ governance: Governance) throws {
        try propose(governance) { text in
            text.replacing(/admin_threshold: [0-9]+/) { _ in "admin_threshold: \(count)" }
        }
    }

    /// Signs in this order; the last one lands. Everybody before the last is too few.
    private func land(_ signers: [String], _ governance: Governance) throws {
        for signer in signers.dropLast() { try governance.signTrust(signer, "--land", status: 10) }
        let last = try #require(signers.last)
        #expect(try governance.signTrust(last, "--land").json["landed"] != .null)
        try governance.verifyEverywhere(0)
    }

    @Test("from one admin to two of four, to three of four, and back: the old threshold decides about the new one")
    func raisedAndLowered() throws {
        let governance = try TwoOfFour.copy()
        // 1 → 2 was signed by alice alone, when the copy was made.
        #expect(try governance.trustStatus()["admin_threshold"]?.integerValue == 2)
        try threshold(3, governance)
        try land(["alice", "bob"], governance)
        try threshold(4, governance)
        try land(["carol", "sam", "bob"], governance)
        try threshold(1, governance)
        try land(["alice", "bob", "carol", "sam"], governance)
        // And now one is enough again, without any branch.
        try governance.editPolicy("carol")
        let commit = try governance.expect(0, "carol", ["trust", "commit", "-m", "Alone", "--push"])
        #expect(commit.output.contains("main commit"), "\(commit)")
        try governance.verifyEverywhere(0)
    }

    @Test("an admin who is removed signs what comes before, and nothing after")
    func removedAdmin() throws {
        let governance = try TwoOfFour.copy()
        try propose(governance) { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let start = try #require(lines.firstIndex(of: "  - id: sam"))
            let roles = try #require(lines[start...].firstIndex { $0.hasPrefix("    roles:") })
            return (lines[..<roles] + ["    roles: [sre]"] + lines[(roles + 1)...]).joined(separator: "\n")
        }
        // Sam's own signature still counts for it.
        try land(["sam", "bob"], governance)
        try governance.proposeTrust("rogue")
        #expect(
            try governance.expect(20, "sam", ["trust", "sign", "--yes"]).errors.contains("`sam` is no admin"))
        try land(["alice", "carol"], governance)
    }

    @Test("a threshold that nobody could reach is refused beforehand, whether by number, role, revocation or date")
    func lockOut() throws {
        let governance = try TwoOfFour.copy()
        try governance.settle("alice")
        let before = try governance.tip("main")
        func refused(_ words: String..., edit: (String) throws -> String) throws {
            try governance.editIdentities("alice", edit)
            for command in [["trust", "commit", "-m", "x"], ["trust", "propose"]] {
                let result = try governance.expect(1, "alice", command)
                for word in words { #expect(result.errors.contains(word), "\(result)") }
            }
            try governance.git("alice", "checkout", "-q", "--", ".")
        }
        try refused("the threshold is 5, and there are 4 persons with role `admin`") {
            $0.replacing("admin_threshold: 2", with: "admin_threshold: 5")
        }
        let past = "valid_before: \(governance.clock.timestamp - .seconds(60))"
        let revoked = ["valid_before: \(governance.clock.timestamp)", "revoked: true"]
        try refused("the threshold is 2, and there is 1 person") { text in
            try ["bob", "carol", "sam"].reduce(text) {
                try governance.addingLines(revoked, belowKeyOf: $1, in: $0)
            }
        }
        // By date alone the rules of main see nothing wrong; the commands, which know the clock, do.
        try refused("nobody could change anything any more", "only alice would have a key that is valid now") { text in
            try ["bob", "carol", "sam"].reduce(text) { try governance.addingLines([past], belowKeyOf: $1, in: $0) }
        }
        let later = "valid_after: \(governance.clock.timestamp + .seconds(60))"
        try refused("only alice, bob, carol would have a key") { text in
            try governance.addingLines([later], belowKeyOf: "sam", in: text)
                .replacing("admin_threshold: 2", with: "admin_threshold: 4")
        }
        #expect(try governance.tip("main") == before)
    }

    @Test("the last admins cannot revoke, rotate away or expire the keys that are needed")
    func lastKeys() throws {
        let governance = try Governance()
        try governance.settle("alice")
        try governance.refuse(
            1, "alice", ["identity", "revoke", "alice", "--push"], saying: "nobody could change anything any more",
            "no admin has a key that is valid now", "add an admin or a key")
        // A key that is only valid from tomorrow on is none today.
        let key = try SSHKeys.makeKey(name: "next.key", in: governance.directory)
        let add = ["identity", "add", "alice", "--kind", "person", "--key-file", key + ".pub", "--push"]
        try governance.expect(
            0, "alice", add + ["--valid-after", "\(governance.clock.timestamp + .seconds(86_400))"])
        let fingerprint = try governance.fingerprint(of: governance.key("alice"))
        let revoke = ["identity", "revoke", "alice", "--fingerprint", fingerprint, "--push"]
        try governance.settle("alice")
        try governance.refuse(1, "alice", revoke, saying: "nobody could change anything any more")
        governance.clock.advance(86_400)
        try governance.expect(0, "alice", revoke)
        try governance.verifyEverywhere(0)
    }

    @Test(
        "a commit that too few admins signed is foreign, whoever pushes it",
        arguments: [[], ["alice"], ["sam"]])
    func tooFew(signers: [String]) throws {
        let governance = try TwoOfFour.copy()
        let new = try governance.raisedIdentities { $0.replacing("admin_threshold: 2", with: "admin_threshold: 1") }
        try governance.pushTrustByHand(["identities.yaml": new], signedBy: signers)
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("\(signers.count) of the 2 admins needed signed it"), "\(told)")
    }

    @Test("signed by everybody all the same, a commit that leaves too few admins is foreign")
    func foreignLockOut() throws {
        let governance = try TwoOfFour.copy()
        let revoked = ["valid_before: \(governance.clock.timestamp)", "revoked: true"]
        let new = try governance.raisedIdentities { text in
            try ["bob", "carol", "sam"].reduce(text) {
                try governance.addingLines(revoked, belowKeyOf: $1, in: $0)
            }
        }
        try governance.pushTrustByHand(["identities.yaml": new], signedBy: ["alice", "bob", "carol", "sam"])
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("the threshold is 2, and there is 1 person"), "\(told)")
    }
}
