import ChangeModel
import Testing

@Suite("An external ticket")
struct TicketTests {
    @Test("finds in the log all that was done for it, and stock git finds the same")
    func log() throws {
        let governance = try Governance()
        try governance.execute()
        let id = try governance.propose("agent", ["replicas=7"], options: ["--ticket", "INC-42"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.git("sam", "fetch", "-q", "--prune")
        func found(_ options: String...) throws -> [(event: String, change: String?)] {
            let result = try governance.expect(0, "sam", ["log", "--output", "json"] + options)
            return (try result.json["events"]?.arrayValue ?? []).map {
                ($0["event"]?.stringValue ?? "", $0.at("change", "id")?.stringValue)
            }
        }
        let all = try found("--ticket", "INC-42")
        #expect(all.map(\.event).contains("claim") && all.map(\.event).contains("execution"))
        #expect(all.allSatisfy { $0.change == id.text })
        #expect(try found("--change", id.text).count == all.count)
        let commits = try governance.git("sam", "log", "--format=%s", "--grep", "ticket INC-42", "origin/ledger")
        #expect(commits.split(separator: "\n").count == all.count)
        #expect(commits.split(separator: "\n").allSatisfy { $0.contains(id.text) })
        #expect(try found("--ticket", "INC-4").isEmpty)
        #expect(try found("--ticket", "INC-42", "--event", "execution").map(\.event) == ["execution"])
        #expect(try found("--event", "execution", "--target", "staging/api-server").count == 2)
        #expect(try found("--event", "execution", "--target", "staging/api").isEmpty)
        #expect(try found("--event", "execution", "--action", "scale-deployment", "--limit", "1").count == 1)
        #expect(try found("--by", "deploy-agent-01", "--event", "claim").count == 2)
        #expect(try found("--by", "bob").isEmpty)
        #expect(try found("--grep", "queue DEPTH", "--event", "claim").count == 2)
        #expect(try found("--since", governance.clock.timestamp.description, "--ticket", "INC-42").count == all.count)
        #expect(try found("--since", (governance.clock.timestamp + .seconds(1)).description).isEmpty)
        #expect(try found("--until", "2020-01-01T00:00:00Z").isEmpty)
        let show = try governance.expect(0, "sam", ["show", id.text])
        #expect(show.output.contains("ticket: INC-42"))
        let text = try governance.expect(0, "sam", ["log", "--ticket", "INC-42"])
        #expect(text.output.contains("[INC-42]") && text.output.contains("execution \(id)"))
    }

    @Test("must look like the repository's tickets, or the change is denied, and the record says why")
    func pattern() throws {
        let governance = try Governance()
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        let settings = try governance.read("alice", "agentsafe.yaml")
        try governance.write("alice", "agentsafe.yaml", settings + "ticket_pattern: \"INC-[0-9]{1,6}\"\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Hold tickets to a pattern", "--push"])
        try governance.git("agent", "fetch", "-q", "--prune")
        let refused = governance.agentsafe(
            "agent",
            [
                "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--reason",
                "x",
                "--ticket", "CHG-1", "--output", "json",
            ])
        #expect(refused.status == 20, "\(refused)")
        #expect("\(refused)".contains("ticket_invalid"), "\(refused)")
        let id = try governance.propose(options: ["--ticket", "INC-7"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("with text that looks like a trailer stays a note, and forges nothing")
    func trailerText() throws {
        let governance = try Governance()
        let id = try governance.propose(options: ["--ticket", "Agentsafe-Event: execution"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
        let messages = try governance.git("sam", "log", "--format=%B", "origin/ledger")
        #expect(messages.contains("    ticket Agentsafe-Event: execution"))
        #expect(!messages.split(separator: "\n").contains("ticket Agentsafe-Event: execution"))
    }
}
