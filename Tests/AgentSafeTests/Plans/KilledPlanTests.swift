import ChangeModel
import OperatingSystem
import Testing

@Suite("Runs of a plan that are killed")
struct KilledPlanTests {
    /// Where a run of two restarts is killed, what must have become of it, and how many restarts there were.
    static let points: [(fault: String, fate: String, staging: Int64, dev: Int64)] = [
        // The preparation of the first step is pushed; its target is changed; the second step's preparation is pushed; …
        ("remote.push:2", "executed", 1, 1), ("remote.pushed:2", "unknown", 0, 0),
        ("request.answered:PATCH1", "unknown", 1, 0), ("remote.push:3", "unknown", 1, 0),
        ("remote.pushed:3", "unknown", 1, 0), ("remote.push:4", "executed", 1, 1),
        ("remote.pushed:4", "executed", 1, 1),
    ]

    @Test("nothing is done twice, and what was done is recorded or unknown with its step", arguments: points)
    func killed(fault: String, fate: String, staging: Int64, dev: Int64) throws {
        let governance = try Governance()
        try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
        let cluster = try governance.cluster()
        try governance.expect(0, "runner", ["run"] + cluster)
        let before = (try governance.generation("staging"), try governance.generation("dev"))
        let id = try governance.proposePlan(
            """
            - {action: restart-deployment, target: staging/api-server}
            - {action: restart-deployment, target: dev/api-server}
            """)
        try governance.land(id)
        let point = try fault.hasSuffix("PATCH1") ? answeredPatch(of: governance) : fault
        let killed = try governance.spawn("runner", ["run"] + cluster, fault: "\(point):kill")
        try #require(killed.status == 128 + 9, "\(point): \(killed)")
        for actor in ["runner", "runner2", "runner"] {
            governance.clock.advance(2000)
            let result = try governance.spawn(actor, ["run"] + cluster)
            #expect([0, 1].contains(result.status), "\(point): \(result)")
        }
        #expect(try governance.state(of: id) == fate, "killed at \(point)")
        #expect(try governance.generation("staging") - before.0 == staging, "killed at \(point)")
        #expect(try governance.generation("dev") - before.1 == dev, "killed at \(point)")
        if fate == "unknown" {
            let step = fault == "remote.pushed:3" ? 2 : 1
            #expect(try governance.expect(1, "sam", ["status", id.text]).output.contains("step \(step) of 2"))
        }
        try governance.verifyEverywhere(0)
    }

    /// The point at which the API server has answered the first mutation.
    private func answeredPatch(of governance: Governance) throws -> String {
        let rehearsal = try Governance(copying: governance)
        let log = rehearsal.directory.file("points")
        _ = try rehearsal.spawn("runner", ["run"] + rehearsal.cluster(), log: log)
        let point = try #require(
            try ReachedPoint.read(log).first { $0.name == "request.answered" && $0.subject.contains("PATCH") })
        return "\(point.name):\(point.ordinal)"
    }
}
