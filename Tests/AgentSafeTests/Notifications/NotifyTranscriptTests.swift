import AgentSafeCLI
import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// What `agentsafe notify` prints, kept as a text that people can read: `CommandLine/Transcripts/notify.txt`.
/// `AGENTSAFE_RECORD=1 swift test --filter NotifyTranscript` writes it anew.
@Suite("Transcript of notifications")
struct NotifyTranscriptTests {
    @Test("the command prints what `Transcripts/notify.txt` shows")
    func transcript() throws {
        let governance = try Governance()
        try governance.configureNotifications([
            "{name: ops, kind: webhook}", "{name: chat, kind: slack, on: [approval_needed]}",
        ])
        let (hooks, chat) = (try Governance.receiver(), try WebhookServer())
        let chatURL = "http://127.0.0.1:\(chat.port)/services/T0/B0/very-secret"
        let up = Governance.machine("ops", hooks).merging(["AGENTSAFE_NOTIFY_CHAT_URL": chatURL]) { $1 }
        let down = up.merging(["AGENTSAFE_NOTIFY_OPS_URL": "http://127.0.0.1:1/very-secret"]) { $1 }
        var text = ""
        func agentsafe(_ actor: String, _ line: String, _ machine: [String: String]) throws {
            let lines = LineBuffer()
            let terminal = Terminal(
                write: { lines.append($0) }, say: { lines.append($0) }, ask: { _ in nil }, colors: false,
                showsProgress: false)
            let variables = machine.merging(["AGENTSAFE_KEY": governance.key(actor)]) { $1 }
            let status = CommandLineTool.run(
                ["agentsafe"] + (try ShellLines.words(line)), host: governance.host(actor, adding: variables),
                terminal: terminal)
            text += "\(actor)$ agentsafe \(line)\n\(lines.text)\n" + (status == 0 ? "" : "(exit \(status))\n")
        }
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("gate", "fetch", "-q")
        text += "# A receiver is down\n\n"
        try agentsafe("gate", "gate --record --head origin/\(id.branch)", down)
        try agentsafe("gate", "notify --list", down)
        try agentsafe("gate", "notify", down)
        text += "\n# It is there again\n\n"
        try agentsafe("gate", "notify", up)
        try agentsafe("gate", "notify", up)
        try agentsafe("gate", "notify --test chat", up)
        text += "\n# What it does not take\n\n"
        let done = try governance.propose()
        try governance.land(done)
        try hooks.plan(["410"])
        try agentsafe("runner", "run \(done) \(try governance.cluster().joined(separator: " "))", up)
        try agentsafe("runner", "notify --list --output json", up)
        try agentsafe("runner", "notify --forget", up)
        try agentsafe("runner", "notify", up)
        text = text.split(separator: governance.directory.path, omittingEmptySubsequences: false).joined(
            separator: "/play")
        text = text.replacing(/sha256:[0-9a-f]{64}/) { _ in "sha256:<digest>" }
        var names: [String: String] = [:]
        for (pattern, prefix) in [(#/chg-[0-9]{8}-[0-9a-z]{10}/#, "chg-"), (#/\b[0-9a-z]{26}\b/#, "repository-")] {
            var count = 0
            text = text.replacing(pattern) { match in
                let found = String(match.output)
                if names[found] == nil {
                    count += 1
                    names[found] = "\(prefix)\(count)"
                }
                return names[found] ?? ""
            }
        }
        #expect(!text.contains("very-secret") && !text.contains("127.0.0.1"))
        let path = Governance.projectRoot + "/Tests/AgentSafeTests/CommandLine/Transcripts/notify.txt"
        if Host.real().environment["AGENTSAFE_RECORD"] == "1" { try Files.writeAtomically(path, Array(text.utf8)) }
        let kept = String(decoding: try Files.read(path), as: UTF8.self)
        #expect(text == kept)
    }
}
