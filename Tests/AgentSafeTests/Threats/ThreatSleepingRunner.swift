import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Threat 31: a runner sleeps after its claim, and the world moves on")
struct ThreatSleepingRunner {
    private struct Setting {
        let governance: Governance
        let id: ChangeID

        private static let original = Result {
            let governance = try Governance.keptForAll()
            try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
            let id = try governance.propose()
            try governance.land(id)
            return (governance, id)
        }

        init() throws {
            let (original, id) = try Self.original.get()
            governance = try Governance(copying: original)
            self.id = id
            _ = try governance.cluster()
        }

        func resolve(_ outcome: String) throws {
            try governance.expect(
                0, "bob", ["resolve", id.text, "--outcome", outcome, "--reason", "I looked at it", "--yes"])
        }

        func kinds() throws -> [EventKind] { try governance.record(of: id).events.map(\.kind) }
        var run: [String] { get throws { ["run", id.text] + (try governance.cluster()) } }
    }

    @Test("it wakes after another runner gave its claim back and ran the change: it acts on nothing")
    func abortedMeanwhile() throws {
        let setting = try Setting()
        let governance = setting.governance
        let (id, command) = (setting.id, try setting.run)
        let woken = try governance.agentsafe("runner", command, sleepingAt: "claimed until") {
            governance.clock.advance(901)
            try governance.expect(0, "runner2", command)
        }
        #expect(woken.status == 1, "\(woken)")
        #expect(try setting.kinds() == [.decision, .claim, .aborted, .claim, .prepared, .execution])
        #expect(try governance.record(of: id).last(.execution)?.by == "runner2")
        #expect(try governance.replicas() == 6)
        // Nor does it try again later.
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try setting.kinds().count == 6)
        try governance.verifyEverywhere(0)
    }

    @Test(
        "it wakes between claim and preparation, and somebody else's claim is there: it prepares nothing in its own name"
    )
    func claimedByAnotherMeanwhile() throws {
        let setting = try Setting()
        let governance = setting.governance
        let id = setting.id
        let before = try Files.read(governance.clusterFile)
        let woken = try governance.agentsafe("runner", try setting.run, sleepingAt: "claimed until") {
            governance.clock.advance(901)
            let other = try LedgerDesk(governance, as: "runner2")
            try other.append(try other.aborted(id), try other.claim(id))
            try other.push()
            // The sleeper's clock stood still all the while.
            governance.clock.advance(-901)
        }
        #expect(woken.status != 0, "\(woken)")
        #expect(try Files.read(governance.clusterFile) == before)
        governance.clock.advance(901)
        #expect(try setting.kinds() == [.decision, .claim, .aborted, .claim])
    }

    @Test("it wakes after a person resolved the change: nothing is sent to the target", arguments: [901, 601])
    func resolvedMeanwhile(slept: Int64) throws {
        let setting = try Setting()
        let governance = setting.governance
        let before = try Files.read(governance.clusterFile)
        // The person's clock may be ahead by as much as readers bear.
        let ahead = slept > 900 ? 0 : Int64(300)
        let woken = try governance.agentsafe("runner", try setting.run, sleepingAt: "prepared: before-state") {
            governance.clock.advance(slept + ahead)
            try setting.resolve("not_applied")
            governance.clock.advance(-ahead)
        }
        #expect(woken.status == 1, "\(woken)")
        #expect(try Files.read(governance.clusterFile) == before)
        governance.clock.advance(ahead)
        #expect(try setting.kinds() == [.decision, .claim, .prepared, .resolution])
        #expect(try governance.state(of: setting.id) == "failed")
        let next = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(next.errors.contains("came too late"), "\(next)")
        #expect(try setting.kinds().count == 4)
        try governance.verifyEverywhere(0)
    }

    @Test("a claim whose push arrives after its runner gave up is nobody's: not even that runner acts on it")
    func lateClaim() throws {
        let setting = try Setting()
        let governance = setting.governance
        let id = setting.id
        let hook = try refuse("claim*", in: governance)
        let before = try Files.read(governance.clusterFile)
        try governance.expect(1, "runner", try setting.run)
        try Files.remove(hook)
        // The network delivers it now.
        try governance.git(
            "runner", "push", "-q", "origin", "refs/agentsafe/outbox/\(id):refs/heads/ledger")
        for _ in 0..<2 {
            let again = try governance.expect(1, "runner", try setting.run)
            #expect(again.output.contains("claimed"), "\(again)")
        }
        #expect(try Files.read(governance.clusterFile) == before)
        governance.clock.advance(901)
        try governance.expect(0, "runner", try setting.run)
        #expect(try setting.kinds() == [.decision, .claim, .aborted, .claim, .prepared, .execution])
        try governance.verifyEverywhere(0)
    }

    @Test("a preparation that nobody saw in time is no leave to act, though it arrives later")
    func latePreparation() throws {
        let setting = try Setting()
        let governance = setting.governance
        let id = setting.id
        let hook = try refuse("prepared*", in: governance)
        let before = try Files.read(governance.clusterFile)
        try governance.expect(1, "runner", try setting.run)
        #expect(try Files.read(governance.clusterFile) == before)
        try Files.remove(hook)
        try governance.git("runner", "push", "-q", "origin", "refs/agentsafe/outbox/\(id):refs/heads/ledger")
        #expect(try governance.expect(1, "runner", try setting.run).output.contains("claimed"))
        governance.clock.advance(901)
        for actor in ["runner", "runner2"] {
            #expect(try governance.expect(1, actor, try setting.run).output.contains("unknown"))
        }
        #expect(try Files.read(governance.clusterFile) == before)
        #expect(try setting.kinds() == [.decision, .claim, .prepared])
    }

    /// A server that takes no events of a kind.
    private func refuse(_ subject: String, in governance: Governance) throws -> String {
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.createDirectory(Files.parent(of: hook))
        let script = """
            #!/bin/sh
            while read old new name; do
                case "$(git log -1 --format=%s "$new")" in \(subject)) exit 1;; esac
            done
            """
        try Files.writeAtomically(hook, Array((script + "\n").utf8), mode: 0o755)
        return hook
    }

    @Test("two machines with one key, one clock and one past make two different claims")
    func identicalClaims() throws {
        var claims: [String] = []
        for _ in 0..<2 {
            let setting = try Setting()
            try setting.governance.expect(0, "runner", try setting.run)
            try setting.governance.git("sam", "fetch", "-q")
            claims.append(
                try setting.governance.git("sam", "log", "--format=%H", "--grep=^claim ", "origin/ledger"))
        }
        #expect(claims[0] != claims[1])
    }

    @Test("a second process with the same key takes the first one's claim for what it is: somebody else's")
    func sameKey() throws {
        let setting = try Setting()
        let governance = setting.governance
        let command = try setting.run
        let twin = "\(governance.directory.path)/twin"
        try governance.run(["cp", "-a", governance.clone("runner"), twin])
        let first = try governance.agentsafe("runner", command, sleepingAt: "claimed until") {
            let second = try governance.expect(1, "runner", command, in: twin)
            #expect(second.output.contains("claimed"), "\(second)")
        }
        #expect(first.status == 0, "\(first)")
        #expect(try setting.kinds() == [.decision, .claim, .prepared, .execution])
        try governance.verifyEverywhere(0)
    }
}
