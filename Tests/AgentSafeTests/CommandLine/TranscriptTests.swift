import AgentSafeCLI
import ChangeModel
import OperatingSystem
import Testing

/// What the tool prints on the way from `init` to `verify`, kept as a text that people can read: `Transcripts/story.txt`.
/// `AGENTSAFE_RECORD=1 swift test --filter Transcript` writes it anew.
@Suite("Transcript")
struct TranscriptTests {
    @Test("the whole story prints what `Transcripts/story.txt` shows")
    func story() throws {
        let story = try Story()
        try story.play()
        let path = Files.parent(of: #filePath) + "/Transcripts/story.txt"
        let told = story.text
        if Host.real().environment["AGENTSAFE_RECORD"] == "1" { try Files.writeAtomically(path, Array(told.utf8)) }
        let kept = String(decoding: try Files.read(path), as: UTF8.self)
        let (new, old) = (
            told.split(separator: "\n", omittingEmptySubsequences: false),
            kept.split(separator: "\n", omittingEmptySubsequences: false)
        )
        for (line, (one, other)) in zip(new, old).enumerated() {
            try #require(one == other, "line \(line + 1)")
        }
        #expect(new.count == old.count)
    }
}

/// A governance repository from its first command on, with all that is printed.
private final class Story {
    private let governance: Governance
    private var lines: [String] = []
    private let root: String

    init() throws {
        governance = try Governance()
        root = try governance.folder("play")
        for key in ["alice", "bob", "agent", "runner"] {
            for suffix in ["", ".pub"] { try governance.run(["cp", "-p", governance.key(key) + suffix, root]) }
        }
        _ = try governance.cluster()
        try governance.run(["cp", governance.clusterFile, root])
        try governance.run(["git", "init", "-q", "--bare", "-b", "main", "\(root)/remote.git"])
    }

    func play() throws {
        title("A governance repository")
        agentsafe("alice", ".", "init governance --admin alice --key alice.key --remote \(root)/remote.git --push")
        agentsafe(
            "alice", "governance", "identity add bob --kind person --role approver --key-file ../bob.key.pub --push")
        agentsafe(
            "alice", "governance",
            "identity add deploy-agent-01 --kind agent --role deployer --key-file ../agent.key.pub --push")
        agentsafe(
            "alice", "governance",
            "identity add runner-1 --kind service --role runner --key-file ../runner.key.pub --push")
        agentsafe("alice", "governance", "validate")
        title("The agent's clone")
        try git(".", "clone -q remote.git agent")
        agentsafe("agent", "agent", "setup")
        let genesis = try governance.run(["git", "-C", "\(root)/governance", "config", "agentsafe.genesis"])
        agentsafe("agent", "agent", "setup --genesis \(genesis) --key ../agent.key")
        agentsafe("agent", "agent", "actions --as deploy-agent-01 --target prod/api-server")
        title("What the policy denies is not written")
        agentsafe("agent", "agent", "propose delete-namespace --target prod/namespace --reason 'Clean up'")
        agentsafe("agent", "agent", "propose scale-deploymnt --target staging/api-server --reason 'More'")
        title("What it allows")
        let words = "--param replicas=6 --reason 'Queue depth doubled since 14:00' --push"
        let staging = try propose("scale-deployment --target staging/api-server \(words)")
        agentsafe("agent", "agent", "gate --head change/\(staging)")
        try git("agent", "push -q origin change/\(staging):main")
        agentsafe("runner", "governance", "setup --key ../runner.key")
        agentsafe("runner", "governance", "run --key ../runner.key --cluster embedded:../cluster.json")
        agentsafe("runner", "governance", "status \(staging)")
        title("What needs approval")
        let prod = try propose("scale-deployment --target prod/api-server \(words)")
        agentsafe("agent", "agent", "status \(prod)")
        agentsafe("bob", "governance", "approve \(prod) --key ../bob.key --merge --yes")
        agentsafe("runner", "governance", "run --key ../runner.key --cluster embedded:../cluster.json")
        title("The way back")
        let back = try propose("\(prod) --push", command: "rollback")
        agentsafe("bob", "governance", "approve \(back) --key ../bob.key --merge --yes --output json")
        agentsafe("runner", "governance", "run --key ../runner.key --cluster embedded:../cluster.json --output json")
        title("The evidence")
        try git("governance", "fetch -q")
        agentsafe("alice", "governance", "show \(prod)")
        agentsafe("alice", "governance", "log")
        agentsafe("alice", "governance", "verify")
        title("A copy that nobody here can change, and an auditor who has nothing else")
        agentsafe("alice", "governance", "ledger ship ../evidence")
        agentsafe("alice", "governance", "ledger ship ../evidence")
        agentsafe("alice", ".", "ledger verify-shipped evidence --genesis \(genesis)")
        try governance.run([
            "sh", "-c", "cd \(root)/evidence && rm 000000000003.bundle && mv 000000000005.bundle 000000000003.bundle",
        ])
        agentsafe("alice", ".", "ledger verify-shipped evidence --genesis \(genesis)")
    }

