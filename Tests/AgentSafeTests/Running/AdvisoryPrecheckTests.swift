import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Prechecks that the policy calls advisory")
struct AdvisoryPrecheckTests {
    /// A node that is not cordoned is uncordoned: the precheck `node-cordoned` fails.
    private func governance(advisory: [String]) throws -> (Governance, ChangeID) {
        let governance = try Governance()
        let line = advisory.isEmpty ? "" : "    prechecks: {advisory: [\(advisory.joined(separator: ", "))]}\n"
        try governance.trustCommit(["policies/zz-open.yaml": { _ in ThreatBranchPolicy.loose + line }])
        let id = try governance.propose(action: "uncordon-node", target: "staging/node-1", [])
        try governance.land(id)
        return (governance, id)
    }

    @Test("stop nothing when they fail, and the record says that they failed; all others stop the change")
    func advisory() throws {
        for names in [[], ["node-exists"]] {
            let (governance, _) = try governance(advisory: names)
            let result = try governance.expect(1, "runner", ["run"] + governance.cluster())
            #expect(result.output.contains("aborted") && result.output.contains("`node-cordoned` failed"), "\(result)")
        }
        let (governance, id) = try governance(advisory: ["node-cordoned"])
        let dry = try governance.expect(0, "runner", ["run", "--dry-run", id.text] + governance.cluster())
        #expect(dry.output.contains("precheck node-cordoned fails (advisory)"), "\(dry)")
        let result = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(result.errors.contains("precheck node-cordoned: failed, and the policy lets that pass"), "\(result)")
        let checks = try #require(try governance.record(of: id).last(.prepared)).body["prechecks"]?.arrayValue ?? []
        let failed = checks.filter { $0["passed"] == false }
        #expect(failed.map { $0["name"] } == ["node-cordoned"] && failed[0]["advisory"] == true)
        let decision = try #require(try governance.record(of: id).last(.decision)).body["decision"]
        #expect(decision?["advisory_prechecks"] == ["node-cordoned"])
        let shown = try governance.expect(0, "sam", ["show", id.text])
        #expect(shown.output.contains("precheck node-cordoned failed, and is advisory"), "\(shown)")
        try governance.expectVerified()
        let lint = governance.agentsafe("alice", ["lint"])
        #expect(lint.output.contains("though the precheck `node-cordoned` fails"), "\(lint)")
    }

    @Test("are those of main alone: a runner that calls another one advisory is refused by every reader")
    func forged() throws {
        let (governance, id) = try governance(advisory: ["node-cordoned"])
        func attempt(_ checks: JSONValue) throws {
            let desk = try LedgerDesk(governance)
            try desk.append(desk.claim(id))
            try desk.append(desk.prepared(id) { $0["prechecks"] = checks })
        }
        #expect(throws: LedgerError.self) {
            try attempt([["name": "node-exists", "passed": false, "detail": "", "advisory": true]])
        }
        #expect(throws: LedgerError.self) { try attempt([["name": "node-cordoned", "passed": false, "detail": ""]]) }
        #expect(throws: LedgerError.self) { try attempt([["passed": true]]) }
        try attempt([["name": "node-cordoned", "passed": false, "detail": "", "advisory": true]])
    }

    @Test("stop the change in a freeze")
    func frozen() throws {
        let (governance, id) = try governance(advisory: ["node-cordoned"])
        try governance.trustCommit([
            "policies/zzz-freeze.yaml": { _ in
                """
                freeze:
                  - name: always
                    from: "2026-01-01T00:00"
                    until: "2036-01-01T00:00"
                    zone: Europe/Berlin
                    decision: require_approval
                    reason: It is a time for care.

                """
            }
        ])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        let result = try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
        #expect(result.output.contains("`node-cordoned` failed"), "\(result)")
    }
}
