import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import AgentSafe

@Suite("Notifications")
struct NotificationTests {
    private static let original = Result {
        let governance = try Governance.keptForAll()
        try governance.configureNotifications(["{name: ops, kind: webhook}"])
        try governance.expect(0, "gate", ["gate", "--record", "--head", "origin/main"])
        return governance
    }

    private func governance() throws -> Governance { try Governance(copying: try Self.original.shared()) }

    private func gate(
        _ governance: Governance, _ id: ChangeID, _ machine: [String: String], status: Int32 = 0
    ) throws -> CommandResult {
        try governance.git("gate", "fetch", "-q")
        return try governance.expect(
            status, "gate", ["gate", "--record", "--head", "origin/\(id.branch)"], adding: machine)
    }

    @Test("a denied change, one that needs approval, one that is executed: each is told once, signed, with what it is")
    func story() throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        let denied = try governance.propose(
            action: "delete-namespace", target: "prod/namespace", [], options: ["--anyway"])
        _ = try gate(governance, denied, machine, status: 20)
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=7"])
        _ = try gate(governance, waiting, machine, status: 10)
        // Once more: nothing new is recorded, and nothing is told.
        _ = try gate(governance, waiting, machine, status: 10)
        let done = try governance.propose()
        try governance.land(done)
        let run = try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
        #expect(!run.errors.contains("notification"), "\(run)")
        #expect(try server.ids() == governance.idsByLedger())
        #expect(try server.kept().values.allSatisfy { $0.times == 1 })
        #expect(try server.log().allSatisfy { $0["fault"] == .null && $0["target"] == "/in/very-secret-path" })

