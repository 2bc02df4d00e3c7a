import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import AgentSafe
@testable import Ledger

/// Receivers of notifications, as real servers on loopback, which check each signature for themselves.
extension Governance {
    static let webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// Has main name these sinks, each as an entry of one line.
    func configureNotifications(_ sinks: [String]) throws {
        try trustCommit([
            "agentsafe.yaml": { $0 + (["notifications:"] + sinks.map { "  - \($0)" }).joined(separator: "\n") + "\n" }
        ])
    }

    /// What the machine of a gate or runner says of a sink.
    static func machine(_ sink: String, _ url: String) -> [String: String] {
        let name = sink.uppercased()
        return [
            "AGENTSAFE_LOCAL_HOSTS": "127.0.0.1", "AGENTSAFE_NOTIFY_\(name)_URL": url,
            "AGENTSAFE_NOTIFY_\(name)_SECRET": webhookSecret,
        ]
    }

    static func machine(_ sink: String, _ server: WebhookServer) -> [String: String] {
        machine(sink, "http://127.0.0.1:\(server.port)/in/very-secret-path")
    }

    /// A receiver that wants good signatures.
    static func receiver(_ plan: [String] = [], then: String = "take") throws -> WebhookServer {
        try WebhookServer([
            "secrets": [.string(webhookSecret)], "plan": .strings(plan), "then": .string(then),
        ])
    }

    /// The ids that the ledger's events give, by what events are said to tell in the documentation.
    func idsByLedger(_ kinds: Set<String>? = nil) throws -> Set<String> {
        try git("stranger", "fetch", "-q")
        let text = try run(["git", "-C", remote, "rev-list", "ledger"])
        let repository = try Repository(containing: remote)
        var ids: Set<String> = []
        for line in text.split(separator: "\n") {
            let commit = try #require(ObjectID(String(line)))
            let event = try LedgerHistory.event(at: commit, in: repository).json
            let kind: String? =
                switch event["event"]?.stringValue {
                case "decision":
                    ["deny": "denied", "require_approval": "approval_needed"][
                        event.at("decision", "decision", "result")?.stringValue ?? ""]
                case "execution": event.at("execution", "outcome") == "succeeded" ? "executed" : "failed"
                case "claim": event.at("claim", "break_glass") == nil ? nil : "break_glass"
                default: nil
                }
            if let kind, kinds?.contains(kind) != false {
                ids.insert("\(try repositoryName())-\(event["height"]?.integerValue ?? -1)-\(kind)")
            }
        }
        return ids
    }

    /// The folder in which an actor's messages wait.
    func notificationFolder(_ actor: String) throws -> String {
        "\(directory.path)/homes/\(actor)/state/agentsafe/notifications/\(try repositoryName())"
    }
}

extension WebhookServer {
    /// The bodies of what was taken, in the order of ids; each id has one body, or the issue is recorded.
    func messages() throws -> [JSONValue] {
        try kept().sorted { $0.key < $1.key }.map { id, entry in
            #expect(entry.bodies.count == 1, "\(id) came with different bodies")
            return try JSONValue(parsing: entry.bodies.first ?? "null")
        }
    }

    func ids() throws -> Set<String> { Set(try kept().keys) }
}

extension AgentSafe.Notification {
    /// Of a claim by broken glass, with `text` wherever somebody's words go.
    static func sample(_ change: Change, _ text: String) -> AgentSafe.Notification {
        let event = LedgerEvent(
            kind: .claim, height: 7, at: Timestamp(seconds: 1_800_000_000),
            main: ObjectID(String(repeating: "a", count: 40))!,
            by: "runner", change: .init(id: change.id, digest: Digest(of: [])),
            body: [
                "break_glass": [
                    "by": .string(text), "reason": .string(text), "missing": [["role": .string(text), "count": 1]],
                ],
                "decision": [
                    "rule": .string(text), "code": .string(text), "effective_risk": .string(text),
                    "reason": .string("hunter2"),
                ],
            ], files: [:])
        return AgentSafe.Notification(event, commit: nil, change: change, repository: "r", targets: [:])!
    }
}
