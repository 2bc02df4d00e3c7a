import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// `examples/evidence-receiver.py`, and a relay before it that loses, delays and repeats what it is told to.
final class Receiver {
    let folder: String
    private let keeper: ServerProcess
    private let relay: ServerProcess
    var url: String { "http://127.0.0.1:\(relay.port)/governance?token=hidden-token" }
    var variables: [String: String] {
        ["AGENTSAFE_LOCAL_HOSTS": "127.0.0.1", "AGENTSAFE_SHIP_SECRET": Self.secret]
    }

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    init(_ governance: Governance, _ name: String = "received", plan: [String] = [], keptSecret: String = secret) throws
    {
        folder = "\(governance.directory.path)/\(name)"
        let kept = "\(folder).secret"
        if Files.kind(kept) == nil { try Files.create(kept, Array((keptSecret + "\n").utf8), mode: 0o600) }
        keeper = try Self.keeper(folder, secretFile: kept)
        let options: JSONValue = [
            "upstream": .integer(Int64(keeper.port)), "plan": .array(plan.map { .string($0) }),
        ]
        relay = try ServerProcess(["python3", AWSPeers.program("lossy-relay.py"), options.canonicalText])
    }

    /// Ends with its standard input, as no receiver does by itself.
    private static let ending = """
        import os, runpy, sys, threading
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        sys.argv.pop(0)
        runpy.run_path(sys.argv[0], run_name="__main__")
        """

    /// The receiver alone.
    static func keeper(_ folder: String, secretFile: String) throws -> ServerProcess {
        try ServerProcess([
            "python3", "-c", ending, "\(Governance.projectRoot)/examples/evidence-receiver.py", folder, "--secret-file",
            // The test's clock is another.
            secretFile, "--tolerance", "4000000000",
        ])
    }

    func plan(_ acts: [String]) throws {
        _ = try relay.ask("plan " + JSONValue.array(acts.map { .string($0) }).canonicalText)
    }

    /// Requests so far: identifier and status.
    func log() throws -> [(id: String, status: Int64?)] {
        try (JSONValue(parsing: try relay.ask("log")).arrayValue ?? []).map {
            ($0["id"]?.stringValue ?? "", $0["status"]?.integerValue)
        }
    }
}

@Suite("Evidence is shipped to a webhook")
struct WebhookShippingTests {
    private func height(_ id: String) -> Int? { id.split(separator: "_").dropFirst().first.flatMap { Int($0) } }

    @Test("the receiver's copy is what a folder would hold, and proves the same")
    func story() throws {
        let governance = try ExecutedLedger.copy().governance
        let receiver = try Receiver(governance)
        let newest = try governance.newestHeight
        let shipped = try governance.ship(to: receiver.url, adding: receiver.variables)
        #expect(try shipped.json["count"]?.integerValue == Int64(newest + 1))
        #expect(!"\(shipped)".contains("hidden-token") && !"\(shipped)".contains(Receiver.secret))
        try governance.ship()
        for name in try Files.list(governance.shelf) {
            #expect(try Files.read("\(receiver.folder)/\(name)") == Files.read("\(governance.shelf)/\(name)"))
        }
        #expect(try governance.audit(of: receiver.folder)["height"]?.integerValue == Int64(newest))
        #expect(try receiver.log().map { height($0.id) } == Array(0...newest))
        // The cursor knows what was taken.
        #expect(try governance.ship(to: receiver.url, adding: receiver.variables).json["count"] == 0)
        try governance.execute(replicas: 7)
        let next = try governance.ship(to: receiver.url, adding: receiver.variables).json
        #expect(next["before"]?.integerValue == Int64(newest))
        #expect(try governance.audit(of: receiver.folder)["result"] == "authentic")
    }

    @Test("requests that are lost, late, repeated, or answered 500 when all was stored leave one copy, in order")
    func faults() throws {
        for stream in UInt64(1)...4 {
            let governance = try ExecutedLedger.copy().governance
            var generator = SeededGenerator(stream: stream)
            let acts = ["relay", "lose", "lose-answer", "repeat", "late:0.05", "hold", "500", "503", "429"]
            let receiver = try Receiver(governance, plan: (0..<12).map { _ in generator.pick(acts) })
            let newest = try governance.newestHeight
            for _ in 0..<6 {
                let result = governance.agentsafe(
                    "sam", ["ledger", "ship", receiver.url, "--output", "json"], adding: receiver.variables)
                // Whatever a run did, a prefix is there, and it proves what it holds.
                let held = (try? Files.list(receiver.folder)) ?? []
                #expect(held == held.indices.map { Governance.shipmentName($0) }, "\(held)")
                if result.status == 0 { break }
                #expect(result.status == 1 && result.errors.contains("it goes on from there"), "\(result)")
            }
            #expect(try governance.audit(of: receiver.folder)["height"]?.integerValue == Int64(newest))
            // At least once, and never the next before the one before was taken.
            var taken = -1
            for (id, status) in try receiver.log() {
                let height = try #require(self.height(id))
                #expect(height <= taken + 1)
                if status == 200 { taken = max(taken, height) }
            }
            #expect(taken == newest)
        }
    }

