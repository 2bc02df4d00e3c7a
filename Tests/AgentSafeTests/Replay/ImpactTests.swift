import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("The impact of a changed policy")
struct ImpactTests {
    /// A ledger with three decisions: staging allowed, production twice in need of approval.
    private static let original = Result {
        let governance = try Governance.keptForAll()
        for (target, replicas) in [("staging/api-server", 6), ("prod/api-server", 5), ("prod/web", 4)] {
            let id = try governance.propose(target: target, ["replicas=\(replicas)"])
            try governance.land(id)
            governance.clock.advance(3600)
        }
        _ = governance.agentsafe("gate", ["gate", "--record"])
        try governance.update("alice")
        return governance
    }

    private static func copy() throws -> Governance { try Governance(copying: try original.shared()) }

    /// Commits an edit of files in alice's clone; nobody signs it.
    private static func edit(_ governance: Governance, _ path: String, _ edit: (String) -> String) throws {
        let old = (try? governance.read("alice", path)) ?? ""
        let new = edit(old)
        try #require(new != old)
        try governance.write("alice", path, new)
        try governance.git("alice", "checkout", "-q", "-B", "edit")
        try governance.git("alice", "add", "-A")
        try governance.git("alice", "commit", "-q", "-m", "Edit")
    }

    private static func impact(
        _ governance: Governance, _ arguments: [String] = [], status: Int32,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        try governance.expect(
            status, "alice", ["impact", "--output", "json"] + arguments, sourceLocation: sourceLocation
        ).json
    }

    private static func shifts(_ json: JSONValue) -> [String] {
        (json["flips"]?.arrayValue ?? []).map {
            "\($0["shift"]?.stringValue ?? "") \($0["summary"]?.stringValue ?? "")"
        }
    }

    /// The decision of one rule of the default policies made another.
    private static func turn(_ rule: String, _ old: String, _ new: String) -> (String) -> String {
        { text in
            let parts = text.split(separator: "- name: \(rule)\n", maxSplits: 1)
            guard parts.count == 2 else { return text }
            var rest = String(parts[1])
            guard let range = rest.firstRange(of: "decision: \(old)") else { return text }
            rest.replaceSubrange(range, with: "decision: \(new)")
            return "\(parts[0])- name: \(rule)\n\(rest)"
        }
    }

