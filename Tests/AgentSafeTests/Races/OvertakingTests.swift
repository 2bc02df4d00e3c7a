import ChangeModel
import Git
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Runners that overtake one another")
struct OvertakingTests {
    @Test("whoever is overtaken by an event that names a newer main commit records on top of that one")
    func newerMain() throws {
        let governance = try Governance()
        try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
        let first = try governance.propose("agent", ["replicas=5"])
        try governance.land(first)
        let old = try governance.tip("main")
        let git = try FaultyGit(in: governance.directory.path)
        let slow = try RaceMachine("slow", as: "runner", in: governance, git: git)
        let words = ["--output", "json"] + (try governance.cluster())
        // Its claim, which names main as it is now, stands still on its way to the remote.
        let run = try slow.start(
            ["run", first.text] + words, plan: FaultPlan(words: ["-", "park"], end: .parks), round: 1,
            program: try InstalledProgram.path())
        for _ in 0..<6000 where !run.isParked && run.work.value == nil { _ = run.work.wait(milliseconds: 5) }
        try #require(run.isParked, "\(String(describing: run.work.value))")
        let second = try governance.propose(target: "dev/api-server", ["replicas=3"])
        try governance.land(second)
        try governance.expect(0, "runner2", ["run", second.text] + words)
        try run.release()
        let result = try #require(run.work.wait(milliseconds: 60_000))
        #expect(result.status == 0, "\(result)")
        let newest = try governance.tip("main")
        #expect(newest != old)
        let claim = try #require(try governance.record(of: first).last(.claim))
        #expect(claim.main.description == newest)
        #expect(claim.height > (try governance.record(of: second).last(.execution)?.height ?? 0))
        try governance.verifyEverywhere(0)
    }
}
