import ChangeModel
import OperatingSystem
import Testing

@testable import Tokens

@Suite("Identity tokens, seen from the command line")
struct IdentityTokenTests {
    private func verdict(_ governance: Governance, _ token: String, _ options: [String] = []) throws -> (
        Int32, JSONValue
    ) {
        let path = try governance.file("identity.jwt", token)
        let result = governance.agentsafe("bob", ["identity", "verify", path, "--output", "json"] + options)
        return (result.status, try result.json)
    }

    private func check(_ governance: Governance, _ token: String, _ options: [String] = []) throws -> CommandResult {
        let path = try governance.file("identity.jwt", token)
        return governance.agentsafe(
            "bob",
            ["check", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--token", path]
                + options)
    }

    @Test("say who asks, by the identity's own key, for an hour, and give no more than main does")
    func genuine() throws {
        let governance = try Governance()
        let token = try governance.expect(0, "agent", ["identity", "token"]).output
        let (status, answer) = try verdict(governance, token)
        #expect(status == 0 && answer["agent_id"] == "deploy-agent-01" && answer["roles"] == ["deployer"], "\(answer)")
        #expect(try check(governance, token).status == 0)
        #expect(try check(governance, try governance.expect(0, "rogue", ["identity", "token"]).output).status == 20)
        // What the holder adds for themselves counts for nothing.
        var claims = try TokenParts.claims(token)
        claims["roles"] = ["deployer", "admin"]
        claims["groups"] = ["night"]
        let boasting = try governance.tokenKey("agent").token(claims, type: IdentityToken.headerType)
        let boasted = try verdict(governance, boasting)
        #expect(boasted.1["roles"] == ["deployer"] && boasted.1["ignored"] == ["admin", "night"], "\(boasted)")
        claims["agent_id"] = "rogue"
        claims["iss"] = "rogue"
        let rogue = try governance.tokenKey("rogue").token(claims, type: IdentityToken.headerType)
        #expect(try verdict(governance, rogue).1["roles"] == [])
        #expect(try check(governance, rogue).status == 20)
        governance.clock.advance(3631)
        #expect(try verdict(governance, token).1["code"] == "expired")
        let late = try check(governance, token)
        #expect(late.status == 20 && late.errors.contains("expired"), "\(late)")
    }

    @Test("in another's name, by a revoked key, from elsewhere or of another kind prove nobody")
    func forged() throws {
        let governance = try Governance()
        let token = try governance.expect(0, "agent", ["identity", "token"]).output
        let claims = try TokenParts.claims(token)
        func expect(_ code: String, _ token: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
            let (status, answer) = try verdict(governance, token)
            #expect(
                status == 30 && answer["code"]?.stringValue == code, "\(answer)", sourceLocation: sourceLocation)
            #expect(try check(governance, token).status == 30, sourceLocation: sourceLocation)
        }
        let type = IdentityToken.headerType
        try expect("issuer", try governance.tokenKey("rogue").token(claims, type: type))
        try expect("key", try governance.tokenKey("stranger").token(claims, type: type))
        var pretender = try governance.tokenKey("rogue")
        pretender.keyID = try governance.tokenKey("agent").keyID
        try expect("signature", try pretender.token(claims, type: type))
        try expect("type", try governance.tokenKey("agent").token(claims, type: ExecutionTicket.headerType))
        var other = claims
        other["repository"] = "00000000000000000000000000"
        try expect("repository", try governance.tokenKey("agent").token(other, type: type))
        let ticket = try governance.ticket(try governance.landed())
        try expect("type", ticket)
        try expect("malformed", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ")
        #expect(try check(governance, "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.é").status == 30)
        try governance.expect(0, "alice", ["identity", "revoke", "deploy-agent-01", "--push"])
        try governance.update("bob")
        try expect("key", token)
    }

    @Test("of a shared key are read where one is named, by flag or variable, and never besides")
    func shared() throws {
        let governance = try Governance()
        let key = try governance.sharedKey()
        let token = try governance.expect(
            0, "agent", ["identity", "token", "--format", "hs256"] + key
        ).output
        #expect(try verdict(governance, token, key).0 == 0)
        #expect(try verdict(governance, token).1["code"] == "algorithm")
        #expect(try check(governance, token, key).status == 0)
        #expect(try check(governance, token).status == 30)
        let path = try governance.file("identity.jwt", token)
        let byVariable = governance.agentsafe(
            "bob",
            ["check", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--token", path],
            adding: ["AGENTSAFE_SHARED_KEY_FILE": key[1]])
        #expect(byVariable.status == 0, "\(byVariable)")
        // The other way round: a public key's token is none of the shared key's.
        let own = try governance.expect(0, "agent", ["identity", "token"]).output
        #expect(try verdict(governance, own, key).1["code"] == "algorithm")
        // Weak secrets read with a warning, and issue nothing.
        let weak = ["--shared-key-file", try governance.file("weak.key", "short")]
        let refused = governance.agentsafe("agent", ["identity", "token", "--format", "hs256"] + weak)
        #expect(refused.status == 1 && refused.errors.contains("32"), "\(refused)")
        for (options, words) in [
            (["--format", "hs256"], "needs a secret"), (["--format", "eddsa"] + key, "signs no EdDSA token"),
        ] {
            let result = governance.agentsafe("agent", ["identity", "token"] + options)
            #expect(result.status == 2 && result.errors.contains(words), "\(result)")
        }
        let both = try check(governance, own, ["--as", "agent"])
        #expect(both.status == 2, "\(both)")
    }
}