    @Test("what becomes softer is named, and ends with 10 for the gate of a policy's pull request")
    func softer() throws {
        let governance = try Self.copy()
        try Self.edit(
            governance, "policies/default.yaml", Self.turn("prod-needs-approval", "require_approval", "allow"))
        let json = try Self.impact(governance, status: 10)
        #expect(json["result"] == "softer" && json["compared"] == 3, "\(json)")
        #expect(
            Self.shifts(json) == [
                "require_approval_to_allow scale-deployment on prod/api-server",
                "require_approval_to_allow scale-deployment on prod/web",
            ])
        #expect(json.at("counts", "require_approval_to_allow") == 2 && json.at("counts", "deny_to_allow") == 0)
        #expect(
            Set((json.objectValue ?? [:]).keys)
                == ["result", "base", "head", "compared", "counts", "flips", "skipped"])
        let flip = json["flips"]?.arrayValue?.first ?? .null
        #expect(
            Set((flip.objectValue ?? [:]).keys)
                == ["change", "summary", "caller", "at", "shift", "before", "after"])
        #expect(flip["caller"] == "deploy-agent-01" && flip["change"]?.stringValue?.hasPrefix("chg-") == true)
        #expect(flip.at("before", "result") == "require_approval" && flip.at("after", "result") == "allow")
        #expect(try Self.impact(governance, ["origin/main..HEAD"], status: 10) == json)
        #expect(try Self.impact(governance, ["..edit"], status: 10) == json)
        _ = try Self.impact(governance, ["--fail-on", "any"], status: 10)
        _ = try Self.impact(governance, ["--fail-on", "none"], status: 0)
        // Looked at from the other side, it becomes stricter.
        let back = try Self.impact(governance, ["HEAD..origin/main"], status: 0)
        #expect(back["result"] == "stricter" && back.at("counts", "allow_to_require_approval") == 2)
        _ = try Self.impact(governance, ["HEAD..origin/main", "--fail-on", "any"], status: 10)
        let text = try governance.expect(10, "alice", ["impact"])
        #expect(text.output.hasPrefix("require_approval → allow: 2\n  chg-"), "\(text)")
        #expect(text.output.contains("prod-needs-approval (policies/default.yaml:"), "\(text)")
        #expect(text.output.contains("\n2 of 3 answers flip from "), "\(text)")
    }

    @Test("fewer approvals are softer, more are stricter, and another rule with the same answer is a note")
    func approvals() throws {
        let governance = try Self.copy()
        try Self.edit(governance, "policies/default.yaml") { text in
            let parts = text.split(separator: "- name: prod-needs-approval\n", maxSplits: 1)
            let more = parts[1].replacing("count: 1", with: "count: 2", maxReplacements: 1)
            return "\(parts[0])- name: prod-needs-two\n\(more)"
        }
        let more = try Self.impact(governance, status: 0)
        #expect(more["result"] == "stricter" && more.at("counts", "stronger_approvals") == 2, "\(more)")
        let fewer = try Self.impact(governance, ["HEAD..origin/main"], status: 10)
        #expect(fewer["result"] == "softer" && fewer.at("counts", "weaker_approvals") == 2)
        try Self.edit(governance, "policies/default.yaml") {
            $0.replacing("name: prod-needs-two", with: "name: prod-needs-others").replacing(
                "count: 2", with: "count: 1")
        }
        let renamed = try Self.impact(governance, ["--fail-on", "any"], status: 0)
        #expect(renamed["result"] == "same" && renamed.at("counts", "other_rule") == 2, "\(renamed)")
    }

    @Test(
        "deadlines that end later or never, and a glass that more people may break, are softer",
        arguments: [
            ("review_by: 4h", "review_by: 8h"), ("execute_within: 30m", "execute_within: 31m"),
            ("review_by: 4h", ""),
            ("", "break_glass: {roles: [sre], review_within: 24h}"),
        ])
    func terms(shorter: String, longer: String) throws {
        let governance = try Self.copy()
        func policy(_ term: String) -> (String) -> String {
            { _ in
                """
                rules:
                  - name: prod-in-time
                    priority: 9000
                    match: {targets: {environments: [prod]}}
                    decision: require_approval
                    approvals: {require: [{role: approver, count: 1}]\(term.isEmpty ? "" : ", \(term)")}
                    reason: In time.

                """
            }
        }
        try Self.edit(governance, "policies/zz.yaml", policy(shorter))
        try Self.edit(governance, "policies/zz.yaml", policy(longer))
        let softer = try Self.impact(governance, ["HEAD~1..HEAD"], status: 10)
        #expect(softer["result"] == "softer" && softer.at("counts", "weaker_approvals") == 2, "\(softer)")
        let stricter = try Self.impact(governance, ["HEAD..HEAD~1"], status: 0)
        #expect(stricter["result"] == "stricter" && stricter.at("counts", "stronger_approvals") == 2, "\(stricter)")
    }

    @Test("what was recorded is asked at its own time, not at today's")
    func ownTime() throws {
        let governance = try Self.copy()
        let hour = Timestamp(seconds: TestClock.start).description.dropFirst(11).prefix(2)
        // A day of the week and hour that only the records are in.
        try Self.edit(governance, "policies/zz.yaml") { _ in
            """
            rules:
              - name: then
                priority: 9000
                match: {time_windows: [{start_hour: \(Int(hour) ?? 0), end_hour: \((Int(hour) ?? 0) + 4)}]}
                decision: deny
                reason: Not then.

            """
        }
        governance.clock.advance(12 * 3600)
        let json = try Self.impact(governance, status: 0)
        #expect(
            json.at("counts", "allow_to_deny") == 1 && json.at("counts", "require_approval_to_deny") == 2, "\(json)")
        let last = try Self.impact(governance, ["--last", "1"], status: 0)
        #expect(last["compared"] == 1)
        let since = try Self.impact(governance, ["--since", "\(governance.clock.timestamp)"], status: 0)
        #expect(since["compared"] == 0 && since["result"] == "same")
    }

    @Test("identities count as part of the policy: who loses a role loses what it allowed")
    func identities() throws {
        let governance = try Self.copy()
        try Self.edit(governance, "identities.yaml") { $0.replacing("roles: [deployer]", with: "roles: [reader]") }
        let json = try Self.impact(governance, status: 0)
        #expect(
            json.at("counts", "allow_to_deny") == 1 && json.at("counts", "require_approval_to_deny") == 2, "\(json)")
        let back = try Self.impact(governance, ["HEAD..origin/main"], status: 10)
        #expect(
            Self.shifts(back).map { $0.split(separator: " ")[0] }
                == ["deny_to_allow", "deny_to_require_approval", "deny_to_require_approval"])
    }

    @Test("a file of requests is asked instead, by each side's own identities, the gravest flips first")
    func requests() throws {
        let governance = try Self.copy()
        try Self.edit(governance, "policies/zz.yaml") { _ in ThreatBranchPolicy.loose }
        let lines = [
            #"{"action": "scale-deployment", "target": "staging/api-server", "caller": "deploy-agent-01", "params": {"replicas": 2}}"#,
            #"{"action": "scale-deployment", "target": "prod/api-server", "caller": "deploy-agent-01", "params": {"replicas": 2}}"#,
            #"{"action": "get-secret", "target": "staging/db-credentials", "caller": {"agent_id": "x", "roles": ["deployer"]}}"#,
        ]
        try governance.write("alice", "requests.jsonl", lines.joined(separator: "\n") + "\n")
        let json = try Self.impact(governance, ["--requests", "requests.jsonl"], status: 10)
        #expect(
            Self.shifts(json) == [
                "deny_to_allow get-secret on staging/db-credentials",
                "require_approval_to_allow scale-deployment on prod/api-server",
                "other_rule scale-deployment on staging/api-server",
            ])
        #expect((json["flips"]?.arrayValue ?? []).map { $0["line"]?.integerValue } == [3, 2, 1])
        for (content, words) in [
            (lines[0] + "\n\n" + lines[1], "line 2 of the requests"), ("", "not one request"),
            ("{}", "line 1 of the requests"),
        ] {
            try governance.write("alice", "requests.jsonl", content)
            let result = try governance.expect(1, "alice", ["impact", "--requests", "requests.jsonl"])
            #expect(result.output.isEmpty && result.errors.contains(words), "\(result)")
        }
        try governance.expect(2, "alice", ["impact", "--requests", "requests.jsonl", "--last", "1"])
    }

    @Test("a head that cannot be read is a failure with its file and line; nothing of it is run or believed")
    func hostileHead() throws {
        let governance = try Self.copy()
        try Self.edit(governance, "policies/default.yaml") { $0 + "  - name: [\n" }
        let broken = try governance.expect(1, "alice", ["impact"])
        #expect(
            broken.output.isEmpty
                && broken.errors.hasPrefix("agentsafe: the catalogue of `HEAD` cannot be used: policies/default.yaml:"),
            "\(broken)")
        // Another ledger pin, another repository: whose past is asked, the head does not say.
        try governance.git("alice", "checkout", "-q", "-f", "origin/main")
        try Self.edit(governance, "agentsafe.yaml") {
            $0.replacing(/repository: [0-9a-z]{26}/) { _ in "repository: 51t4bdacbn17p35b5604fjp1nc" }
        }
        #expect(try Self.impact(governance, status: 0)["result"] == "same")
        for range in ["origin/main", "a...b", "nowhere..HEAD", "HEAD..--output=x"] {
            let result = try governance.expect(2, "alice", ["impact", range])
            #expect(result.output.isEmpty, "\(result)")
        }
    }

    @Test("on GitHub, a page for the summary says what flips, and none of it is markup")
    func gitHub() throws {
        let governance = try Self.copy()
        try Self.edit(
            governance, "policies/default.yaml", Self.turn("prod-needs-approval", "require_approval", "allow"))
        let (summary, output) = (governance.directory.file("summary"), governance.directory.file("output"))
        let result = try governance.expect(
            10, "alice", ["impact", "--output", "github"],
            adding: ["GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": output])
        #expect(result.output.contains("2 of 3 answers flip"))
        let page = String(decoding: try Files.read(summary), as: UTF8.self)
        #expect(page.hasPrefix("### agentsafe impact: softer\n") && page.contains("| what | request |"), "\(page)")
        #expect(page.contains("prod&#47;api-server"), "\(page)")
        #expect(String(decoding: try Files.read(output), as: UTF8.self) == "impact=softer\n")
    }
}
