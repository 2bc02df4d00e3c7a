import ChangeModel
import OperatingSystem
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Runs that are stopped, and go on later")
struct StoppedRunTests {
    @Test("a runner that wakes after its claim was given back and run by another changes nothing")
    func wakes() throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        let stopped = try BackgroundProgram(governance, "runner", ["run"] + cluster, fault: "request.send:1:stop")
        try stopped.waitUntilStopped()
        #expect(try governance.state(of: site.id) == "claimed")
        governance.clock.advance(2000)
        try stopped.catchUp(with: governance)
        let other = try governance.spawn("runner2", ["run"] + cluster)
        #expect(other.status == 0 && other.output.hasPrefix("executed"), "\(other)")
        let after = try Files.read(governance.clusterFile)

        stopped.signal(SIGCONT)
        let woken = try stopped.wait()
        #expect(woken.status == 1 && woken.output.contains("record_failed"), "\(woken)")
        #expect(woken.output.contains("no open claim"), "\(woken)")
        #expect(try Files.read(governance.clusterFile) == after)
        #expect(try governance.record(of: site.id).events.filter { $0.kind == .execution }.map(\.by) == ["runner2"])
        try governance.expectVerified()
    }

    @Test(
        "a word against the change that arrives with the claim stops it before anything is touched",
        arguments: [["bob", "reject"], ["agent", "withdraw"]])
    func wordAgainst(who: [String]) throws {
        let site = try CrashSite.approved.get()
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        let stopped = try BackgroundProgram(governance, "runner", ["run"] + cluster, fault: "remote.pushed:1:stop")
        try stopped.waitUntilStopped()
        #expect(try governance.state(of: site.id) == "claimed")
        try governance.expect(0, who[0], [who[1], site.id.text, "--yes"])
        stopped.signal(SIGCONT)
        let woken = try stopped.wait()
        #expect(woken.status == 1 && woken.output.hasPrefix("aborted"), "\(woken)")
        #expect(try governance.generation(site.namespace) == site.generation)
        #expect(try governance.record(of: site.id).events.last?.kind == .aborted)
        try governance.expectVerified()
    }

    @Test("one clone has one runner at a time, and a killed one is in nobody's way")
    func oneRunner() throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        let stopped = try BackgroundProgram(governance, "runner", ["run"] + cluster, fault: "remote.fetch:1:stop")
        try stopped.waitUntilStopped()
        let second = try governance.spawn("runner", ["run"] + cluster)
        #expect(second.status == 1 && second.output.isEmpty, "\(second)")
        #expect(
            second.errors.hasPrefix("agentsafe: another `agentsafe run` is at work in this clone; wait until"),
            "\(second)")
        // What only reads, or belongs to somebody else, goes on.
        #expect(try governance.spawn("runner", ["verify"]).status == 0)
        stopped.signal(SIGKILL)
        #expect(try stopped.wait().status == 128 + 9)
        #expect(try governance.spawn("runner", ["run"] + cluster).status == 0)
    }
}
