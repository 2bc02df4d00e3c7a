import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("Stock git and ssh-keygen on what we make")
struct StockVerificationTests {
    /// A repository with an allowed change, one approved by a vote, one approved by a stock merge, a rollback, and a vote and
    /// a proposal that came to nothing; seen by the clone of somebody without rights.
    private static let story = Result {
        let governance = try Governance.keptForAll()
        try governance.execute(replicas: 6)
        let voted = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.expect(0, "bob", ["approve", voted.text, "--yes"])
        try governance.land(voted)
        try governance.expect(0, "runner", ["run", voted.text] + governance.cluster())
        let merged = try governance.propose(target: "prod/api-server", ["replicas=6"])
        try governance.mergeBySignature(merged, as: "carol")
        try governance.expect(0, "runner", ["run", merged.text] + governance.cluster())
        let rollback = try governance.expect(0, "agent", ["rollback", merged.text, "--push", "--output", "json"]).json
        let back = try #require(rollback["id"]?.stringValue.flatMap { ChangeID($0) })
        try governance.expect(0, "bob", ["approve", back.text, "--merge", "--yes"])
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        let rejected = try governance.propose(target: "prod/api-server", ["replicas=7"])
        try governance.expect(0, "carol", ["reject", rejected.text, "--yes"])
        _ = try governance.propose(action: "update-image", target: "prod/web", ["container=web", "image=web:2"])
        #expect(try governance.state(of: back) == "executed")
        #expect(try governance.state(of: rejected) == "rejected")
        try governance.update("stranger")
        return governance
    }

    @Test("git says G, and names the right signer, for every commit on every branch; verify-commit agrees")
    func commits() throws {
        let governance = try Self.story.get()
        let verdicts = try governance.verdicts("stranger")
        // main, ledger, change/* and vote/* all have commits here.
        let branches = try governance.git("stranger", "branch", "-r", "--format=%(refname:lstrip=3)")
        for prefix in ["main", "ledger", "change/", "vote/"] {
            #expect(branches.split(separator: "\n").contains { $0.hasPrefix(prefix) }, "\(branches)")
        }
        #expect(verdicts.count > 35)
        for (commit, verdict, signer, author) in verdicts {
            let subject = try governance.git("stranger", "log", "-1", "--format=%s", commit)
            #expect(verdict == "G", "\(commit) \(subject)")
            #expect(signer == author, "\(commit) \(subject)")
            let result = try governance.tryGit("stranger", "verify-commit", commit)
            #expect(result.status == 0, "\(subject): \(result.errorText)")
        }
        try governance.expect(0, "stranger", ["verify"])
    }

    @Test("ssh-keygen accepts every change's signature for its proposer, for nobody else and for nothing else")
    func changes() throws {
        let governance = try Self.story.get()
        let paths = try governance.files("stranger", "origin/main", "changes/").filter { $0.hasSuffix("/change.yaml") }
        #expect(paths.count == 4)
        for path in paths {
            let file = try governance.blob("stranger", "origin/main", path)
            let signature = String(
                decoding: try governance.blob("stranger", "origin/main", path + ".sig"), as: UTF8.self)
            func accepts(_ identity: String, _ namespace: String, _ bytes: [UInt8]) throws -> Bool {
                try governance.sshAccepts(signature, of: bytes, by: identity, namespace: namespace)
            }
            #expect(try accepts("deploy-agent-01", "change@agentsafe", file))
            #expect(try !accepts("bob", "change@agentsafe", file))
            #expect(try !accepts("deploy-agent-01", "git", file))
            #expect(try !accepts("deploy-agent-01", "change@agentsafe", file + [0x0A]))
        }
    }

