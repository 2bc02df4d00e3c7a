import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Tokens

@Suite("Threat 14: a delegation that gives what nobody gave")
struct ThreatWidenedDelegation {
    /// Proposes as `rogue`, who has no role of their own.
    private func propose(
        _ governance: Governance, _ chain: String, action: String = "scale-deployment",
        target: String = "staging/api-server", _ parameters: [String] = ["replicas=6"], as actor: String = "rogue",
        options: [String] = []
    ) -> CommandResult {
        governance.agentsafe(
            actor,
            ["propose", action, "--target", target, "--reason", "Because", "--push", "--output", "json"]
                + parameters.flatMap { ["--param", $0] } + ["--delegation", chain] + options)
    }

    private func identifier(_ result: CommandResult) throws -> ChangeID {
        try #require((try? result.json)?["id"]?.stringValue.flatMap { ChangeID($0) }, "\(result)")
    }

    private func expect(
        _ code: String, _ result: CommandResult, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        let found = (try? result.json)?.at("decision", "code")?.stringValue
        #expect(result.status == 20 && found == code, "\(result)", sourceLocation: sourceLocation)
    }

    @Test("who was handed a role acts with it, and with no other, until it ends; everybody proves the same")
    func control() throws {
        let governance = try Governance()
        expect(
            "no_rule",
            governance.agentsafe(
                "rogue",
                [
                    "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6",
                    "--reason",
                    "x", "--output", "json",
                ]))
        let chain = try governance.delegate("agent", to: "rogue")
        let id = try identifier(propose(governance, chain))
        let gate = try governance.gate(id, expecting: 0)
        #expect(gate["delegated_by"] == ["deploy-agent-01"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.replicas() == 6)
        try governance.verifyEverywhere(0)
        // Long after it has ended history verifies as it did.
        governance.clock.advance(30 * 86_400)
        try governance.verifyEverywhere(0)
    }

    @Test("links that widen, outlive, exceed the depth or loop are not made")
    func notMade() throws {
        let governance = try Governance()
        func refused(_ status: Int32, _ actor: String, _ options: [String]) {
            let result = governance.agentsafe(actor, ["delegation", "create"] + options)
            #expect(result.status == status && result.output.isEmpty, "\(options): \(result)")
        }
        refused(20, "agent", ["--to", "rogue", "--role", "admin"])
        refused(20, "agent", ["--to", "rogue", "--group", "oncall"])
        refused(20, "rogue", ["--to", "deploy-agent-01", "--role", "deployer"])
        refused(20, "agent", ["--to", "deploy-agent-01", "--role", "deployer"])
        refused(1, "agent", ["--to", "nobody", "--role", "deployer"])
        refused(1, "stranger", ["--to", "rogue", "--role", "deployer"])
        refused(30, "agent", ["--to", "runner", "--role", "deployer"])
        refused(30, "runner", ["--to", "rogue", "--role", "runner"])
        refused(2, "agent", ["--to", "rogue", "--depth", "5"])
        refused(2, "agent", ["--to", "rogue", "--ttl", "367d"])
        let first = try governance.delegate("agent", to: "sam", ["--role", "deployer", "--depth", "1", "--ttl", "1h"])
        refused(20, "sam", ["--to", "rogue", "--role", "sre", "--parent", first])
        refused(20, "sam", ["--to", "rogue", "--role", "deployer", "--ttl", "2h", "--parent", first])
        refused(20, "sam", ["--to", "rogue", "--role", "deployer", "--depth", "1", "--parent", first])
        refused(20, "sam", ["--to", "deploy-agent-01", "--role", "deployer", "--parent", first])
        refused(30, "bob", ["--to", "rogue", "--role", "deployer", "--parent", first])
        let second = try governance.delegate(
            "sam", to: "rogue", ["--role", "deployer", "--parent", first], as: "second")
        refused(20, "rogue", ["--to", "bob", "--role", "deployer", "--parent", second])
        #expect(try governance.expect(0, "bob", ["delegation", "verify", second]).output.contains("sam"))
    }

