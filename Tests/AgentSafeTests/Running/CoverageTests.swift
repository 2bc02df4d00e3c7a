import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("The coverage of executions")
struct CoverageTests {
    private func coverage(_ governance: Governance, _ options: [String] = []) throws -> JSONValue {
        try governance.git("sam", "fetch", "-q")
        return try governance.expect(0, "sam", ["audit", "coverage", "--output", "json"] + options).json
    }

    @Test("tells which lack a state or a way back, and why, in text and in JSON")
    func told() throws {
        let governance = try Governance()
        #expect(
            try coverage(governance) == [
                "complete": true, "steps": 0, "covered": 0, "lacking": [],
                "lacking_counts": ["before_state": 0, "after_state": 0, "rollback": 0],
            ])
        let scaled = try governance.execute(replicas: 4)
        let restarted = try governance.propose(action: "restart-deployment", [])
        try governance.land(restarted)
        try governance.expect(0, "runner", ["run", restarted.text] + governance.cluster())
        let read = try governance.propose(action: "rollout-status", [])
        try governance.land(read)
        try governance.expect(0, "runner", ["run", read.text] + governance.cluster())
        let report = try coverage(governance)
        #expect(report["steps"] == 3 && report["covered"] == 2, "\(report.prettyText)")
        let lacking = try #require(report["lacking"]?.arrayValue)
        #expect(lacking.map { $0["id"] } == [.string(restarted.text)])
        #expect(lacking[0]["lacks"] == [["what": "rollback", "why": "the action is not reversible"]])
        let text = try governance.expect(0, "sam", ["audit", "coverage"])
        #expect(
            text.output.contains("2 of 3 executed steps")
                && text.output.contains("no rollback: the action is not reversible"))
        #expect(!text.output.contains(scaled.text) && !text.output.contains(read.text))
        try governance.expect(1, "sam", ["audit", "coverage", "--fail-on", "rollback"])
        try governance.expect(1, "sam", ["audit", "coverage", "--fail-on", "any"])
        try governance.expect(0, "sam", ["audit", "coverage", "--fail-on", "after_state"])
        governance.clock.advance(60)
        let later = try coverage(governance, ["--since", governance.clock.timestamp.description])
        #expect(later["steps"] == 0)
    }

    @Test("counts what nobody could look at afterwards: a runner that died, and a target that could not be read")
    func unread() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(desk.claim(id))
        try desk.append(desk.prepared(id))
        try desk.push()
        governance.clock.advance(2000)
        try governance.expect(
            0, "bob", ["resolve", id.text, "--outcome", "applied", "--reason", "It runs with six", "--yes"])
        let other = try governance.propose(target: "dev/api-server", ["replicas=5"])
        try governance.land(other)
        let second = try LedgerDesk(governance)
        try second.append(second.claim(other))
        try second.append(second.prepared(other))
        try second.append(second.execution(other))
        try second.push()
        let lacking = try #require(try coverage(governance)["lacking"]?.arrayValue)
        #expect(lacking.count == 2, "\(lacking)")
        func reasons(_ id: ChangeID) -> [String: String] {
            let entry = lacking.first { $0["id"] == .string(id.text) }
            return Dictionary(
                (entry?["lacks"]?.arrayValue ?? []).map {
                    ($0["what"]?.stringValue ?? "", $0["why"]?.stringValue ?? "")
                },
                uniquingKeysWith: { $1 })
        }
        #expect(reasons(id)["after_state"]?.contains("runner died") == true)
        #expect(reasons(other)["after_state"] == "the target could not be read afterwards")
        for id in [id, other] { #expect(reasons(id).keys.sorted() == ["after_state", "before_state", "rollback"]) }
    }

    @Test("looks at each step of a plan, with what the next one's preparation says of it")
    func plan() throws {
        let governance = try Governance()
        let id = try governance.proposePlan(Governance.threeSteps)
        try governance.carryOut(id)
        let report = try coverage(governance)
        #expect(report["steps"] == 3 && report["lacking"] == [], "\(report.prettyText)")
    }
}