    @Test("ssh-keygen accepts every vote, on its branch and in the ledger, by its text and base64 alone")
    func votes() throws {
        let governance = try Self.story.get()
        let format =
            "--format=%(trailers:key=Agentsafe-Vote,valueonly)%(trailers:key=Agentsafe-Vote-Signature,valueonly)"
        let branches = try governance.git(
            "stranger", "for-each-ref", "--format=%(refname)", "refs/remotes/origin/vote/")
        var votes = try branches.split(separator: "\n").map { branch in
            let lines = try governance.git("stranger", "log", "-1", format, String(branch)).split(separator: "\n")
            return (String(lines[0]), String(lines[1]))
        }
        #expect(votes.count == 3)
        let recorded = try governance.files("stranger", "origin/ledger", "changes/").filter {
            $0.hasSuffix("-vote.json")
        }
        for path in recorded {
            let body = try JSONValue(parsing: try governance.blob("stranger", "origin/ledger", path))["vote"]
            if let text = body?["statement"]?.stringValue, let signature = body?["signature"]?.stringValue {
                votes.append((text, signature))
            }
        }
        #expect(votes.count == 5)
        for (text, signature) in votes {
            let voter = try #require(VoteStatement(text)).voter
            let armored = Governance.armor(signature)
            #expect(try governance.sshAccepts(armored, of: Array(text.utf8), by: voter, namespace: "vote@agentsafe"))
            #expect(try !governance.sshAccepts(armored, of: Array(text.utf8), by: "alice", namespace: "vote@agentsafe"))
            #expect(
                try !governance.sshAccepts(
                    armored, of: Array((text + "\n").utf8), by: voter, namespace: "vote@agentsafe"))
        }
    }

    @Test("ssh-keygen accepts every trust statement for the admin whose name it bears")
    func trust() throws {
        let governance = try Self.story.get()
        let statements = try governance.files("stranger", "origin/main", "trust/").filter {
            $0.hasSuffix("statement.txt")
        }
        #expect(statements.count == 8)
        for path in statements {
            let text = try governance.blob("stranger", "origin/main", path)
            let signaturePath = path.dropLast("statement.txt".count) + "alice.sig"
            let signature = String(
                decoding: try governance.blob("stranger", "origin/main", String(signaturePath)), as: UTF8.self)
            #expect(try governance.sshAccepts(signature, of: text, by: "alice", namespace: "trust@agentsafe"))
            #expect(try !governance.sshAccepts(signature, of: text, by: "bob", namespace: "trust@agentsafe"))
            #expect(try !governance.sshAccepts(signature, of: text, by: "alice", namespace: "git"))
        }
    }

    static let reserved: [(actor: String, namespace: String)] = [
        ("agent", "vote@agentsafe"), ("rogue", "vote@agentsafe"), ("runner", "vote@agentsafe"),
        ("runner", "change@agentsafe"), ("gate", "change@agentsafe"), ("bob", "trust@agentsafe"),
        ("agent", "trust@agentsafe"), ("stranger", "change@agentsafe"),
    ]

    @Test("a good signature by somebody without the right is none to ssh-keygen either", arguments: reserved)
    func namespaces(_ actor: String, _ namespace: String) throws {
        let governance = try Self.story.get()
        let message = Array("text".utf8)
        let signature = try governance.sshSign(message, namespace: namespace, as: actor)
        let identity = Governance.identity(actor)
        #expect(try !governance.sshAccepts(signature, of: message, by: identity, namespace: namespace))
        if actor != "stranger" {
            let usual = try governance.sshSign(message, namespace: "git", as: actor)
            #expect(try governance.sshAccepts(usual, of: message, by: identity, namespace: "git"))
        }
    }

    @Test("git fsck --strict has nothing to say about the remote or any clone")
    func fsck() throws {
        let governance = try Self.story.get()
        for folder in [governance.remote] + Governance.actors.map({ governance.clone($0) }) {
            let result = try Program.run(
                ["git", "-C", folder, "fsck", "--strict", "--full", "--no-dangling"],
                environment: governance.environment("alice"), timeout: 120)
            #expect(
                result.status == 0 && result.outputText.isEmpty, "\(folder): \(result.outputText) \(result.errorText)")
        }
    }

    @Test("the ledger's log alone reads as the story")
    func log() throws {
        let governance = try Governance()
        let id = try governance.execute(replicas: 6)
        try governance.git("stranger", "fetch", "-q")
        let subjects = try governance.git("stranger", "log", "--reverse", "--format=%s", "origin/ledger")
            .split(separator: "\n").map(String.init)
        let story = subjects.filter { $0.contains(id.text) }
        let beginnings = ["decision \(id): allow", "claim \(id): scale-", "prepared \(id): ", "execution \(id): "]
        try #require(story.count == beginnings.count, "\(subjects)")
        for (subject, beginning) in zip(story, beginnings) { #expect(subject.hasPrefix(beginning), "\(subject)") }
        let parsed = try governance.git(
            "stranger", "log", "-1", "--format=%(trailers:key=Agentsafe-Event,valueonly)", "origin/ledger")
        #expect(parsed == "execution")
    }
}