    @Test(
        "links made by hand that widen, outlive, exceed the depth, loop, or are signed by somebody else deny the change"
    )
    func madeByHand() throws {
        let governance = try Governance()
        let parent = try governance.expect(
            0, "agent",
            [
                "delegation", "create", "--to", "sam", "--role", "deployer", "--depth", "1", "--ttl", "1h", "--target",
                "staging/*",
            ]
        ).output
        let chain = try governance.file("first.delegation", parent)
        let genuine = try governance.expect(
            0, "sam", ["delegation", "create", "--to", "rogue", "--role", "deployer", "--parent", chain]
        ).output.split(separator: "\n").map(String.init)
        let claims = try TokenParts.claims(genuine[1])
        let sam = try governance.tokenKey("sam")
        func forge(_ signer: FileTokenKey? = nil, _ edit: (inout JSONValue) -> Void = { _ in }) throws -> String {
            var changed = claims
            edit(&changed)
            let token = try (signer ?? sam).token(changed, type: DelegationLink.headerType)
            return try governance.file("forged.delegation", parent + "\n" + token)
        }
        #expect(propose(governance, try forge()).status == 0)
        let now = governance.clock.now
        let keys = try Dictionary(
            uniqueKeysWithValues: ["stranger", "rogue", "alice"].map { ($0, try governance.tokenKey($0)) })
        let forgeries: [(name: String, by: String?, edit: (inout JSONValue) -> Void)] = [
            ("role", nil, { $0["roles"] = ["deployer", "sre"] }), ("group", nil, { $0["groups"] = ["x"] }),
            ("life", nil, { $0["exp"] = .integer(now + 3601) }), ("depth", nil, { $0["depth"] = 1 }),
            ("loop", nil, { $0["sub"] = "deploy-agent-01" }), ("no parent", nil, { $0["parent"] = nil }),
            ("another parent", nil, { $0["parent"] = .string(Digest(of: [1]).description) }),
            ("by a stranger", "stranger", { _ in }), ("by the delegate", "rogue", { _ in }),
            ("by an admin", "alice", { $0["iss"] = "alice" }), ("by an admin in sam's name", "alice", { _ in }),
            ("another repository", nil, { $0["repository"] = "00000000000000000000000000" }),
            ("an unknown claim", nil, { $0["only_on"] = "Monday" }), ("no actions", nil, { $0["actions"] = nil }),
        ]
        for forgery in forgeries {
            let token = try forge(forgery.by.flatMap { keys[$0] }, forgery.edit)
            expect("delegation_invalid", propose(governance, token))
            // What is pushed all the same is denied by the gate, recorded so, and does not run.
            guard ["role", "by a stranger"].contains(forgery.name) else { continue }
            let id = try identifier(propose(governance, token, options: ["--anyway"]))
            let judged = try governance.gate(id, expecting: 20)
            #expect(judged.at("decision", "code") == "delegation_invalid")
            try governance.land(id)
            let run = governance.agentsafe("runner", ["run", id.text] + (try governance.cluster()))
            #expect(run.status == 20, "\(run)")
        }
        try governance.git("gate", "fetch", "-q")
        try governance.expect(20, "gate", ["gate", "--record", "--base", "origin/main~1", "--head", "origin/main"])
        try governance.verifyEverywhere(0)
    }

    @Test("an action or a target that no link was given for is denied, whatever the role allows")
    func scopes() throws {
        let governance = try Governance()
        let chain = try governance.delegate(
            "agent", to: "rogue", ["--role", "deployer", "--action", "scale-*", "--target", "staging/*"])
        expect("delegation_scope", propose(governance, chain, action: "restart-deployment", []))
        expect("delegation_scope", propose(governance, chain, target: "dev/api-server"))
        #expect(propose(governance, chain).status == 0)
        // A later link that says `*` has only what the one before has.
        let first = try governance.delegate(
            "agent", to: "sam", ["--role", "deployer", "--action", "scale-*", "--depth", "1"], as: "first")
        let second = try governance.delegate(
            "sam", to: "rogue", ["--role", "deployer", "--action", "*", "--parent", first], as: "second")
        expect("delegation_scope", propose(governance, second, action: "restart-deployment", []))
    }

