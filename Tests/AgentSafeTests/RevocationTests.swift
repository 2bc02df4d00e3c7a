import ChangeModel
import OperatingSystem
import Testing

@Suite("Keys that are taken back")
struct RevocationTests {
    @Test("a landed change whose proposer's key was revoked is denied, and the others run")
    func pendingOfRevokedAgent() throws {
        let governance = try Governance()
        let bad = try governance.propose()
        try governance.land(bad)
        let good = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.land(good)
        try governance.revoke("agent")
        let result = try governance.expect(20, "runner", ["run"] + governance.cluster())
        #expect(result.output.contains("denied  \(bad)"))
        #expect(try governance.state(of: bad) == "denied")
        #expect(result.output.contains("\(good)"))
        #expect(!result.output.contains("not_authentic"))
        try governance.git("sam", "fetch", "-q")
        try governance.expect(0, "sam", ["verify"])
    }

    @Test("a revoked agent's new proposal is not authentic at the gate, though its branch is older than the revocation")
    func forkedBefore() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.revoke("agent")
        try governance.git("sam", "fetch", "-q")
        let result = try governance.expect(30, "sam", ["gate", "--head", "origin/\(id.branch)"])
        #expect(result.errors.contains("revoked"))
    }

    @Test("an executed change stays proved after its proposer's and its runner's keys are gone")
    func historyStays() throws {
        let governance = try Governance()
        try governance.execute()
        try governance.revoke("agent")
        governance.clock.advance(10)
        try governance.revoke("runner")
        try governance.git("sam", "fetch", "-q")
        try governance.expect(0, "sam", ["verify"])
    }

    @Test("the last admin cannot take away the last key that could change anything")
    func lastAdmin() throws {
        let governance = try Governance()
        try governance.editOutKey(of: "alice")
        let before = try governance.git("alice", "rev-parse", "main")
        let result = try governance.expect(1, "alice", ["trust", "commit", "-m", "Goodbye", "--push"])
        #expect(result.errors.contains("threshold"))
        #expect(try governance.git("alice", "rev-parse", "main", "origin/main") == "\(before)\n\(before)")
        #expect(try governance.read("alice", "identities.yaml").contains("revoked: true"))
    }
}

extension Governance {
    /// Adds lines below the key of `actor` in identities.yaml and signs the edit as alice.
    func revoke(_ actor: String) throws {
        try git("alice", "fetch", "-q")
        try git("alice", "merge", "-q", "--ff-only", "origin/main")
        try editOutKey(of: actor)
        try expect(0, "alice", ["trust", "commit", "-m", "Take a key back", "--push"])
    }

    func editOutKey(of actor: String) throws {
        let base64 = try run(["ssh-keygen", "-y", "-f", key(actor)]).split(separator: " ")[1]
        let text = try read("alice", "identities.yaml")
        let now = clock.timestamp
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
            line.contains(base64)
                ? [String(line), "        valid_before: \(now)", "        revoked: true"] : [String(line)]
        }
        try write("alice", "identities.yaml", lines.joined(separator: "\n"))
    }
}
