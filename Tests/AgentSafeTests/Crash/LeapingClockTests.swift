import AgentSafe
import ChangeModel
import OperatingSystem
import Synchronization
import Testing

@Suite("Clocks that leap")
struct LeapingClockTests {
    /// A run in this process, during which the clocks leap when a line of progress begins with certain words.
    private struct LeapingRun {
        let governance: Governance
        let id: ChangeID
        let generation: Int64

        init() throws {
            let site = try CrashSite.allowed.get()
            governance = try Governance(copying: site.governance)
            (id, generation) = (site.id, site.generation)
        }

        /// - Parameter meanwhile: what others do at that moment.
        func run(
            at words: String, wall: Int64, boot: Int64 = 0, meanwhile: () throws -> Void = {}
        ) throws -> RunOutcome {
            let (clock, leap) = (governance.clock, Leap())
            var host = governance.host("runner", adding: ["AGENTSAFE_KEY": governance.key("runner")])
            host.now = { clock.now + leap.wall }
            host.bootTime = { UInt64(clock.now + leap.boot) * 1_000_000_000 }
            let workspace = try Workspace(host: host, settings: Settings(cluster: try governance.cluster()[1]))
            let outcomes = try workspace.run(id, executors: try workspace.executors()) { _, line in
                guard line.hasPrefix(words) else { return }
                leap.leap(wall: wall, boot: boot)
                do { try meanwhile() } catch { Issue.record("\(error)") }
            }
            return try #require(outcomes.first)
        }

        var mutations: Int64 { get throws { try governance.generation("staging") - generation } }
    }

    @Test("after a leap forward between claim and preparation nothing is changed, and nothing is dated in the future")
    func forwardAfterClaim() throws {
        let site = try LeapingRun()
        let outcome = try site.run(at: "claimed until", wall: 86_400)
        #expect(outcome.status == .aborted && outcome.detail.contains("the lease ended"), "\(outcome)")
        #expect(try site.mutations == 0)
        let record = try site.governance.record(of: site.id)
        #expect(record.events.map(\.kind).suffix(2) == [.claim, .aborted])
        for event in record.events { #expect(event.at <= site.governance.clock.timestamp) }
        try site.governance.expectVerified()
        #expect(try site.governance.spawn("runner2", ["run"] + site.governance.cluster()).status == 0)
    }

    @Test("after a leap forward between preparation and change nothing is sent")
    func forwardAfterPrepared() throws {
        let site = try LeapingRun()
        let outcome = try site.run(at: "prepared", wall: 1000)
        #expect(outcome.status == .failed && outcome.detail.contains("nothing was sent"), "\(outcome)")
        #expect(try site.mutations == 0)
        #expect(try site.governance.state(of: site.id) == "failed")
        try site.governance.expectVerified()
    }

    @Test("a leap back lengthens no lease: it ends by the clock that nobody sets")
    func backAndAsleep() throws {
        let site = try LeapingRun()
        let outcome = try site.run(at: "prepared", wall: -7200, boot: 901)
        #expect(outcome.status == .failed && outcome.detail.contains("nothing was sent"), "\(outcome)")
        #expect(try site.mutations == 0)
        try site.governance.expectVerified()
    }

    @Test(
        "a leap back loses no record, and no event is dated before its predecessor",
        arguments: [("claimed", -200), ("prepared", -7200)])
    func back(at words: String, seconds: Int64) throws {
        let site = try LeapingRun()
        let outcome = try site.run(at: words, wall: seconds)
        #expect(outcome.status == .executed, "\(outcome)")
        #expect(try site.mutations == 1)
        let events = try site.governance.record(of: site.id).events
        #expect(events.map(\.kind).suffix(3) == [.claim, .prepared, .execution])
        for (event, next) in zip(events, events.dropFirst()) { #expect(next.at >= event.at) }
        let claimed = try #require(events.first { $0.kind == .claim }?.body["lease_end"]?.stringValue)
        let prepared = try #require(events.first { $0.kind == .prepared }?.body["lease_end"]?.stringValue)
        #expect(prepared >= claimed)
        try site.governance.expectVerified()
    }

    @Test("after a leap back what others recorded meanwhile is no news from the future")
    func backWithOthers() throws {
        let site = try LeapingRun()
        let other = try site.governance.propose(target: "dev/api-server", ["replicas=3"])
        try site.governance.land(other)
        let cluster = try site.governance.cluster()
        let outcome = try site.run(at: "prepared", wall: -7200) {
            try site.governance.expect(0, "runner2", ["run", other.text] + cluster)
        }
        #expect(outcome.status == .executed, "\(outcome)")
        #expect(try site.governance.record(of: site.id).last(.execution) != nil)
        try site.governance.expectVerified()
    }

    @Test("after a leap back to before the change was made it is given back, and runs when the clock is right")
    func backBeforeCreation() throws {
        let site = try LeapingRun()
        let outcome = try site.run(at: "claimed until", wall: -7200)
        #expect(outcome.status == .aborted, "\(outcome)")
        #expect(try site.mutations == 0)
        try site.governance.expect(0, "runner2", ["run"] + site.governance.cluster())
        #expect(try site.mutations == 1)
        try site.governance.expectVerified()
    }

    @Test("a clock that is far behind the ledger claims nothing, and says why")
    func behind() throws {
        let site = try LeapingRun()
        try site.governance.expect(0, "runner", ["verify"])
        let ledger = try site.governance.tip("ledger")
        site.governance.clock.advance(-7200)
        let result = try site.governance.spawn("runner", ["run"] + site.governance.cluster())
        #expect(result.status == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errors.hasPrefix("agentsafe: this machine's clock says "), "\(result)")
        #expect(result.errors.contains("set the clock"), "\(result)")
        #expect(try site.governance.tip("ledger") == ledger)
    }

    @Test("what was recorded under a clock far ahead is refused, and says that a clock is wrong")
    func ahead() throws {
        let site = try LeapingRun()
        site.governance.clock.advance(3600)
        try site.governance.expect(0, "runner", ["run"] + site.governance.cluster())
        site.governance.clock.advance(-3600)
        try site.governance.git("stranger", "fetch", "-q")
        let result = try site.governance.expect(30, "stranger", ["verify"])
        #expect(result.errors.contains("in the future: the clock here says"), "\(result)")
        #expect(result.errors.contains("set this clock if it is wrong"), "\(result)")
        site.governance.clock.advance(3600)
        try site.governance.expectVerified()
    }
}

/// How far the clocks are from where the test's clock stands.
private final class Leap: Sendable {
    private let seconds = Mutex<(wall: Int64, boot: Int64)>((0, 0))

    var wall: Int64 { seconds.withLock { $0.wall } }
    var boot: Int64 { seconds.withLock { $0.boot } }

    func leap(wall: Int64, boot: Int64) { seconds.withLock { $0 = (wall, boot) } }
}