    @Test("an ended delegation, a revoked key at either end, or a lost role stop what waits to be run")
    func ended() throws {
        for end in ["time", "delegator", "role"] {
            let governance = try Governance()
            let chain = try governance.delegate("agent", to: "rogue", ["--role", "deployer", "--ttl", "1h"])
            let id = try identifier(propose(governance, chain))
            try governance.land(id)
            switch end {
            case "time": governance.clock.advance(3600)
            case "delegator": try governance.expect(0, "alice", ["identity", "revoke", "deploy-agent-01", "--push"])
            default:
                try governance.update("alice")
                let text = try governance.read("alice", "identities.yaml")
                let without = text.replacing("[deployer]", with: "[reader]")
                try #require(without != text)
                try governance.write("alice", "identities.yaml", without)
                try governance.expect(0, "alice", ["trust", "commit", "-m", "Less", "--push"])
            }
            let result = governance.agentsafe("runner", ["run", id.text] + (try governance.cluster()))
            #expect(result.status == 20 && result.output.contains("the delegation does not hold"), "\(end): \(result)")
            #expect(try governance.state(of: id) == "denied")
            let status = try governance.expect(20, "sam", ["status", id.text, "--output", "json"]).json
            #expect(status["change"]?.at("decision", "code") == "delegation_invalid")
            try governance.verifyEverywhere(0)
        }
    }

    @Test("used by another than its delegate, or with another key of the delegate's, it gives nothing")
    func stolen() throws {
        let governance = try Governance()
        let chain = try governance.delegate("agent", to: "rogue")
        expect("delegation_invalid", propose(governance, chain, as: "sam"))
        expect("delegation_invalid", propose(governance, chain, as: "agent"))
        try SSHKeys.makeKey(name: "rogue-2.key", in: governance.directory)
        try governance.expect(
            0, "alice",
            ["identity", "add", "rogue", "--kind", "agent", "--key-file", governance.key("rogue-2") + ".pub", "--push"])
        expect("delegation_invalid", propose(governance, chain, options: ["--key", governance.key("rogue-2")]))
        #expect(propose(governance, chain).status == 0)
        // With two keys the delegator says which one is meant.
        try governance.git("agent", "fetch", "-q")
        let vague = governance.agentsafe("agent", ["delegation", "create", "--to", "rogue", "--role", "deployer"])
        #expect(vague.status == 2 && vague.errors.contains("--to-key"), "\(vague)")
    }

    @Test("threat 2: nobody in the chain approves what is done under it, not by command, by hand or by merging")
    func approving() throws {
        let governance = try Governance()
        let chain = try governance.delegate("alice", to: "rogue", ["--role", "admin"])
        let id = try identifier(propose(governance, chain, target: "prod/api-server", ["replicas=5"]))
        #expect(try governance.gate(id, expecting: 10)["delegated_by"] == ["alice"])
        let refused = try governance.expect(20, "alice", ["approve", id.text, "--yes"])
        #expect(refused.errors.contains("nobody approves what they delegated"), "\(refused)")
        try governance.expect(20, "alice", ["approve", id.text, "--merge", "--yes"])
        let vote = try governance.handVote(on: id, by: "alice")
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "alice"), on: id, leaf: "alice-00000000", pushedBy: "alice")
        _ = try governance.gate(id, expecting: 10)
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        try governance.signingGit("alice", "merge", "-q", "--no-ff", "-S", "origin/\(id.branch)")
        try governance.git("alice", "push", "-q", "origin", "main")
        try governance.runRefused(10, id)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
        // But may stop it, like any approver.
        let other = try identifier(propose(governance, chain, target: "prod/api-server", ["replicas=4"]))
        try governance.expect(0, "alice", ["reject", other.text, "--yes"])
        #expect(try governance.gate(other, expecting: 20).at("decision", "code") == "rejected")
    }

    @Test("rules ask for the chain: who stands in it, how long it is, whether there is one")
    func rules() throws {
        let governance = try Governance()
        let text = """
            rules:
              - name: no-delegates-of-sam
                priority: 900
                match: {callers: {delegated_from: [sam]}}
                decision: deny
                reason: Sam hands nothing on.
              - name: no-long-chains
                priority: 890
                match: {callers: {max_delegation_depth: 1, require_delegation: true}}
                decision: require_approval
                reason: Somebody looks at what is done for others.
            """
        try governance.write("alice", "policies/aaa.yaml", text + "\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Ask for chains", "--push"])
        let first = try governance.delegate("agent", to: "rogue")
        let id = try identifier(propose(governance, first))
        #expect(try governance.gate(id, expecting: 10).at("decision", "rule") == "no-long-chains")
        let start = try governance.delegate("agent", to: "sam", ["--role", "deployer", "--depth", "1"], as: "start")
        let second = try governance.delegate(
            "sam", to: "rogue", ["--role", "deployer", "--parent", start], as: "second")
        let denied = propose(governance, second)
        #expect(denied.status == 20)
        #expect(try denied.json.at("decision", "rule") == "no-delegates-of-sam")
    }
}
