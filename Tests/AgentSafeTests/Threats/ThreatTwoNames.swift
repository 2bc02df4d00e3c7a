import ChangeModel
import Documents
import Testing

@Suite("Threat 33: two names for one real target")
struct ThreatTwoNames {
    struct Twin: Sendable, CustomTestStringConvertible {
        let name: String
        let locator: [(String, String)]
        /// Whether the two may be one thing.
        var overlaps = true
        var testDescription: String { name }

        /// Beside `staging/api-server`, which is {cluster, cluster_uid, namespace, deployment}.
        static let all = [
            Twin(
                name: "the same locator",
                locator: [
                    ("cluster", "demo"), ("cluster_uid", uid), ("namespace", "staging"), ("deployment", "api-server"),
                ]),
            Twin(
                name: "without the pin",
                locator: [("cluster", "demo"), ("namespace", "staging"), ("deployment", "api-server")]),
            Twin(name: "the namespace alone", locator: [("cluster", "demo"), ("namespace", "staging")]),
            Twin(
                name: "with one key more",
                locator: [
                    ("cluster", "demo"), ("cluster_uid", uid), ("namespace", "staging"), ("deployment", "api-server"),
                    ("context", "ops"),
                ]),
            Twin(
                name: "by another way",
                locator: [
                    ("cluster", "demo"), ("cluster_uid", uid), ("context", "a"), ("namespace", "staging"),
                    ("deployment", "api-server"),
                ]),
            Twin(name: "by a key of its own", locator: [("url", "https://demo.example")]),
            Twin(
                name: "of another deployment",
                locator: [("cluster", "demo"), ("namespace", "staging"), ("deployment", "checkout-worker")],
                overlaps: false),
        ]
        private static let uid = "4c7e1f8a-52d3-4b0e-9a61-0f5d2c83b7e9"

        func entry(type: String = "k8s-deployment") -> String {
            """
              - id: staging/alias
                type: \(type)
                environment: staging
                sensitivity: internal
                owner: team-api
                locator:
            \(locator.map { "      \($0.0): \"\($0.1)\"" }.joined(separator: "\n"))

            """
        }
    }

    private static func inventory(_ governance: Governance) throws -> String {
        try governance.text("inventory.yaml", at: "origin/main", seenBy: "alice")
    }

    @Test("an inventory in which two targets may be one thing is refused", arguments: Twin.all)
    func refused(_ twin: Twin) throws {
        let text = try Self.inventory(try Governance())
        func parse(_ addition: String) throws {
            _ = try InventoryDocument.parse(SourceFile(name: "inventory.yaml", bytes: Array((text + addition).utf8)))
        }
        if twin.overlaps {
            let error = #expect(throws: DocumentError.self) { try parse(twin.entry()) }
            #expect(error?.summary.contains("staging/alias") == true, "\(String(describing: error))")
        } else {
            #expect(throws: Never.self) { try parse(twin.entry()) }
        }
        // Things of another kind may lie at the same place.
        #expect(throws: Never.self) { try parse(twin.entry(type: "custom-thing")) }
    }

    @Test(
        "no admin signs it by mistake, and signed by hand it lets nothing run", arguments: [Twin.all[0], Twin.all[1]])
    func onMain(_ twin: Twin) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let text = try Self.inventory(governance) + twin.entry()
        try governance.update("alice")
        try governance.write("alice", "inventory.yaml", text)
        let refused = try governance.expect(1, "alice", ["trust", "commit", "-m", "Another name", "--push"])
        #expect(refused.errors.contains("staging/alias"), "\(refused)")

        let commit = try governance.trustByHand("stranger", ["inventory.yaml": text], signedBy: ["alice": "alice"])
        try governance.push("stranger", commit, to: "main")
        let run = try governance.runRefused(1, id)
        #expect("\(run)".contains("staging/alias"), "\(run)")
    }

    @Test("under its one name, a target that is being changed is locked for every other change")
    func locked() throws {
        let governance = try Governance()
        let first = try governance.propose("agent", ["replicas=5"])
        let second = try governance.propose("agent", action: "restart-deployment", [])
        for id in [first, second] { try governance.land(id) }
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(first), try desk.claim(first))
        try desk.push()
        let run = try governance.runRefused(1)
        #expect(run.output.contains("locked by \(first)"), "\(run)")
    }
}