    private func title(_ text: String) { lines.append((lines.isEmpty ? "" : "\n") + "# \(text)\n") }

    @discardableResult
    private func agentsafe(_ actor: String, _ folder: String, _ line: String) -> String {
        let printed = LineBuffer()
        let terminal = Terminal(
            write: { printed.append($0) }, say: { printed.append($0) }, ask: { _ in nil }, colors: false,
            showsProgress: false)
        let words = (try? ShellLines.words(line)) ?? []
        let status = CommandLineTool.run(
            ["agentsafe"] + words, host: governance.host(actor, in: folder == "." ? root : "\(root)/\(folder)"),
            terminal: terminal)
        lines.append(
            "\(folder == "." ? "" : folder)$ agentsafe \(line)\n\(printed.text)"
                + (status == 0 ? "" : "\n(exit \(status))"))
        return printed.text
    }

    private func git(_ folder: String, _ line: String) throws {
        let printed = try governance.run(
            ["git", "-C", "\(root)/\(folder)"] + line.split(separator: " ").map(String.init))
        lines.append("\(folder == "." ? "" : folder)$ git \(line)" + (printed.isEmpty ? "" : "\n\(printed)"))
    }

    private func propose(_ line: String, command: String = "propose") throws -> String {
        let text = agentsafe("agent", "agent", "\(command) \(line)")
        return String(try #require(text.firstMatch(of: /^chg-[0-9]{8}-[0-9a-z]{10}/)?.output, "\(text)"))
    }

    /// Identifiers, digests and commits are numbered in the order in which they appear; places and timings are named.
    var text: String {
        var names = Names()
        var text = lines.joined(separator: "\n") + "\n"
        text = text.split(separator: root, omittingEmptySubsequences: false).joined(separator: "/play")
        text = text.replacing(/chg-[0-9]{8}-[0-9a-z]{10}/) { names.name(String($0.output), "chg-") }
        text = text.replacing(/SHA256:[A-Za-z0-9+\/]{43}/) { names.name(String($0.output), "SHA256:key-") }
        text = text.replacing(/sha256:[0-9a-f]{64}/) { names.name(String($0.output), "sha256:digest-") }
        text = text.replacing(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/) { _ in "<uid>" }
        text = text.replacing(/\b[0-9a-f]{40}\b/) { names.name(String($0.output.prefix(12)), "commit-") }
        text = text.replacing(/\b[0-9a-f]{12}\b(?!\.bundle)/) { names.name(String($0.output), "commit-") }
        text = text.replacing(/\b[0-9a-z]{26}\b/) { names.name(String($0.output), "repository-") }
        text = text.replacing(/(\/[a-z0-9-]+)-[0-9a-z]{8}\b/) { "\($0.output.1)-<random>" }
        text = text.replacing(/in [0-9]+ ms \([0-9]+ commits/) { _ in "in <some> ms (<many> commits" }
        return text
    }

    private struct Names {
        private var known: [String: String] = [:]
        private var counts: [String: Int] = [:]

        mutating func name(_ text: String, _ prefix: String) -> String {
            if let name = known[text] { return name }
            counts[prefix, default: 0] += 1
            let name = "\(prefix)\(counts[prefix] ?? 0)"
            known[text] = name
            return name
        }
    }
}