        let messages = try server.messages()
        let types = messages.compactMap { $0["type"]?.stringValue }.sorted()
        #expect(types == ["agentsafe.approval_needed", "agentsafe.denied", "agentsafe.executed"])
        let needed = try #require(messages.first { $0["type"] == "agentsafe.approval_needed" })
        let data = try #require(needed["data"])
        #expect(data["change"]?.stringValue == waiting.text && data["proposer"] == "deploy-agent-01")
        #expect(data["repository"]?.stringValue == (try governance.repositoryName()) && data["by"] == "gate")
        #expect(data["steps"] == [["action": "scale-deployment", "target": "prod/api-server", "environment": "prod"]])
        #expect(data["summary"] == "scale-deployment on prod/api-server")
        #expect(data["reason"]?.stringValue == Governance.reason && data["rule"] == "prod-needs-approval")
        #expect(data["approvals"] == [["role": "approver", "count": 1]])
        #expect(data["commit"]?.stringValue?.count == 40 && data["height"]?.integerValue != nil)
        #expect(messages.first { $0["type"] == "agentsafe.executed" }?.at("data", "outcome") == "succeeded")
        // Values of params are nobody's business.
        #expect(!JSONValue.array(messages).canonicalText.contains("replicas"))
        try governance.expect(0, "gate", ["verify"])
    }

    @Test("a run that fails, and one whose end nobody knows, are told; the unknown once by each machine that sees it")
    func failures() throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        let failing = try governance.propose(
            action: "update-image", ["container=no-such", "image=registry.example/a:1"])
        _ = failing
        try governance.land(failing)
        _ = governance.agentsafe("runner", ["run"] + (try governance.cluster()), adding: machine)
        let id = try governance.propose()
        try governance.land(id)
        // Dies before the target is changed, after it was prepared.
        let killed = try governance.spawn(
            "runner", ["run", id.text] + governance.cluster(), fault: "remote.pushed:2:kill", adding: machine)
        try #require(killed.status == 137, "\(killed)")
        #expect(try !server.ids().contains { $0.hasSuffix("-unknown") })
        governance.clock.advance(4000)
        for _ in 0..<2 {
            _ = governance.agentsafe("runner", ["run"] + (try governance.cluster()), adding: machine)
            try governance.git("gate", "fetch", "-q")
            try governance.expect(0, "gate", ["gate", "--record", "--head", "origin/main"], adding: machine)
        }
        let unknown = try server.kept().filter { $0.key.hasSuffix("-unknown") }
        #expect(unknown.count == 1 && unknown.first?.value.times == 2, "\(unknown)")
        let message = try #require(try server.messages().first { $0["type"] == "agentsafe.unknown" })
        #expect(message.at("data", "change")?.stringValue == id.text && message.at("data", "claimed_by") == "runner")
        #expect(message.at("data", "lease_end")?.stringValue != nil)
        #expect(try server.ids().filter { !$0.hasSuffix("-unknown") } == governance.idsByLedger())
    }

    @Test("a run that ends without knowing tells it at once, and nobody tells it again when the lease has ended")
    func unknownAtOnce() throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        let id = try governance.propose()
        try governance.land(id)
        let killed = try governance.spawn(
            "runner", ["run", id.text] + governance.cluster(), fault: "remote.pushed:2:kill", adding: machine)
        try #require(killed.status == 137, "\(killed)")
        func end(unknown: [ChangeID]) throws {
            let workspace = try Workspace(host: governance.host("runner", adding: machine), settings: Settings())
            try workspace.telling(unknown: { _ in unknown }) { () throws(AgentSafeError) in
                workspace.lastView = try workspace.fetchedView(.main)
            }
        }
        try end(unknown: [])
        #expect(try server.ids().isEmpty)
        try end(unknown: [id])
        governance.clock.advance(4000)
        try end(unknown: [])
        try governance.expect(0, "runner", ["notify"], adding: machine)
        let kept = try server.kept()
        #expect(
            kept.count == 1 && kept.first?.key.hasSuffix("-unknown") == true && kept.first?.value.times == 1, "\(kept)")
    }

    @Test("a broken glass is told with who broke it and why")
    func brokenGlass() throws {
        let governance = try TimedGovernance.copy(TimedGovernance.glass, required: 1)
        try governance.configureNotifications(["{name: ops, kind: webhook, on: [break_glass]}"])
        let server = try Governance.receiver()
        let id = try governance.decided(land: true)
        try governance.breakGlass(id)
        try governance.expect(
            0, "runner", ["run", id.text] + governance.cluster(), adding: Governance.machine("ops", server))
        let messages = try server.messages()
        #expect(messages.count == 1 && messages.first?["type"] == "agentsafe.break_glass")
        #expect(messages.first?.at("data", "break_glass", "by") == "sam")
        #expect(messages.first?.at("data", "break_glass", "reason") == "Checkout is down")
        #expect(try server.ids() == governance.idsByLedger(["break_glass"]))
    }

    @Test("each sink is told what it asked for, of the environments that it asked for")
    func filters() throws {
        let governance = try Governance()
        try governance.configureNotifications([
            "{name: all, kind: webhook}", "{name: done, kind: webhook, on: [executed]}",
            "{name: live, kind: webhook, environments: [prod]}", "{name: dev, kind: webhook, environments: [dev]}",
        ])
        let servers = try ["all", "done", "live", "dev"].map { ($0, try Governance.receiver()) }
        var machine: [String: String] = [:]
        for (name, server) in servers { machine.merge(Governance.machine(name, server)) { $1 } }
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        _ = try gate(governance, waiting, machine, status: 10)
        let done = try governance.propose()
        try governance.land(done)
        try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
        let all = try governance.idsByLedger()
        #expect(all.count == 2)
        #expect(try servers.map { try $0.1.ids().count } == [2, 1, 1, 0])
        #expect(try servers[1].1.ids() == governance.idsByLedger(["executed"]))
        #expect(try servers[2].1.ids() == governance.idsByLedger(["approval_needed"]))
    }

    @Test("over TLS, by a certificate of the company's own authority, and with files in place of variables")
    func files() throws {
        let governance = try governance()
        let certificates = try Certificates()
        let server = try WebhookServer(certificates, "server", ["secrets": [.string(Governance.webhookSecret)]])
        let folder = governance.directory
        let url = try folder.write("url", "https://localhost:\(server.port)/very-secret-path\n")
        let secret = try folder.write("secret", "\(Governance.webhookSecret)\n")
        for path in [url, secret] { try governance.run(["chmod", "600", path]) }
        try governance.git("gate", "config", "agentsafe.notify-ops.urlFile", url)
        try governance.git("gate", "config", "agentsafe.notify-ops.secretFile", secret)
        try governance.git("gate", "config", "agentsafe.caFile", certificates.path("ca.crt"))
        try governance.git("gate", "config", "agentsafe.localHosts", "localhost")
        try governance.expect(0, "gate", ["notify", "--test", "ops"])
        #expect(try server.messages().map { $0["type"] } == ["agentsafe.test"])
        try governance.git("gate", "config", "--unset", "agentsafe.caFile")
        let untrusted = try governance.expect(1, "gate", ["notify", "--test", "ops"])
        #expect(
            untrusted.errors.contains("`ops`: its host does not prove to be the one that was meant"), "\(untrusted)")
        try governance.run(["chmod", "666", secret])
        let writable = try governance.expect(1, "gate", ["notify", "--test", "ops"])
        #expect(writable.errors.contains("`ops`: others than its owner can write"), "\(writable)")
        for result in [untrusted, writable] { #expect(!"\(result)".contains("very-secret")) }
    }

    @Test("what a machine lacks is said by name, and nothing of what it has")
    func machineSettings() throws {
        let governance = try governance()
        let url = "https://hooks.example/very-secret-path"
        let good = Governance.machine("ops", url)
        let cases: [([String: String], String)] = [
            ([:], "this machine has no URL for it; set AGENTSAFE_NOTIFY_OPS_URL"),
            (["AGENTSAFE_NOTIFY_OPS_URL": url], "this machine has no secret for it; set AGENTSAFE_NOTIFY_OPS_SECRET"),
            (good.merging(["AGENTSAFE_NOTIFY_OPS_SECRET": "whsec_very-secret"]) { $1 }, "its secret is none"),
            (Governance.machine("ops", "ftp://very-secret-path/"), "its URL is none of https"),
            (Governance.machine("ops", "http://hooks.example/very-secret-path"), "only https may be sent to"),
            (
                Governance.machine("ops", "https://169.254.169.254/very-secret-path"),
                "169.254.169.254, the address of a cloud's"
            ),
            (
                Governance.machine("ops", "https://localhost/very-secret-path"),
                "its host names the machine it is asked on"
            ),
            (good.merging(["AGENTSAFE_LOCAL_HOSTS": "*.very-secret"]) { $1 }, "holds what is no host"),
            (good.merging(["AGENTSAFE_CA_FILE": "/nowhere/ca.pem"]) { $1 }, "cannot open `/nowhere/ca.pem`"),
        ]
        for (machine, words) in cases {
            let result = governance.agentsafe("gate", ["notify", "--test", "ops"], adding: machine)
            #expect(result.status == 1 && result.errors.contains(words), "\(words): \(result)")
            #expect(result.errors.contains("`ops`") && !"\(result)".contains("very-secret"), "\(result)")
        }
        let other = governance.agentsafe("gate", ["notify", "--test", "other"])
        #expect(other.status == 2 && other.errors.contains("names no sink `other`; there are `ops`"), "\(other)")
        #expect(governance.agentsafe("gate", ["notify", "--test", "ops", "--list"]).status == 2)
    }

    @Test("a repository that tells nobody has nothing to do with any of it")
    func nobody() throws {
        let governance = try Governance()
        try governance.execute()
        let result = try governance.expect(0, "runner", ["notify"])
        #expect(result.output == "nobody is to be told: agentsafe.yaml names no `notifications`")
        #expect(Files.kind("\(governance.directory.path)/homes/runner/state/agentsafe/notifications") == nil)
    }
}
