import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// The connection to the remote is cut at any byte, while things are fetched, pushed or looked at again. Nothing is done twice, and
/// nothing that was recorded is lost. `AGENTSAFE_CUTS=N` cuts at N random places, `AGENTSAFE_CUTS=0` at every byte.
@Suite("ThreatCutRemote", .serialized)
struct ThreatCutRemote {
    private let daemon: ServerProcess
    private let relay: CuttingRelay

    init() throws {
        let program = Files.parent(of: Files.parent(of: Files.parent(of: #filePath))) + "/TestSupport/Programs/git-daemon.py"
        daemon = try ServerProcess(["python3", program])
        relay = try CuttingRelay(upstream: daemon.port)
    }

    @Test("a run is cut off, and what the next ones make of it")
    func runs() throws {
        let site = try CrashSite.allowed.get()
        let sizes = try attempt(site, "unharmed") { try relay.rest() }
        #expect(sizes.status == 0 && sizes.harmed == 0 && sizes.request > 0 && sizes.answer > 0)
        var places = (0..<sizes.request).map { (CuttingRelay.Way.request, $0) }
        places += (0..<sizes.answer).map { (.answer, $0) }
        var generator = SeededGenerator(stream: 23)
        let wanted = TestEnvironment.number("AGENTSAFE_CUTS") ?? 16
        if wanted > 0 { places = (0..<wanted).map { _ in generator.pick(places) } }
        var statuses: Set<Int32> = []
        for (way, bytes) in places {
            // Once, or for as long as a run is ready to try.
            let times = generator.pick([1, 1, 3, 1000])
            let place = "\(way) \(bytes) × \(times)"
            statuses.insert(try attempt(site, place) { try relay.cut(way, after: bytes, times: times) }.status)
        }
        #expect(statuses.isSubset(of: [0, 1]))
    }

    /// A run through the relay, and others after it whom nobody harms.
    private func attempt(
        _ site: CrashSite, _ place: String, arm: () throws -> Void
    ) throws -> (status: Int32, request: Int, answer: Int, harmed: Int) {
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        try governance.git("runner", "remote", "set-url", "origin", "git://127.0.0.1:\(relay.port)\(governance.remote)")
        try arm()
        let cut = try governance.spawn("runner", ["run"] + cluster)
        let count = try relay.count()
        try relay.rest()
        let mutations = try governance.generation(site.namespace) - site.generation
        #expect([0, 1].contains(cut.status) && mutations <= 1, "\(place): \(cut)")
        if cut.status == 0 { #expect(mutations == 1, "\(place): \(cut)") }

        try governance.git("runner", "remote", "set-url", "origin", governance.remote)
        // What waits in the clone is recorded at once, while the lease lasts; what was given up is done by whoever comes next.
        for (wait, actor) in [(Int64(0), "runner"), (2000, "runner2"), (0, "runner")] {
            governance.clock.advance(wait)
            let next = try governance.spawn(actor, ["run"] + cluster)
            #expect([0, 1].contains(next.status), "\(place): \(next)")
        }
        let state = try governance.state(of: site.id, seenBy: "stranger")
        let written = try governance.generation(site.namespace) - site.generation
        #expect(["executed", "unknown"].contains(state), "\(place): \(state)")
        // An unknown is what it says: prepared, and nobody recorded what came of it.
        #expect(written == (state == "executed" ? 1 : mutations), "\(place): \(state), written \(written) times")
        #expect(try governance.executions() - site.executions == (state == "executed" ? 1 : 0), "\(place)")
        if mutations == 1 { #expect(state == "executed", "\(place): what was done is not recorded: \(cut)") }
        #expect(try governance.leftovers(of: "runner").isEmpty, "\(place)")
        return (cut.status, count.request, count.answer, count.harmed)
    }
}
