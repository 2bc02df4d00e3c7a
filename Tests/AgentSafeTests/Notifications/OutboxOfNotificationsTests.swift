import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import AgentSafe

@Suite("Notifications that wait")
struct OutboxOfNotificationsTests {
    private static let original = Result {
        let governance = try Governance.keptForAll()
        try governance.configureNotifications(["{name: ops, kind: webhook}"])
        try governance.expect(0, "gate", ["gate", "--record", "--head", "origin/main"])
        _ = try governance.cluster()
        return governance
    }

    private func governance() throws -> Governance { try Governance(copying: try Self.original.shared()) }

    @Test("a receiver that is down neither fails a run nor goes unsaid, and gets it all when it is there again")
    func down() throws {
        let governance = try governance()
        let dead = Governance.machine("ops", "http://127.0.0.1:1/very-secret-path")
        let id = try governance.propose()
        try governance.land(id)
        let run = try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: dead)
        #expect(
            run.errors.contains("warning: 1 notification waits (`ops`: no connection to its host came about)"), "\(run)"
        )
        #expect(!"\(run)".contains("very-secret") && !run.errors.contains("127.0.0.1"))
        let list = try governance.expect(0, "runner", ["notify", "--list"])
        #expect(list.output.contains("waiting  ops  executed \(id)"), "\(list)")
        let still = try governance.expect(1, "runner", ["notify", "--output", "json"], adding: dead)
        #expect(try still.json["notifications"]?.arrayValue?.first?["state"] == "waiting")
        #expect(try still.json["sinks"]?.arrayValue?.first?["problem"] == "no connection to its host came about")
        let server = try Governance.receiver()
        let sent = try governance.expect(0, "runner", ["notify"], adding: Governance.machine("ops", server))
        #expect(sent.output.contains("sent  ops  executed \(id)"), "\(sent)")
        #expect(try server.ids() == governance.idsByLedger())
        let nothing = try governance.expect(0, "runner", ["notify"], adding: Governance.machine("ops", server))
        #expect(nothing.output == "nothing waits to be told")
        #expect(try server.kept().values.allSatisfy { $0.times == 1 })
    }

    @Test("beside other work, a sink that has just failed is left alone for a while, and `notify` asks it all the same")
    func backoff() throws {
        let governance = try governance()
        let server = try Governance.receiver(then: "503")
        let machine = Governance.machine("ops", server)
        func run() throws {
            let id = try governance.propose()
            try governance.land(id)
            try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
        }
        try run()
        let asked = try server.log().count
        #expect(asked == 2)
        try run()
        #expect(try server.log().count == asked)
        governance.clock.advance(3600)
        try run()
        #expect(try server.log().count == asked * 2)
        try server.plan(["take", "take", "take"])
        let all = try governance.expect(0, "runner", ["notify"], adding: machine)
        #expect(all.output.split(separator: "\n").count { $0.hasPrefix("sent") } == 3, "\(all)")
        #expect(try server.ids() == governance.idsByLedger())
    }

    @Test(
        "through losses, delays, repeats and refusals the receiver's ids are complete and right, and repeats are told by them"
    )
    func unreliable() throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        var generator = SeededGenerator(stream: 0x0808)
        let acts = ["lose", "lose-answer", "503", "429:1", "slow:0.05", "garbage", "take", "408"]
        try server.plan((0..<14).map { _ in acts.randomElement(using: &generator) ?? "take" } + ["lose-answer"])
        for round in 0..<4 {
            let id =
                round % 2 == 0
                ? try governance.propose()
                : try governance.propose(target: "prod/api-server", ["replicas=\(5 + round)"])
            try governance.git("gate", "fetch", "-q")
            let head = ["gate", "--record", "--head", "origin/\(id.branch)"]
            #expect([0, 10].contains(governance.agentsafe("gate", head, adding: machine).status))
            if round % 2 == 0 {
                try governance.land(id)
                try governance.expect(0, "runner", ["run", id.text] + governance.cluster(), adding: machine)
            }
            governance.clock.advance(4000)
        }
        for actor in ["gate", "runner"] {
            for _ in 0..<20 where governance.agentsafe(actor, ["notify"], adding: machine).status != 0 {}
            try governance.expect(0, actor, ["notify"], adding: machine)
        }
        let kept = try server.kept()
        #expect(try Set(kept.keys) == governance.idsByLedger())
        #expect(kept.count == 4 && kept.values.contains { $0.times > 1 }, "\(kept)")
        #expect(kept.values.allSatisfy { $0.bodies.count == 1 })
        #expect(try server.log().allSatisfy { $0["fault"] == .null })
    }

    @Test(
        "wherever the runner is killed after its record stands, `notify` tells it, and tells nothing else",
        arguments: [
            "remote.pushed:3:kill", "notify.collected:1:kill", "notify.send:1:kill", "notify.sent:1:kill",
        ])
    func killed(fault: String) throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        let id = try governance.propose()
        try governance.land(id)
        let killed = try governance.spawn("runner", ["run"] + governance.cluster(), fault: fault, adding: machine)
        try #require(killed.status == 137, "\(killed)")
        #expect(try server.ids().isEmpty == !fault.hasPrefix("notify.sent"))
        let told = try governance.expect(0, "runner", ["notify"], adding: machine)
        #expect(told.output.contains("sent  ops  executed \(id)"), "\(told)")
        #expect(try server.ids() == governance.idsByLedger() && server.ids().count == 1)
        #expect(try server.messages().first?.at("data", "change")?.stringValue == id.text)
        #expect(try governance.expect(0, "runner", ["notify"], adding: machine).output == "nothing waits to be told")
        #expect(try Files.list(try governance.notificationFolder("runner") + "/recorded").isEmpty)
    }

    @Test("a receiver that never answers is given up, and asked again later")
    func silent() throws {
        let governance = try governance()
        let server = try Governance.receiver(["hang", "hang"])
        let machine = Governance.machine("ops", server)
        let id = try governance.propose()
        try governance.land(id)
        let run = try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
        #expect(run.errors.contains("(`ops`: the receiver did not answer in time)"), "\(run)")
        try governance.expect(0, "runner", ["notify"], adding: machine)
        #expect(try server.ids() == governance.idsByLedger())
    }

    @Test("one process sends at a time, and the other one says so")
    func busy() throws {
        let governance = try governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        let lock = try FileLock.acquire(
            file: "\(try governance.notificationFolder("runner"))/sending.lock", waiting: false)
        let busy = try governance.expect(1, "runner", ["notify"], adding: machine)
        #expect(busy.output.contains("another process is sending"), "\(busy)")
        #expect(try server.ids().isEmpty)
        withExtendedLifetime(lock) {}
    }

    @Test("what waits and what failed is bounded, and what had no room is counted")
    func bounded() throws {
        let folder = try TemporaryDirectory()
        let box = NotificationBox(stateFolder: folder.path, repository: "r")
        func item(_ number: Int) -> NotificationBox.Item {
            var notification = AgentSafe.Notification.test(repository: "r", nonce: "n", at: Timestamp(seconds: 0))
            notification.data["height"] = .integer(Int64(number))
            return NotificationBox.Item(notification, to: "ops", queued: Timestamp(seconds: 0))
        }
        var conducts: [String: NotificationBox.Conduct] = [:]
        try box.locked { () throws(SystemError) in
            for number in 0..<NotificationBox.maximumItems + 3 { try box.fail(item(number), &conducts) }
        }
        let kept = try box.items(.failed)
        #expect(kept.count == NotificationBox.maximumItems && conducts["ops"]?.dropped == 3)
        // The oldest went.
        #expect(kept.first?.fileName == item(3).fileName)
        let other = NotificationBox.Push(fileName: "41-\(String(repeating: "a", count: 40))")
        #expect(other?.above == 41)
        for name in ["", "-", "x-y", "-1-\(String(repeating: "a", count: 40))", "41-../../x"] {
            #expect(NotificationBox.Push(fileName: name) == nil)
        }
    }

    @Test("what the remote refuses is not told, and is told when it is recorded after all")
    func refusedPush() throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let machine = Governance.machine("ops", server)
        let hook = "\(governance.remote)/hooks/pre-receive"
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("gate", "fetch", "-q")
        try Files.createDirectory(Files.parent(of: hook))
        try Files.create(hook, Array("#!/bin/sh\nexit 1\n".utf8), mode: 0o755)
        let gate = ["gate", "--record", "--head", "origin/\(id.branch)"]
        #expect(governance.agentsafe("gate", gate, adding: machine).status == 1)
        #expect(try server.ids().isEmpty)
        #expect(try governance.expect(0, "gate", ["notify"], adding: machine).output == "nothing waits to be told")
        try Files.remove(hook)
        try governance.expect(10, "gate", gate, adding: machine)
        #expect(try server.ids() == governance.idsByLedger() && server.ids().count == 1)
    }

    @Test("what somebody else recorded in the same place is theirs to tell")
    func overtaken() throws {
        let governance = try governance()
        let server = try Governance.receiver()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        for actor in ["gate", "runner"] { try governance.git(actor, "fetch", "-q") }
        // Without anything set up, the gate's message waits with the gate.
        let silent = try governance.expect(10, "gate", ["gate", "--record", "--head", "origin/\(id.branch)"])
        #expect(silent.errors.contains("1 notification waits (`ops`: this machine has no URL for it"), "\(silent)")
        let machine = Governance.machine("ops", server)
        try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
        try governance.expect(0, "runner", ["notify"], adding: machine)
        #expect(try server.ids().isEmpty)
        try governance.expect(0, "gate", ["notify"], adding: machine)
        #expect(try server.ids() == governance.idsByLedger())
    }

    @Test(
        "what no receiver takes stays to be seen until somebody sends it again or forgets it",
        arguments: ["404", "410", "redirect:http://169.254.169.254/"])
    func final(act: String) throws {
        let governance = try governance()
        let server = try Governance.receiver(then: act)
        let machine = Governance.machine("ops", server)
        let ids = try (0..<2).map { _ in
            let id = try governance.propose()
            try governance.land(id)
            let run = try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
            #expect(
                run.errors.contains("notifications failed") || run.errors.contains("1 notification failed"), "\(run)")
            return id
        }
        #expect(try server.log().count == 2)
        let list = try governance.expect(0, "runner", ["notify", "--list", "--output", "json"]).json
        #expect(list["notifications"]?.arrayValue?.compactMap { $0["change"]?.stringValue } == ids.map(\.text))
        #expect(list["notifications"]?.arrayValue?.allSatisfy { $0["state"] == "failed" } == true)
        try governance.expect(1, "runner", ["notify"], adding: machine)
        #expect(try server.log().count == 2)
        try governance.expect(0, "runner", ["notify", "--forget"])
        try governance.expect(0, "runner", ["notify"], adding: machine)
        // Another one, which is sent again.
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: machine)
        try server.plan(["take"])
        let again = try governance.expect(0, "runner", ["notify", "--retry"], adding: machine)
        #expect(again.output.contains("sent  ops  executed \(id)"), "\(again)")
        #expect(try server.ids().count == 1)
    }

    @Test("a sink that main does not name any more is told nothing, and what waited for it is seen to have failed")
    func removed() throws {
        let governance = try governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        let end = "notifications:\n  - {name: ops, kind: webhook}\n"
        try governance.trustCommit(["agentsafe.yaml": { $0.replacing(end, with: "") }])
        let result = try governance.expect(1, "runner", ["notify"])
        #expect(result.output.contains("failed  ops  executed \(id)"), "\(result)")
        #expect(result.output.contains("agentsafe.yaml names no such sink any more"), "\(result)")
    }

    @Test("messages are kept where only their owner reads them, hold no secret, and a damaged file is nobody's message")
    func kept() throws {
        let governance = try governance()
        let id = try governance.propose()
        try governance.land(id)
        let dead = Governance.machine("ops", "http://127.0.0.1:1/very-secret-path")
        try governance.expect(0, "runner", ["run"] + governance.cluster(), adding: dead)
        let folder = try governance.notificationFolder("runner")
        #expect(
            Files.permissions(folder).map { $0 & 0o077 } == 0
                || Files.permissions("\(folder)/waiting").map { $0 & 0o077 } == 0)
        let names = try Files.list("\(folder)/waiting").filter { $0.hasSuffix(".json") }
        #expect(names.count == 1)
        for name in names {
            #expect(Files.permissions("\(folder)/waiting/\(name)").map { $0 & 0o777 } == 0o600)
            let text = String(decoding: try Files.read("\(folder)/waiting/\(name)"), as: UTF8.self)
            #expect(!text.contains("very-secret") && !text.contains("whsec") && !text.contains("replicas"))
        }
        for bad in ["", "{", "[]", "{\"sink\":\"../../x\"}"] {
            try Files.writeAtomically("\(folder)/waiting/000000001-executed-ops.json", Array(bad.utf8))
            try Files.writeAtomically("\(folder)/sinks.json", Array(bad.utf8))
            let server = try Governance.receiver(["503", "503", "503", "503"])
            try governance.expect(1, "runner", ["notify"], adding: Governance.machine("ops", server))
        }
        let server = try Governance.receiver()
        try governance.expect(0, "runner", ["notify"], adding: Governance.machine("ops", server))
        #expect(try server.ids() == governance.idsByLedger())
    }
}
