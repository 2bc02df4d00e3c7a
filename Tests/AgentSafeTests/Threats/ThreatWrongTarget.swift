import ChangeModel
import Testing

@Suite("Threat 15: a dev target is named, and production's params are passed")
struct ThreatWrongTarget {
    static let bindings = [
        ["namespace=prod"], ["deployment=web"], ["namespace=prod", "deployment=api-server"],
        ["namespace=dev", "deployment=payments"],
    ]

    @Test("the proposal is denied, and nothing is written", arguments: bindings)
    func denied(binding: [String]) throws {
        let governance = try Governance()
        let result = try governance.expect(
            20, "agent",
            [
                "propose", "scale-deployment", "--target", "staging/api-server", "--reason", "Busy", "--push",
                "--output", "json",
                "--param", "replicas=6",
            ] + binding.flatMap { ["--param", $0] })
        #expect(try result.json.at("decision", "code")?.stringValue == "target_binding")
        #expect(try result.json.at("decision", "reason")?.stringValue?.contains("is bound to") == true)
        #expect(try governance.run(["git", "-C", governance.remote, "branch", "--list", "change/*"]).isEmpty)
        #expect(try governance.git("agent", "branch", "--list", "change/*").isEmpty)
    }

    /// Written in spite of the denial, or by hand and pushed by git.
    private enum Origin { case anyway, byHand }

    private func proposal(_ origin: Origin, _ binding: [String], in governance: Governance) throws -> ChangeID {
        switch origin {
        case .anyway: return try governance.propose("agent", ["replicas=6"] + binding, options: ["--anyway"])
        case .byHand:
            let id = try governance.propose()
            try governance.rewrite(id) { text in
                let lines =
                    binding.map { "  " + $0.split(separator: "=").joined(separator: ": \"") + "\"" } + ["  replicas: 6"]
                return text.replacing("  replicas: 6\n", with: lines.sorted().joined(separator: "\n") + "\n")
            }
            return id
        }
    }

    @Test("a file that says so all the same is denied by gate and run", arguments: bindings)
    func written(binding: [String]) throws {
        try check(.byHand, binding)
    }

    @Test("and so is one that was written in spite of the denial")
    func writtenAnyway() throws {
        try check(.anyway, Self.bindings[2])
    }

    private func check(_ origin: Origin, _ binding: [String]) throws {
        let governance = try Governance()
        let id = try proposal(origin, binding, in: governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 20)
        #expect(gate.judged?.at("decision", "code")?.stringValue == "target_binding", "\(gate)")
        let name = binding[0].prefix { $0 != "=" }
        #expect(gate.judged?.at("decision", "reason")?.stringValue?.contains(name) == true, "\(gate)")
        // No approval changes that.
        #expect(
            try governance.expect(20, "bob", ["approve", id.text, "--yes"]).errors.contains("no vote changes that"))
        try governance.land(id)
        let run = try governance.runRefused(20, id)
        #expect(run.output.contains("is bound to"), "\(run)")
        try governance.verifyEverywhere(0)
    }

    @Test("advice instead of refusal, by `target_binding: advisory`, is for `check` and never for a change")
    func advisory() throws {
        let governance = try Governance()
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        let text = try governance.read("alice", "agentsafe.yaml")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter {
            !$0.hasPrefix("target_binding")
        }
        try governance.write("alice", "agentsafe.yaml", lines.joined(separator: "\n") + "target_binding: advisory\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Advise only", "--push"])
        let id = try governance.propose("agent", ["replicas=6", "namespace=prod"], options: ["--anyway"])
        #expect(try governance.gate(id).status == 20)
        try governance.land(id)
        try governance.runRefused(20, id)
    }

    @Test("params that say what the target says anyway are allowed")
    func control() throws {
        let governance = try Governance()
        let id = try governance.propose("agent", ["replicas=6", "namespace=staging", "deployment=api-server"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
    }
}
