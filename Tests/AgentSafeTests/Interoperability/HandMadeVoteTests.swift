import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("Votes made by hand with ssh-keygen and git")
struct HandMadeVoteTests {
    /// A change in production that waits for one approval.
    final class Ballot {
        let governance: Governance
        let id: ChangeID
        let digest: String
        let plan: String
        private var casts = 0

        init(prepare: (Governance) throws -> Void = { _ in }) throws {
            governance = try Governance()
            try prepare(governance)
            id = try governance.propose(target: "prod/api-server", ["replicas=5"])
            let judged = try governance.gate(id, expecting: 10)
            digest = try #require(judged["digest"]?.stringValue)
            plan = try #require(judged["plan"]?.stringValue)
        }

        func statement(_ verdict: String = "approve", by voter: String = "bob", plan other: String? = nil) throws
            -> String
        {
            let configuration = try governance.read("stranger", "agentsafe.yaml")
            let line = try #require(configuration.split(separator: "\n").first { $0.hasPrefix("repository: ") })
            return "\(verdict) \(id) \(digest) plan=\(other ?? plan) by=\(voter) at=\(governance.clock.timestamp) "
                + "repo=\(line.dropFirst("repository: ".count))"
        }

        /// Commits with stock git and pushes a vote branch.
        func cast(
            _ statement: String, signature: String, as actor: String = "bob", branch: String? = nil,
            options: [String] = ["--allow-empty", "-S"], prepare: () throws -> Void = {}
        ) throws {
            try governance.update(actor)
            try governance.git(actor, "checkout", "-q", "--detach", "origin/main")
            try prepare()
            let arguments =
                ["git", "-C", governance.clone(actor), "commit", "-q"] + options + [
                    "-m", "My vote", "--trailer", "Agentsafe-Vote: \(statement)", "--trailer",
                    "Agentsafe-Vote-Signature: \(Governance.withoutArmor(signature))",
                ]
            _ = try governance.run(arguments, as: actor)
            casts += 1
            let name = branch ?? "vote/\(id)/\(actor)-hand\(casts)"
            try governance.git(actor, "push", "-q", "origin", "HEAD:refs/heads/\(name)")
        }

        func sign(_ text: String, as actor: String = "bob", namespace: String = "vote@agentsafe") throws -> String {
            try governance.sshSign(Array(text.utf8), namespace: namespace, as: actor)
        }

        var state: String { get throws { try governance.state(of: id) } }
    }

    @Test("a vote by hand counts, is recorded, and is proved by everybody", arguments: Governance.KeyType.all)
    func counts(_ type: Governance.KeyType) throws {
        let ballot = try Ballot { try $0.enlist("dora", as: ["--kind", "person", "--role", "approver"], key: type) }
        let governance = ballot.governance
        #expect(try ballot.state == "awaiting_approval")
        let statement = try ballot.statement(by: "dora")
        try ballot.cast(statement, signature: try ballot.sign(statement, as: "dora"), as: "dora")
        #expect(try ballot.state == "approved")
        try governance.land(ballot.id)
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        guard case .statement(let signed)? = try governance.record(of: ballot.id).votes.first?.form else {
            Issue.record("the vote is not recorded")
            return
        }
        #expect(signed.statement.text == statement)
        try governance.update("stranger")
        #expect(try governance.verdicts("stranger").allSatisfy { $0.verdict == "G" && $0.signer == $0.author })
        try governance.expect(0, "stranger", ["verify"])
    }

    @Test("a rejection by hand stops the change, its author's approval frees it, and the agent's withdrawal ends it")
    func verdicts() throws {
        let ballot = try Ballot()
        let no = try ballot.statement("reject", by: "carol")
        try ballot.cast(no, signature: try ballot.sign(no, as: "carol"), as: "carol")
        #expect(try ballot.state == "rejected")
        ballot.governance.clock.advance(60)
        let yes = try ballot.statement("approve", by: "carol")
        try ballot.cast(
            yes, signature: try ballot.sign(yes, as: "carol"), as: "carol", branch: "vote/\(ballot.id)/carol-2")
        #expect(try ballot.state == "approved")
        ballot.governance.clock.advance(60)
        let never = try ballot.statement("withdraw", by: "deploy-agent-01")
        try ballot.cast(
            never, signature: try ballot.sign(never, as: "agent", namespace: "change@agentsafe"), as: "agent",
            branch: "change/withdrawn/\(ballot.id)/deploy-agent-01-1")
        #expect(try ballot.state == "withdrawn")
    }

