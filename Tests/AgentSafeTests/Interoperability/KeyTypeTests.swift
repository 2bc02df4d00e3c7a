import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("What stock tools make counts, with every type of key")
struct KeyTypeTests {
    @Test(
        "an agent proposes and a person votes with agentsafe, and git and ssh-keygen accept it",
        arguments: Governance.KeyType.all)
    func throughAgentsafe(_ type: Governance.KeyType) throws {
        let governance = try Governance()
        try governance.enlist("robot", as: ["--kind", "agent", "--role", "deployer"], key: type)
        try governance.enlist("dora", as: ["--kind", "person", "--role", "approver"], key: type)
        let id = try governance.propose("robot", target: "prod/api-server", ["replicas=5"])
        _ = try governance.gate(id, expecting: 10)
        try governance.expect(0, "dora", ["approve", id.text, "--merge", "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.state(of: id) == "executed")
        try governance.update("stranger")
        let verdicts = try governance.verdicts("stranger")
        #expect(verdicts.allSatisfy { $0.verdict == "G" && $0.signer == $0.author })
        #expect(Set(verdicts.map(\.signer)).isSuperset(of: ["robot", "dora", "runner", "alice"]))
        let path = "\(id.folder)/change.yaml"
        let signature = String(decoding: try governance.blob("stranger", "origin/main", path + ".sig"), as: UTF8.self)
        let file = try governance.blob("stranger", "origin/main", path)
        #expect(try governance.sshAccepts(signature, of: file, by: "robot", namespace: "change@agentsafe"))
        try governance.expect(0, "stranger", ["verify"])
    }

    /// A change file as a person would type it.
    private func text(_ id: ChangeID, proposer: String, target: String, namespace: String, in governance: Governance)
        throws -> String
    {
        let configuration = try governance.read("stranger", "agentsafe.yaml")
        let line = try #require(configuration.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        return """
            apiVersion: agentsafe/v1
            kind: Change
            \(line)
            id: \(id)
            proposer: \(proposer)
            action: scale-deployment
            target: \(target)
            params:
              deployment: "api-server"
              namespace: "\(namespace)"
              replicas: 5
            reason: "Queue depth doubled since 14:00"
            created: \(governance.clock.timestamp)
            expires: \(governance.clock.timestamp + .seconds(86_400))

            """
    }

    /// Writes, signs and commits a change with nothing but ssh-keygen and git, and pushes it.
    private func handMade(_ text: String, _ id: ChangeID, by actor: String, in governance: Governance) throws {
        try governance.update(actor)
        try governance.git(actor, "checkout", "-q", "-b", id.branch)
        let path = "\(id.folder)/change.yaml"
        try governance.write(actor, path, text)
        _ = try governance.run(
            [
                "ssh-keygen", "-q", "-Y", "sign", "-n", "change@agentsafe", "-f", governance.key(actor),
                "\(governance.clone(actor))/\(path)",
            ], as: actor)
        try governance.git(actor, "add", "changes")
        try governance.git(actor, "commit", "-q", "-S", "-m", "A change, by hand")
        try governance.git(actor, "push", "-q", "origin", id.branch)
    }

    @Test(
        "a change made by hand with ssh-keygen and git passes the gate, is approved by a stock merge, and runs",
        arguments: Governance.KeyType.all)
    func byHand(_ type: Governance.KeyType) throws {
        let governance = try Governance()
        try governance.enlist("robot", as: ["--kind", "agent", "--role", "deployer"], key: type)
        try governance.enlist("dora", as: ["--kind", "person", "--role", "approver"], key: type)
        let id = ChangeID(now: governance.clock.timestamp, random: [1, 2, 3, 4, 5, 6, 7])
        let text = try text(id, proposer: "robot", target: "prod/api-server", namespace: "prod", in: governance)
        try handMade(text, id, by: "robot", in: governance)
        let judged = try governance.gate(id, expecting: 10)
        #expect(judged["proposer"]?.stringValue == "robot")
        #expect(judged["digest"]?.stringValue == Digest(of: Array(text.utf8)).description)
        try governance.mergeBySignature(id, as: "dora")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        let record = try governance.record(of: id)
        guard case .merge(_, let approval)? = record.votes.first?.form, record.votes.count == 1 else {
            Issue.record("the merge is not recorded as a vote: \(record.votes)")
            return
        }
        #expect(approval.voter == "dora")
        #expect(record.last(.execution)?.outcome == "succeeded")
        try governance.update("stranger")
        #expect(try governance.verdicts("stranger").allSatisfy { $0.verdict == "G" })
        try governance.expect(0, "stranger", ["verify"])
    }

    @Test("an allowed change made by hand lands by a stock merge that nobody signed")
    func landedUnsigned() throws {
        let governance = try Governance()
        let id = ChangeID(now: governance.clock.timestamp, random: [7, 6, 5, 4, 3, 2, 1])
        let text = try text(
            id, proposer: "deploy-agent-01", target: "staging/api-server", namespace: "staging", in: governance)
        try handMade(text, id, by: "agent", in: governance)
        _ = try governance.gate(id, expecting: 0)
        try governance.update("sam")
        try governance.git("sam", "merge", "-q", "--no-ff", "--no-edit", "origin/\(id.branch)")
        try governance.git("sam", "push", "-q", "origin", "main")
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.state(of: id) == "executed")
        try governance.expect(0, "sam", ["verify"])
    }

    struct Blunder: Sendable {
        let name: String
        let edit: @Sendable (String) -> String
        init(_ name: String, _ edit: @escaping @Sendable (String) -> String) {
            self.name = name
            self.edit = edit
        }
    }

    static let blunders = [
        Blunder("a comment") { "# note\n" + $0 },
        Blunder("no final line feed") { String($0.dropLast()) },
        Blunder("a plain string") { $0.replacing("\"prod\"", with: "prod") },
        Blunder("another order") {
            $0.replacing("action: scale-deployment\n", with: "")
                .replacing("kind: Change\n", with: "kind: Change\naction: scale-deployment\n")
        },
        Blunder("carriage returns") { $0.replacing("\n", with: "\r\n") },
        Blunder("a repository of somebody else") { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).map {
                $0.hasPrefix("repository: ") ? "repository: 00000000000000000000000000" : $0
            }.joined(separator: "\n")
        },
        Blunder("another proposer") { $0.replacing("proposer: deploy-agent-01", with: "proposer: sam") },
    ]

    @Test("a well-signed change whose file is not canonical, or is not the signer's, is refused by the gate")
    func notCanonical() throws {
        let governance = try Governance()
        for (index, blunder) in Self.blunders.enumerated() {
            let id = ChangeID(now: governance.clock.timestamp, random: [UInt8(index), 0, 0, 0, 0, 0, 0])
            let text = try text(
                id, proposer: "deploy-agent-01", target: "prod/api-server", namespace: "prod", in: governance)
            let edited = blunder.edit(text)
            try #require(edited != text, "\(blunder.name)")
            try handMade(edited, id, by: "agent", in: governance)
            try governance.git("sam", "fetch", "-q")
            let result = governance.agentsafe("sam", ["gate", "--head", "origin/\(id.branch)"])
            #expect(result.status == 30, "\(blunder.name): \(result)")
        }
    }
}
