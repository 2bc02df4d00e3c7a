import ChangeModel
import TestSupport
import Testing

@Suite("Revoking and rotating keys")
struct IdentityKeyTests {
    private func keys(_ id: String, _ governance: Governance) throws -> [JSONValue] {
        let identities = try governance.trustStatus()["identities"]?.arrayValue ?? []
        return identities.first { $0["id"]?.stringValue == id }?["keys"]?.arrayValue ?? []
    }

    @Test("a revoked key stays listed with its end, and signs nothing more; what it signed stays proved")
    func revoke() throws {
        let governance = try Governance()
        try governance.execute()
        let open = try governance.propose()
        try governance.expect(0, "alice", ["identity", "revoke", "deploy-agent-01", "--push"])
        let key = try #require(try keys("deploy-agent-01", governance).first)
        #expect(key["state"]?.stringValue == "revoked")
        #expect(key["valid_before"]?.stringValue == governance.clock.timestamp.description)
        #expect(try governance.gate(open).status == 30)
        try governance.git("agent", "fetch", "-q")
        #expect(
            try governance.expect(1, "agent", Governance.proposal).errors.contains("is revoked or not valid now"))
        try governance.verifyEverywhere(0)
        try governance.settle("alice")
        try governance.refuse(
            1, "alice", ["identity", "revoke", "deploy-agent-01", "--push"], saying: "has no key that is not revoked")
        try governance.refuse(
            1, "alice", ["identity", "revoke", "deploy-agent-01", "--fingerprint", "all"],
            saying: "every key of `deploy-agent-01` is revoked already")
        try governance.refuse(
            1, "alice", ["identity", "revoke", "nobody"], saying: "no identity `nobody`", "agentsafe identity list")
    }

    @Test("of several keys the one that is named is revoked, or all")
    func several() throws {
        let governance = try Governance()
        let second = try SSHKeys.makeKey(name: "second.key", in: governance.directory)
        let add = ["identity", "add", "bob", "--kind", "person", "--key-file", second + ".pub", "--push"]
        try governance.expect(0, "alice", add)
        let (first, other) = (
            try governance.fingerprint(of: governance.key("bob")), try governance.fingerprint(of: second)
        )
        try governance.settle("alice")
        try governance.refuse(2, "alice", ["identity", "revoke", "bob"], saying: "2 keys", first, other)
        try governance.refuse(
            1, "alice", ["identity", "revoke", "bob", "--fingerprint", "SHA256:x"], saying: "has no key `SHA256:x`")
        try governance.expect(0, "alice", ["identity", "revoke", "bob", "--fingerprint", other, "--push"])
        #expect(try keys("bob", governance).map { $0["state"]?.stringValue } == ["active", "revoked"])
        try governance.settle("alice")
        try governance.refuse(
            1, "alice", ["identity", "revoke", "bob", "--fingerprint", other], saying: "is revoked already")
        try governance.expect(0, "alice", ["identity", "revoke", "bob", "--fingerprint", "all", "--push"])
        #expect(try keys("bob", governance).map { $0["state"]?.stringValue } == ["revoked", "revoked"])
        try governance.verifyEverywhere(0)
    }

    @Test("a rotated key is good from then on, and the old one for nothing; nothing is valid twice")
    func rotate() throws {
        let governance = try Governance()
        let voted = try governance.approvedInProduction()
        try governance.land(voted)
        let new = try SSHKeys.makeKey(name: "bob-2.key", in: governance.directory)
        governance.clock.advance(60)
        let rotate = ["identity", "rotate", "bob", "--key-file", new + ".pub", "--push"]
        #expect(try governance.expect(0, "alice", rotate).output.contains("bob has the new key SHA256:"))
        let known = try keys("bob", governance)
        #expect(known.map { $0["state"]?.stringValue } == ["revoked", "active"])
        #expect(known[0]["valid_before"] == known[1]["valid_after"])
        // The approval went with its key; the new key approves.
        try governance.runRefused(10, voted)
        #expect(try governance.expect(1, "bob", ["approve", voted.text, "--yes"]).errors.contains("revoked"))
        try governance.expect(0, "bob", ["approve", voted.text, "--yes"], adding: ["AGENTSAFE_KEY": new])
        try governance.expect(0, "runner", ["run", voted.text] + governance.cluster())
        try governance.verifyEverywhere(0)
        try governance.settle("alice")
        try governance.refuse(1, "alice", rotate, saying: "that key belongs to `bob` already")
    }

    @Test("an admin who rotates their own key signs with the old one, and stock git takes that commit too")
    func ownKey() throws {
        let governance = try Governance()
        let new = try SSHKeys.makeKey(name: "alice-2.key", in: governance.directory)
        governance.clock.advance(60)
        let rotate = ["identity", "rotate", "alice", "--key-file", new + ".pub", "--push"]
        // The new key belongs to nobody yet.
        #expect(
            try governance.expect(1, "alice", rotate, adding: ["AGENTSAFE_KEY": new]).errors
                .contains("belongs to no identity"))
        try governance.expect(0, "alice", rotate)
        governance.clock.advance(60)
        let again = ["identity", "revoke", "sam", "--push"]
        #expect(try governance.expect(1, "alice", again).errors.contains("is revoked or not valid now"))
        try governance.expect(0, "alice", again, adding: ["AGENTSAFE_KEY": new])
        try governance.verifyEverywhere(0)
        try governance.update("stranger")
        let verdicts = try governance.git("stranger", "log", "--format=%G?", "origin/main")
        #expect(Set(verdicts.split(separator: "\n")) == ["G"])
    }

    @Test("a key that is taken back by the very commit does not sign that commit after its end")
    func ownKeyAmongOthers() throws {
        let governance = try TwoOfFour.copy()
        let new = try SSHKeys.makeKey(name: "carol-2.key", in: governance.directory)
        try governance.expect(
            0, "alice", ["identity", "rotate", "carol", "--key-file", new + ".pub", "--push"])
        governance.clock.advance(3600)
        // Carol signs the statement with the key that it takes back.
        try governance.signTrust("carol", "--land")
        try governance.verifyEverywhere(0)
        try governance.update("stranger")
        #expect(try governance.git("stranger", "log", "-1", "--format=%G?", "origin/main") == "N")
        #expect(try !governance.git("stranger", "log", "--format=%G?", "origin/main").contains("B"))
    }

    @Test("the end for stock tools can be another than now, and never later than it was")
    func ends() throws {
        let governance = try Governance()
        let later = governance.clock.timestamp + .seconds(86_400)
        try governance.expect(
            0, "alice", ["identity", "revoke", "bob", "--valid-before", "\(later)", "--push"])
        var key = try #require(try keys("bob", governance).first)
        #expect(key["valid_before"]?.stringValue == later.description && key["state"]?.stringValue == "revoked")
        try governance.git("bob", "fetch", "-q")
        // Revoked is revoked, whatever the date says.
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        #expect(try governance.expect(1, "bob", ["approve", id.text, "--yes"]).errors.contains("revoked"))

        // One that never came to be valid, and one that ended long ago.
        let add = ["identity", "add", "zed", "--kind", "person", "--push", "--key-file"]
        let future = try SSHKeys.makeKey(name: "future.key", in: governance.directory)
        try governance.expect(0, "alice", add + [future + ".pub", "--valid-after", "\(later)"])
        try governance.expect(0, "alice", ["identity", "revoke", "zed", "--push"])
        key = try #require(try keys("zed", governance).first)
        #expect(key["valid_before"] == key["valid_after"])
        let old = try SSHKeys.makeKey(name: "old.key", in: governance.directory)
        let past = governance.clock.timestamp - .seconds(86_400)
        try governance.expect(0, "alice", add + [old + ".pub", "--valid-before", "\(past)"])
        #expect(try keys("zed", governance).last?["state"]?.stringValue == "expired")
        try governance.expect(0, "alice", ["identity", "revoke", "zed", "--push"])
        #expect(try keys("zed", governance).last?["valid_before"]?.stringValue == past.description)
        try governance.verifyEverywhere(0)
    }

    @Test("`identity list` says what each key is good for")
    func list() throws {
        let governance = try Governance()
        try governance.expect(0, "alice", ["identity", "revoke", "bob", "--push"])
        let key = try SSHKeys.makeKey(name: "k.key", in: governance.directory)
        try governance.expect(
            0, "alice",
            [
                "identity", "add", "zed", "--kind", "agent", "--key-file", key + ".pub", "--push", "--valid-before",
                "\(governance.clock.timestamp - .seconds(1))",
            ])
        let list = try governance.expect(0, "alice", ["identity", "list"]).output
        #expect(list.contains("until \(governance.clock.timestamp) revoked"), "\(list)")
        #expect(list.contains("expired, not revoked"), "\(list)")
        let json = try governance.expect(0, "alice", ["identity", "list", "--output", "json"]).json
        let states = (json["identities"]?.arrayValue ?? []).flatMap { $0["keys"]?.arrayValue ?? [] }
            .compactMap { $0["state"]?.stringValue }
        #expect(Set(states) == ["active", "revoked", "expired"])
    }
}
