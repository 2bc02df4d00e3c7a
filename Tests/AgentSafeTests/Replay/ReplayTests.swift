import AgentSafe
import ChangeModel
import PolicyEngine
import Testing

@Suite("Replaying recorded decisions")
struct ReplayTests {
    private static func replay(
        _ governance: Governance, _ arguments: [String], status: Int32,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        try governance.git("sam", "fetch", "-q")
        return try governance.expect(
            status, "sam", ["replay", "--output", "json"] + arguments, sourceLocation: sourceLocation
        ).json
    }

    private static func outcomes(_ json: JSONValue) -> [String] {
        (json["replays"]?.arrayValue ?? []).map {
            "\($0["event"]?.stringValue ?? "") \($0["outcome"]?.stringValue ?? "")"
        }
    }

    @Test(
        "replay equals record: what was recorded comes out again, one change's, one event's, all, in the order of the ledger"
    )
    func same() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let one = try Self.replay(governance, [ledger.id.text], status: 0)
        #expect(Self.outcomes(one) == ["decision same", "claim same"], "\(one)")
        #expect(one["result"] == "same" && one["authentic"] == true && one["refusal"] == .null)
        let claim = one["replays"]?.arrayValue?.last ?? .null
        #expect(claim["recorded"] == claim["replayed"] && claim["recorded"]?["approved_by"] == ["bob"])
        #expect(claim["recorded"]?.at("decision", "rule")?.stringValue == "prod-needs-approval")
        let height = try #require(claim["height"]?.integerValue)
        let single = try Self.replay(governance, ["--height", "\(height)"], status: 0)
        #expect(single["replays"] == [claim])
        let all = try Self.replay(governance, ["--all"], status: 0)
        let heights = (all["replays"]?.arrayValue ?? []).compactMap { $0["height"]?.integerValue }
        #expect(heights.count >= 2 && heights == heights.sorted())
        #expect(Set((all.objectValue ?? [:]).keys) == ["result", "authentic", "refusal", "unreadable", "replays"])
        #expect(
            Set((claim.objectValue ?? [:]).keys)
                == [
                    "event", "height", "change", "digest", "commit", "main", "at", "engine", "outcome", "recorded",
                    "replayed", "differences", "problem",
                ])
        let text = try governance.expect(0, "sam", ["replay", ledger.id.text])
        #expect(text.errors.isEmpty && text.output.hasSuffix("2 of 2 recorded decisions come out as recorded"))
    }

    @Test("the policy, the identities and the time are those of the record, whatever came after")
    func ofItsTime() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        try governance.expect(0, "gate", ["gate", "--record"])
        try governance.update("alice")
        try governance.write("alice", "policies/default.yaml", ThreatBranchPolicy.loose)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Loosen", "--push"])
        try governance.expect(0, "alice", ["identity", "revoke", "deploy-agent-01", "--push"])
        governance.clock.advance(30 * 86_400)
        try governance.expect(0, "gate", ["gate", "--record"])
        let json = try Self.replay(governance, [id.text], status: 0)
        let decisions = (json["replays"]?.arrayValue ?? []).map { $0.at("replayed", "decision", "rule")?.stringValue }
        #expect(decisions.first == "prod-needs-approval", "\(json)")
    }

    @Test("no network is needed")
    func offline() throws {
        let ledger = try ExecutedLedger.copy()
        try ledger.governance.git("sam", "config", "remote.origin.url", "/nowhere")
        try ledger.governance.expect(0, "sam", ["replay", "--all"])
    }

    // MARK: - What a service's own key says wrongly

    enum Lie: String, CaseIterable {
        case result, rule, plan, proposer, approvers, otherMain, engine, engineAndResult

        var event: String { self == .approvers ? "claim" : "decision" }
        var status: Int32 { self == .engine || self == .engineAndResult ? 1 : 30 }

        var outcome: String {
            switch self {
            case .otherMain: "impossible"
            case .engine: "same"
            case .engineAndResult: "other_engine"
            default: "differs"
            }
        }

        /// The member that comes out otherwise.
        var member: String? {
            switch self {
            case .result, .engineAndResult: "decision.result"
            case .rule: "decision.rule"
            case .plan: "plan"
            case .proposer: "proposer"
            case .approvers: "approved_by"
            case .otherMain, .engine: nil
            }
        }

        func tell(_ json: inout JSONValue) {
            var body = json[event] ?? .null
            var decision = body["decision"] ?? .null
            switch self {
            case .result, .engineAndResult: decision["result"] = "allow"
            case .rule: decision["rule"] = "anything-goes"
            case .plan: body["plan"] = .string(Digest(of: [1]).description)
            case .proposer: body["proposer"] = "rogue"
            case .approvers: body["approved_by"] = ["carol"]
            case .otherMain: json["main"] = .string(String(repeating: "1", count: 40))
            case .engine: break
            }
            if self == .engine || self == .engineAndResult { body["engine"] = "1" }
            body["decision"] = decision
            json[event] = body
            json["by"] = "runner"
        }
    }

    @Test(
        "a decision that a service's key recorded wrongly is found, and shown beside the right one",
        arguments: Lie.allCases)
    func lie(_ lie: Lie) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        try forgery.append(copying: try forgery.newest(lie.event)) { lie.tell(&$0) }
        let place = forgery.entries.count - 1
        forgery.editMessage(place) { message in
            let parts = message.split(separator: "Agentsafe-Decision: ", maxSplits: 1)
            guard parts.count == 2, let end = parts[1].firstIndex(of: "\n") else { return message }
            let rule = lie == .rule ? "anything-goes" : "prod-needs-approval"
            let result = lie.event == "claim" || lie.member == "decision.result" ? "allow" : "require_approval"
            return "\(parts[0])Agentsafe-Decision: \(result) \(rule)\(parts[1][end...])"
        }
        let made = try forgery.publish(from: place)
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains(try #require(made[place]).prefix(12)), "\(told)")

        let json = try Self.replay(governance, [ledger.id.text], status: lie.status)
        #expect(json["authentic"] == false && json["refusal"]?.stringValue?.contains("ledger commit") == true)
        #expect(
            Self.outcomes(json) == ["decision same", "claim same", "\(lie.event) \(lie.outcome)"], "\(json)")
        let forged = try #require(json["replays"]?.arrayValue?.last)
        #expect(forged["commit"]?.stringValue == made[place])
        let members = (forged["differences"]?.arrayValue ?? []).compactMap { $0["member"]?.stringValue }
        #expect(members == (lie.member.map { [$0] } ?? []), "\(forged)")
        if lie == .result {
            #expect(
                forged["differences"]
                    == [["member": "decision.result", "recorded": "allow", "replayed": "require_approval"]])
            #expect(forged["problem"] == .null, "the forger left no fault of form: \(forged)")
        }
        if lie == .otherMain {
            #expect(forged["problem"]?.stringValue?.isEmpty == false && forged["replayed"] == .null)
        }

        let text = try governance.expect(lie.status, "sam", ["replay", ledger.id.text])
        #expect(text.errors.hasPrefix("warning: main or ledger is not authentic, and was read without trust: "))
        if lie == .result {
            #expect(
                text.output.contains("\n  decision.result: recorded \"allow\", replayed \"require_approval\""),
                "\(text)")
        }
        if lie.status == 1 {
            #expect(
                text.output.contains("engine version 1 decided, and this is version \(PolicyEngine.version)"), "\(text)"
            )
        }
    }

    @Test("a ledger that is not authentic elsewhere is never a success, though what was asked for is the same")
    func tamperedElsewhere() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let place = try forgery.newest("execution")
        forgery.edit(try forgery.file("-after.json", of: place), from: place, "{}\n")
        try forgery.publish(from: place)
        try governance.git("sam", "fetch", "-q")
        try governance.expect(30, "sam", ["verify"])
        let json = try Self.replay(governance, [ledger.id.text], status: 30)
        #expect(json["result"] == "not_authentic" && Self.outcomes(json) == ["decision same", "claim same"], "\(json)")
    }

    @Test("a commit without an event is named, and the rest is replayed")
    func unreadable() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        try governance.git("stranger", "fetch", "-q")
        let junk = try governance.commit(
            "stranger", tree: "origin/ledger^{tree}", parents: ["origin/ledger"], message: "junk", signedBy: "runner")
        try governance.push("stranger", junk, to: "ledger")
        let json = try Self.replay(governance, ["--all"], status: 30)
        #expect(
            json["unreadable"]?.arrayValue?.first?.stringValue?.hasPrefix("ledger commit \(junk.prefix(12)): ") == true)
        #expect(json["result"] == "not_authentic")
    }

    @Test("a change or height without a recorded decision is a failure, and a wish that is none is wrong usage")
    func nothing() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        for (arguments, words) in [
            (["chg-20261122-7f3k9q2m4x"], "there is no recorded decision on `chg-20261122-7f3k9q2m4x`"),
            (["--height", "0"], "at height 0 the ledger records no decision"), (["--height", "999"], "at height 999"),
        ] {
            let result = try governance.expect(1, "sam", ["replay"] + arguments)
            #expect(result.output.isEmpty && result.errors.contains(words), "\(result)")
        }
        for arguments in [[], ["--all", ledger.id.text], ["--height", "1", "--all"], ["--height=x"], ["x"]] {
            let result = try governance.expect(2, "sam", ["replay"] + arguments)
            #expect(result.output.isEmpty, "\(result)")
        }
    }
}
