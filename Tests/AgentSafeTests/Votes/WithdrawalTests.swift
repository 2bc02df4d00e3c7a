import ChangeModel
import Testing

@Suite("An agent takes its change back")
struct WithdrawalTests {
    @Test("the withdrawal travels where agents may push, signed with what agents may sign, before and after landing")
    func withdraws() throws {
        for isLanded in [false, true] {
            let governance = try Governance()
            let id = try governance.propose()
            if isLanded { try governance.land(id) }
            let result = try governance.expect(0, "agent", ["withdraw", id.text, "--yes", "--output", "json"])
            let branch = try #require(try result.json["branch"]?.stringValue)
            #expect(branch.hasPrefix("change/withdrawn/\(id)/deploy-agent-01-"))
            #expect(try governance.state(of: id) == "withdrawn")
            if !isLanded { try governance.land(id) }
            try governance.expect(20, "runner", ["run", id.text] + governance.cluster())
            // The ledger has it: the branch may go.
            try governance.git("agent", "push", "-q", "origin", ":refs/heads/\(branch)")
            try governance.git("runner", "fetch", "-q", "--prune")
            #expect(try governance.state(of: id) == "withdrawn")
            try governance.expect(20, "runner", ["run", id.text] + governance.cluster())
            try governance.verifyEverywhere(0)
        }
    }

    @Test("stock ssh-keygen verifies it with the repository's allowed_signers")
    func stock() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let result = try governance.expect(0, "agent", ["withdraw", id.text, "--yes", "--output", "json"])
        let branch = try #require(try result.json["branch"]?.stringValue)
        try governance.git("sam", "fetch", "-q")
        func trailer(_ key: String) throws -> String {
            try governance.git(
                "sam", "log", "-1", "--format=%(trailers:key=\(key),valueonly,separator=)", "origin/\(branch)")
        }
        let blob = try trailer("Agentsafe-Vote-Signature")
        try governance.write("sam", "vote.sig", armored(blob))
        let folder = governance.clone("sam")
        try governance.run(
            [
                "ssh-keygen", "-Y", "verify", "-f", "\(folder)/allowed_signers", "-I", "deploy-agent-01",
                "-n", "change@agentsafe", "-s", "\(folder)/vote.sig",
            ], input: Array(try trailer("Agentsafe-Vote").utf8))
    }

    @Test("on a branch for people's votes, or signed as a vote, an agent's withdrawal counts for nothing")
    func wrongPlace() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let result = try governance.expect(0, "agent", ["withdraw", id.text, "--yes", "--output", "json"])
        let branch = try #require(try result.json["branch"]?.stringValue)
        let leaf = try #require(branch.split(separator: "/").last)
        try governance.git("agent", "fetch", "-q")
        try governance.git(
            "agent", "push", "-q", "origin", "origin/\(branch):refs/heads/vote/\(id)/\(leaf)", ":refs/heads/\(branch)")
        try governance.git("sam", "fetch", "-q", "--prune")
        let gate = try governance.gate(id)
        #expect(gate.status == 0)
        #expect(gate.errors.contains("counts for nothing"))
    }

    private func armored(_ blob: String) -> String {
        let lines = stride(from: 0, to: blob.count, by: 70).map { start in
            String(blob.dropFirst(start).prefix(70))
        }
        return (["-----BEGIN SSH SIGNATURE-----"] + lines + ["-----END SSH SIGNATURE-----"])
            .joined(separator: "\n") + "\n"
    }
}