    @Test("an event has one identifier, whoever sends it and how often")
    func identifiers() throws {
        let governance = try ExecutedLedger.copy().governance
        let receiver = try Receiver(governance, plan: ["500", "relay", "lose-answer"])
        try governance.ship(to: receiver.url, adding: receiver.variables)
        try governance.ship(to: receiver.url, as: "gate", adding: receiver.variables)
        let log = try receiver.log()
        let newest = try governance.newestHeight
        #expect(log.count == 2 * (newest + 1) + 2)
        #expect(Set(log.map(\.id)).count == newest + 1)
    }

    @Test("a receiver that lost what it had is sent it again from there")
    func lostDisk() throws {
        let governance = try ExecutedLedger.copy().governance
        let newest = try governance.newestHeight
        do {
            let receiver = try Receiver(governance)
            try governance.ship(to: receiver.url, adding: receiver.variables)
            // The same receiver, restored from a backup: its address must stay, so the file goes under it.
        }
        for height in 3...newest {
            try Files.remove(governance.shipment(height, in: "\(governance.directory.path)/received"))
        }
        try governance.execute(replicas: 7)
        let receiver = try Receiver(governance)
        // Its address is new, and the cursor of the old one is given to it.
        let state = "\(governance.directory.path)/homes/sam/state/agentsafe/shipped/\(try governance.genesis)"
        let old = try #require(try Files.list(state).first { $0.hasSuffix("-cursor.json") })
        _ = try governance.ship(
            1, to: receiver.url + "&x", adding: receiver.variables.merging(["AGENTSAFE_LOCAL_HOSTS": ""]) { $1 })
        let mark = Digest(of: Array(receiver.url.utf8)).description.split(separator: ":").last?.prefix(32) ?? ""
        try Files.move("\(state)/\(old)", to: "\(state)/\(mark)-cursor.json")
        let again = try governance.ship(to: receiver.url, adding: receiver.variables).json
        #expect(again["before"]?.integerValue == Int64(newest), "\(again)")
        let now = try governance.newestHeight
        #expect(again["count"]?.integerValue == Int64(now - 3 + 1), "\(again)")
        #expect(try governance.audit(of: receiver.folder)["height"]?.integerValue == Int64(now))
    }

    @Test(
        "a receiver that holds another ledger is told from one that is down, and a fork does not go on where the true one was"
    )
    func fork() throws {
        let governance = try ExecutedLedger.copy().governance
        let receiver = try Receiver(governance)
        try governance.ship(to: receiver.url, adding: receiver.variables)
        let forgery = try LedgerForgery(governance)
        let execution = try forgery.newest("execution")
        forgery.editMessage(execution) { $0.replacing("succeeded", with: "went well") }
        try forgery.publish(from: execution)
        try governance.git("stranger", "fetch", "-q", "--prune")
        let fresh = receiver.variables.merging(
            ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh"]) { $1 }
        let refused = try governance.ship(30, to: receiver.url, as: "stranger", adding: fresh)
        #expect(refused.errors.contains("holds another event at height \(execution)"), "\(refused)")
        #expect(try governance.audit(of: receiver.folder)["result"] == "authentic")
    }

    @Test("nothing is taken unsigned, or signed with another secret, or sent where nobody named")
    func refusals() throws {
        let governance = try ExecutedLedger.copy().governance
        let receiver = try Receiver(governance, keptSecret: "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB")
        let wrong = try governance.ship(1, to: receiver.url, adding: receiver.variables)
        #expect(wrong.errors.contains("answered 401"), "\(wrong)")
        #expect(!"\(wrong)".contains("hidden-token"))
        #expect((try? Files.list(receiver.folder)) == [])
        var variables = receiver.variables
        variables["AGENTSAFE_LOCAL_HOSTS"] = ""
        #expect(try governance.ship(1, to: receiver.url, adding: variables).errors.contains("http"))
        variables = receiver.variables
        variables["AGENTSAFE_SHIP_SECRET"] = nil
        #expect(try governance.ship(2, to: receiver.url, adding: variables).errors.contains("--secret-file"))
        let file = "\(governance.directory.path)/secret"
        try Files.create(file, Array("no secret\n".utf8))
        let secretless = try governance.ship(1, to: receiver.url, options: ["--secret-file", file], adding: variables)
        #expect(secretless.errors.contains("the webhook's secret is none"))
        try Files.writeAtomically(file, try Files.read("\(receiver.folder).secret"))
        try governance.ship(to: receiver.url, options: ["--secret-file", file], adding: variables)
        let back = try governance.expect(2, "sam", ["ledger", "verify-shipped", receiver.url])
        #expect(back.errors.contains("nothing can be read back"), "\(back)")
    }
}
