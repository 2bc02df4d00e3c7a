import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Runs that are killed")
struct KilledRunTests {
    @Test(
        "wherever a run of an allowed change is killed, nothing is done twice, lost, half-written, or blocked for good",
        arguments: CrashSite.Phase.allCases)
    func allowed(phase: CrashSite.Phase) throws {
        let site = try CrashSite.allowed.get()
        for point in try site.sample(phase) { try kill(site, phase, point) }
    }

    @Test("the same holds for a change that a person approved", arguments: CrashSite.Phase.allCases)
    func approved(phase: CrashSite.Phase) throws {
        let site = try CrashSite.approved.get()
        for point in try site.sample(phase).shuffled(stream: 1).prefix(1) { try kill(site, phase, point) }
    }

    @Test("the same holds for a rollback", arguments: CrashSite.Phase.allCases)
    func rollback(phase: CrashSite.Phase) throws {
        let site = try CrashSite.rollback.get()
        for point in try site.sample(phase).shuffled(stream: 2).prefix(1) { try kill(site, phase, point) }
    }

    /// Kills a run at the point, runs again in the same clone and in another one, and looks at what is left.
    private func kill(_ site: CrashSite, _ phase: CrashSite.Phase, _ point: ReachedPoint) throws {
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        let place: Comment = "killed at \(point.description), \(phase)"
        let killed = try governance.spawn(
            "runner", ["run"] + cluster, fault: "\(point.name):\(point.ordinal):kill")
        try #require(killed.status == 128 + 9, "\(place): \(killed)")
        let mutations = try governance.generation(site.namespace) - site.generation
        #expect(mutations == (site.isMutated(phase, point) ? 1 : 0), place)

        // At once, while the dead one's lease lasts; then when it has ended, by the same clone or by another one.
        let isSame = point.ordinal % 2 == 0
        if isSame { try run(governance, "runner", cluster, place) }
        governance.clock.advance(2000)
        try run(governance, isSame ? "runner" : "runner2", cluster, place)
        try run(governance, "runner", cluster, place)

        let state = try governance.state(of: site.id, seenBy: "stranger")
        switch site.fate(phase, point) {
        case .executed: #expect(state == "executed", place)
        case .unknown: #expect(state == "unknown", place)
        case .either: #expect(["executed", "unknown"].contains(state), place)
        }
        try check(governance, site, state: state, mutations: mutations, place)
    }

    /// A run after the crash: it ends, and no lock or leftover is in its way.
    private func run(_ governance: Governance, _ actor: String, _ cluster: [String], _ place: Comment) throws {
        let result = try governance.spawn(actor, ["run"] + cluster)
        #expect([0, 1].contains(result.status), "\(place): \(result)")
        for words in [".lock", "another `agentsafe run`", "cannot be kept", "still waits", "record_failed"] {
            #expect(!result.description.contains(words), "\(place): \(result)")
        }
    }

    private func check(
        _ governance: Governance, _ site: CrashSite, state: String, mutations: Int64, _ place: Comment
    ) throws {
        #expect(try governance.executions() - site.executions == (state == "executed" ? 1 : 0), place)
        let written = try governance.generation(site.namespace) - site.generation
        // Whoever executed it did so once; an unknown stays as the killed process left it.
        #expect(written == (state == "executed" ? 1 : mutations), place)
        // What a killed write has left beside a file goes with the next write of it.
        try Files.writeAtomically(governance.clusterFile, try Files.read(governance.clusterFile))
        #expect(try governance.leftovers(of: "runner").isEmpty, place)
        for repository in [governance.remote, governance.clone("runner") + "/.git"] {
            try governance.run(["git", "--git-dir=\(repository)", "fsck", "--no-dangling", "--no-progress"])
        }
    }
}

extension Array {
    /// In an order that the seed gives.
    func shuffled(stream: UInt64) -> [Element] {
        var generator = SeededGenerator(stream: stream)
        return shuffled(using: &generator)
    }
}