    struct Case: Sendable {
        let name: String
        let cast: @Sendable (Ballot) throws -> Void
        init(_ name: String, _ cast: @escaping @Sendable (Ballot) throws -> Void) {
            self.name = name
            self.cast = cast
        }
    }

    static let void = [
        Case("signed for another purpose") {
            let text = try $0.statement()
            try $0.cast(text, signature: try $0.sign(text, namespace: "git"))
        },
        Case("signed with a final line feed") {
            let text = try $0.statement()
            try $0.cast(text, signature: try $0.sign(text + "\n"))
        },
        Case("edited after signing") {
            let text = try $0.statement("reject")
            try $0.cast(text.replacing("reject", with: "approve"), signature: try $0.sign(text))
        },
        Case("by somebody without the right") {
            let text = try $0.statement(by: "sam")
            try $0.cast(text, signature: try $0.sign(text, as: "sam"), as: "sam")
        },
        Case("in another's name") {
            let text = try $0.statement(by: "bob")
            try $0.cast(text, signature: try $0.sign(text, as: "sam"), as: "sam", branch: "vote/\($0.id)/bob-x")
        },
        Case("by the agent that proposed it") {
            let text = try $0.statement(by: "deploy-agent-01")
            try $0.cast(
                text, signature: try $0.sign(text, as: "agent"), as: "agent", branch: "vote/\($0.id)/deploy-agent-01-x")
        },
        Case("on a branch that bears another's name") {
            let text = try $0.statement()
            try $0.cast(text, signature: try $0.sign(text), branch: "vote/\($0.id)/carol-x")
        },
        Case("in a commit that changes a file") { ballot in
            let text = try ballot.statement()
            try ballot.cast(text, signature: try ballot.sign(text), options: ["-S"]) {
                try ballot.governance.write("bob", "docs/x", "x")
                try ballot.governance.git("bob", "add", "docs")
            }
        },
        Case("for another plan") {
            let text = try $0.statement(plan: Digest(of: [1]).description)
            try $0.cast(text, signature: try $0.sign(text))
        },
        Case("for another repository") {
            let text = try $0.statement().replacing("repo=", with: "repo=x")
            try $0.cast(text, signature: try $0.sign(text))
        },
        Case("for an edited change") {
            let text = try $0.statement().replacing($0.digest, with: Digest(of: [1]).description)
            try $0.cast(text, signature: try $0.sign(text))
        },
        Case("dated in the future") {
            let now = $0.governance.clock.timestamp
            let text = try $0.statement().replacing("at=\(now)", with: "at=\(now + .seconds(301))")
            try $0.cast(text, signature: try $0.sign(text))
        },
        Case("spelled otherwise") {
            let text = try $0.statement().replacing(" plan=", with: "  plan=")
            try $0.cast(text, signature: try $0.sign(text))
        },
        Case("with an unknown trailer of ours beside it") {
            let text = try $0.statement()
            try $0.cast(
                text, signature: try $0.sign(text),
                options: ["--allow-empty", "-S", "--trailer", "Agentsafe-Approve: everything"])
        },
        Case("outside of the vote branches") {
            let text = try $0.statement()
            try $0.cast(text, signature: try $0.sign(text), branch: "notes/\($0.id)/bob-x")
        },
    ]

    @Test("a vote that is not exactly its voter's own counts for nothing, and stops nobody else's")
    func countsForNothing() throws {
        let ballot = try Ballot()
        for test in Self.void {
            try test.cast(ballot)
            let state = try ballot.state
            #expect(state == "awaiting_approval", "\(test.name)")
        }
        let text = try ballot.statement(by: "carol")
        try ballot.cast(text, signature: try ballot.sign(text, as: "carol"), as: "carol")
        #expect(try ballot.state == "approved")
    }
}
