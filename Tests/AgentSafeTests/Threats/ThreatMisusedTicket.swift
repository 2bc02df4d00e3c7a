import ChangeModel
import CryptoPrimitives
import OperatingSystem
import Testing

@testable import Tokens

@Suite("Threat 13: a ticket that is forged or borrowed")
struct ThreatMisusedTicket {
    @Test("a genuine one serves, by a clone and by a public key alone, and runs its change")
    func control() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        let exact = [
            "--action", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--param",
            "namespace=staging", "--param", "deployment=api-server", "--change", scene.id.text,
        ]
        try scene.expect(0, "valid", scene.ticket)
        try scene.expect(0, "valid", scene.ticket, exact)
        let outside = ["--issuer", "runner", "--repository", try governance.repositoryName()]
        try scene.expect(
            0, "valid", scene.ticket, ["--public-key", governance.key("runner") + ".pub"] + outside + exact)
        try scene.expect(
            0, "valid", scene.ticket, ["--allowed-signers", "\(governance.clone("alice"))/allowed_signers"] + outside)
        #expect(try scene.run(scene.ticket).status == 0)
        // The claim holds the digest, and nowhere is the ticket itself.
        try governance.git("bob", "fetch", "-q")
        let log = try governance.git("bob", "log", "-p", "--format=%B", "origin/ledger")
        #expect(log.contains(Digest(of: Array(scene.ticket.utf8)).description))
        #expect(!log.contains(scene.ticket.split(separator: ".")[2]))
        try governance.verifyEverywhere(0)
        try scene.expect(20, "used", scene.ticket)
    }

    @Test("after its end, for other work, from elsewhere or by another it does not serve")
    func borrowed() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        for (options, code) in [
            (["--action", "update-image"], "action"), (["--target", "prod/api-server"], "target"),
            (["--param", "replicas=60"], "params"), (["--param", "replicas=6"], "params"),
            (["--change", "chg-20261122-7f3k9q2m4x"], "change"),
        ] {
            try scene.expect(20, code, scene.ticket, options)
        }
        try scene.expect(30, "issuer", scene.ticket, ["--issuer", "gate"])
        try scene.expect(30, "repository", scene.ticket, ["--repository", "00000000000000000000000000"])
        let outside = ["--public-key", governance.key("runner") + ".pub"]
        try scene.expect(
            30, "issuer", scene.ticket,
            outside + ["--issuer", "gate", "--repository", try governance.repositoryName()])
        try scene.expect(
            30, "repository", scene.ticket, outside + ["--issuer", "runner", "--repository", "another"])
        try scene.expect(
            30, "key", scene.ticket,
            ["--public-key", governance.key("gate") + ".pub", "--issuer", "runner", "--repository", "another"])
        #expect(governance.agentsafe("bob", ["ticket", "verify", scene.ticket] + outside).status == 2)
        // Another change of the same kind is not what it was issued for.
        let other = try governance.landed(["replicas=7"])
        let result = try scene.run(scene.ticket, other)
        #expect(result.status == 20 && result.output.contains("the ticket is for change"), "\(result)")
        governance.clock.advance(331)
        try scene.expect(20, "expired", scene.ticket)
        let late = try scene.run(scene.ticket)
        #expect(late.status == 20 && late.output.contains("expired"), "\(late)")
        #expect(try governance.state(of: scene.id) == "landed")
    }

    @Test("none for what is not allowed, not approved, not landed, done, or by somebody else is issued")
    func issued() throws {
        let governance = try Governance()
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(waiting)
        #expect(governance.agentsafe("runner", ["ticket", "issue", waiting.text]).status == 10)
        let denied = try governance.propose("rogue", options: ["--anyway"])
        try governance.land(denied)
        #expect(governance.agentsafe("runner", ["ticket", "issue", denied.text]).status == 20)
        let proposed = try governance.propose("agent", ["replicas=3"])
        #expect(governance.agentsafe("gate", ["ticket", "issue", proposed.text]).status == 1)
        let done = try governance.execute(replicas: 4)
        #expect(governance.agentsafe("gate", ["ticket", "issue", done.text]).status == 1)
        let id = try governance.landed()
        for actor in ["agent", "alice", "bob", "rogue", "sam"] {
            #expect(governance.agentsafe(actor, ["ticket", "issue", id.text]).status == 20, "\(actor)")
        }
        for ttl in ["0s", "25h", "366d", "x"] {
            #expect(governance.agentsafe("gate", ["ticket", "issue", id.text, "--ttl", ttl]).status == 2, "\(ttl)")
        }
        #expect(governance.agentsafe("gate", ["ticket", "issue", "chg-20261122-7f3k9q2m4x"]).status == 1)
        try governance.expect(0, "bob", ["approve", waiting.text, "--yes"])
        try governance.expect(0, "gate", ["ticket", "issue", waiting.text])
        // A ticket ends with its change.
        let short = try governance.propose("agent", ["replicas=8"], options: ["--expires", "60s"])
        try governance.land(short)
        let claims = try TokenParts.claims(try governance.ticket(short, ["--ttl", "1h"]))
        #expect(claims["exp"] == .integer(governance.clock.now + 60))
    }

    @Test("when what it was issued for has changed on main since, nothing runs with it")
    func movedGround() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        try governance.update("alice")
        let text = try governance.read("alice", "actions/scale-deployment.yaml")
        try governance.write("alice", "actions/scale-deployment.yaml", text + "\n# moved\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Move it", "--push"])
        let result = try scene.run(scene.ticket)
        #expect(result.status == 20 && result.output.contains("for another plan"), "\(result)")
    }

    @Test("whose issuer's key was revoked is not authentic any more; one made with that key neither")
    func revoked() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        let fromGate = try governance.ticket(scene.id, as: "gate")
        try scene.expect(0, "valid", fromGate)
        try governance.expect(0, "alice", ["identity", "revoke", "gate", "--push"])
        try governance.git("bob", "fetch", "-q")
        try scene.expect(30, "key", fromGate)
        #expect(try scene.run(fromGate).status == 30)
        #expect(governance.agentsafe("gate", ["ticket", "issue", scene.id.text]).status == 1)
        // Stock form: the key ended before the ticket was issued.
        governance.clock.advance(60)
        var claims = try TokenParts.claims(fromGate)
        claims["iat"] = .integer(governance.clock.now)
        claims["exp"] = .integer(governance.clock.now + 60)
        let late = try governance.tokenKey("gate").token(claims, type: ExecutionTicket.headerType)
        let signers = "\(governance.clone("alice"))/allowed_signers"
        let outside = ["--issuer", "gate", "--repository", try governance.repositoryName()]
        try scene.expect(30, "key", late, ["--allowed-signers", signers] + outside)
    }

    @Test(
        "in disguise, by another algorithm, with the public key as its secret, or by a key without the right is refused"
    )
    func forged() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        let claims = try TokenParts.claims(scene.ticket)
        let header = try TokenParts.header(scene.ticket)
        func with(_ name: String, _ value: JSONValue?) -> JSONValue {
            var changed = header
            changed[name] = value
            return changed
        }
        let signature = try #require(
            Base64.decodeURLSafe(Array(scene.ticket.split(separator: ".")[2].utf8)))
        for algorithm in ["none", "None", "HS512", "RS256"] {
            for mark in [[], signature] {
                let token = TokenParts.text(with("alg", .string(algorithm)), claims) { _ in mark }
                #expect(try scene.verdict(token).0 == 30)
            }
        }
        let line = String(decoding: try Files.read(governance.key("runner") + ".pub"), as: UTF8.self)
        for secret in [line, String(line.split(separator: " ")[1]), String(line.dropLast())] {
            let token = try TokenParts.text(with("alg", "HS256"), claims) {
                try HMACSHA256.code(for: Array($0.utf8), key: Array(secret.utf8))
            }
            try scene.expect(30, "algorithm", token)
            let outside = ["--issuer", "runner", "--repository", try governance.repositoryName()]
            try scene.expect(
                30, "algorithm", token, ["--public-key", governance.key("runner") + ".pub"] + outside)
        }
        let mistaken = governance.agentsafe(
            "bob", ["ticket", "verify", scene.ticket, "--shared-key-file", governance.key("runner") + ".pub"])
        #expect(mistaken.status == 1 && mistaken.errors.contains("no secret"), "\(mistaken)")
        for member in ["crit", "jwk", "jku", "x5u", "x5c", "b64"] {
            let token = TokenParts.text(with(member, ["x"]), claims) { _ in signature }
            try scene.expect(30, "malformed", token)
        }
        // Keys that are genuine and may not: an agent's, an approver's, a stranger's, in their own name and the runner's.
        for actor in ["agent", "bob", "stranger", "gate"] {
            var own = claims
            own["iss"] = .string(Governance.identity(actor))
            var signer = try governance.tokenKey(actor)
            let type = ExecutionTicket.headerType
            #expect(try scene.verdict(signer.token(claims, type: type)).0 == 30, "\(actor) for the runner")
            let isTaken = try scene.verdict(signer.token(own, type: type)).0 == 0
            #expect(isTaken == (actor == "gate"), "\(actor)")
            signer.keyID = try governance.tokenKey("runner").keyID
            try scene.expect(30, "signature", try signer.token(claims, type: type))
            #expect(try scene.run(try signer.token(claims, type: type)).status == 30)
        }
        // The runner's own key, for another kind of token.
        let identity = try governance.expect(0, "runner", ["identity", "token"]).output
        try scene.expect(30, "type", identity)
        #expect(try scene.run(identity).status == 30)
        let runner = try governance.tokenKey("runner")
        try scene.expect(30, "type", try runner.token(claims, type: "identity+jwt"))
        var other = claims
        other["type"] = "identity"
        try scene.expect(30, "type", try runner.token(other, type: ExecutionTicket.headerType))
        #expect(governance.agentsafe("bob", ["identity", "verify", scene.ticket]).status == 30)
        #expect(governance.agentsafe("bob", ["delegation", "verify", scene.ticket]).status == 30)
    }

    @Test("where main demands tickets nothing runs without one, by the command or by a claim")
    func required() throws {
        let governance = try Governance()
        let text = try governance.read("alice", "agentsafe.yaml")
        try governance.write("alice", "agentsafe.yaml", text + "tickets:\n  ttl: 60\n  require: true\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Demand tickets", "--push"])
        let id = try governance.landed()
        let without = governance.agentsafe("runner", ["run", id.text] + (try governance.cluster()))
        #expect(without.status == 20 && without.output.contains("execution ticket"), "\(without)")
        let nameless = governance.agentsafe("runner", ["run", "--ticket", "x"] + (try governance.cluster()))
        #expect(nameless.status == 1, "\(nameless)")
        let ticket = try governance.ticket(id, as: "gate")
        #expect(try TokenParts.claims(ticket)["exp"] == .integer(governance.clock.now + 60))
        let path = try governance.file("ticket.jwt", ticket)
        try governance.expect(0, "runner", ["run", id.text, "--ticket", path] + governance.cluster())
        try governance.verifyEverywhere(0)
    }
}
