import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("A year of rotated keys")
struct RotationYearTests {
    /// Twelve identities, whose keys are replaced now and then; each has the key that it uses today.
    private final class Year {
        let governance: Governance
        private(set) var keys: [String: String] = [:]
        private(set) var generation: [String: Int] = [:]
        static let people = ["dave", "erin", "frank"]
        static let week: Int64 = 7 * 86_400

        init() throws {
            governance = try Governance()
            for actor in Governance.actors where actor != "stranger" { keys[actor] = governance.key(actor) }
            for name in Self.people {
                keys[name] = try SSHKeys.makeKey(name: "\(name).key", in: governance.directory)
                try governance.expect(
                    0, "alice",
                    [
                        "identity", "add", name, "--kind", "person", "--role", "approver", "--key-file",
                        governance.key(name) + ".pub", "--push",
                    ])
            }
        }

        func agentsafe(_ actor: String, _ arguments: [String]) throws -> CommandResult {
            let result = governance.agentsafe(actor, arguments, adding: ["AGENTSAFE_KEY": try key(actor)])
            try #require(result.status == 0, "agentsafe \(arguments): \(result)")
            return result
        }

        func key(_ actor: String) throws -> String { try #require(keys[actor]) }

        /// Replaces a key; from now on the actor uses the new one, with stock git too.
        func rotate(_ actor: String) throws {
            let next = (generation[actor] ?? 1) + 1
            let new = try SSHKeys.makeKey(name: "\(actor)-\(next).key", in: governance.directory)
            _ = try agentsafe(
                "alice",
                ["identity", "rotate", Governance.identity(actor), "--key-file", new + ".pub", "--push"])
            (keys[actor], generation[actor]) = (new, next)
            if Governance.actors.contains(actor) { try governance.git(actor, "config", "user.signingkey", new) }
            governance.clock.advance(60)
        }

        /// A change: proposed, approved by vote or by stock git's signed merge, landed and executed.
        func change(_ week: Int) throws {
            let replicas = "replicas=\(4 + week % 5)"
            let proposer = week % 5 == 0 ? "sam" : "agent"
            let proposal = try agentsafe(
                proposer,
                [
                    "propose", "scale-deployment", "--target", week % 2 == 0 ? "prod/api-server" : "staging/api-server",
                    "--param", replicas, "--reason", "Week \(week)", "--push", "--output", "json",
                ]
            ).json
            let id = try #require(proposal["id"]?.stringValue.flatMap { ChangeID($0) })
            governance.clock.advance(600)
            switch week % 4 {
            case 0:
                let approver = week % 8 == 0 ? "bob" : "carol"
                try governance.update(approver)
                try governance.git(approver, "merge", "-q", "--no-ff", "-S", "--no-edit", "origin/\(id.branch)")
                try governance.git(approver, "push", "-q", "origin", "main")
            case 2: _ = try agentsafe("bob", ["approve", id.text, "--merge", "--yes"])
            default: try governance.land(id)
            }
            governance.clock.advance(600)
            _ = try agentsafe("runner", ["run", id.text] + governance.cluster())
        }
    }

    @Test(
        "fifty-two weeks in which half of the keys were rotated verify from genesis, and with stock git and ssh-keygen")
    func year() throws {
        let year = try Year()
        let governance = year.governance
        let rotations = [
            6: "agent", 10: "bob", 15: "runner", 20: "alice", 24: "sam", 29: "carol", 33: "agent", 37: "runner",
            41: "bob", 45: "dave", 49: "alice",
        ]
        for week in 0..<52 {
            if let actor = rotations[week] { try year.rotate(actor) }
            if week.isMultiple(of: 3) { try year.change(week) }
            governance.clock.advance(Year.week)
        }
        #expect(Set(rotations.values).count * 2 >= 11)

        // From the very beginning, by somebody who sees all of it for the first time.
        try governance.update("stranger")
        let told = try governance.expect(0, "stranger", ["verify", "--output", "json"]).json
        let count = try #require(told.at("ledger", "events", "execution")?.integerValue)
        #expect(count == 18 && told["result"]?.stringValue == "authentic", "\(told)")

        // Stock git, by main's newest allowed_signers, for every commit of main, the ledger, and all branches.
        let verdicts = try governance.verdicts("stranger")
        #expect(verdicts.count > 130)
        let bad = verdicts.filter { $0.verdict != "G" || $0.signer != $0.author }
        #expect(bad.isEmpty, "\(bad.count) of \(verdicts.count), such as \(bad.prefix(3))")
        // ssh-keygen, for every change's signature at the time of its proposal; and for none of the rotated keys today.
        let paths = try governance.files("stranger", "origin/main", "changes/").filter { $0.hasSuffix("/change.yaml") }
        #expect(paths.count == Int(count))
        var gone = 0
        for path in paths {
            let file = try governance.blob("stranger", "origin/main", path)
            let text = String(decoding: file, as: UTF8.self)
            let created = try #require(
                text.firstMatch(of: /created: ([0-9TZ:-]+)/).flatMap { Timestamp(String($0.output.1)) })
            let proposer = String(try #require(text.firstMatch(of: /proposer: ([a-z0-9-]+)/)).output.1)
            let signature = String(
                decoding: try governance.blob("stranger", "origin/main", path + ".sig"), as: UTF8.self)
            func accepts(_ instant: Timestamp) throws -> Bool {
                try governance.sshAccepts(
                    signature, of: file, by: proposer, namespace: "change@agentsafe", at: instant)
            }
            #expect(try accepts(created), "\(path)")
            gone += try accepts(governance.clock.timestamp) ? 0 : 1
        }
        #expect(gone > 5)
    }
}
