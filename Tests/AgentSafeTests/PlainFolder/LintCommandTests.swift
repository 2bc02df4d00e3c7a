import ChangeModel
import Testing

@Suite("agentsafe lint")
struct LintCommandTests {
    @Test("finds no error in the catalogue that `init` writes")
    func defaults() throws {
        let plain = try PlainCatalogue()
        let result = plain.run(["lint"])
        #expect(result.status == 0, "\(result)")
        #expect(!result.output.contains(": error "), "\(result.output)")
        let json = try plain.run(["lint", "--output", "json"]).json
        #expect(json["errors"]?.integerValue == 0)
    }

    @Test("names file and line of what it finds, ends with 1, and tells programs the same")
    func findings() throws {
        let plain = try PlainCatalogue()
        try plain.write(
            "policies/zz-mine.yaml",
            """
            rules:
              - name: everything
                priority: 100000
                match: {}
                decision: allow
                reason: we trust them
              - name: too-late
                match: {actions: [scale-deploymnt, "scale-*"]}
                decision: deny
                reason: never asked

            """)
        let result = plain.run(["lint"])
        #expect(result.status == 1)
        #expect(result.output.contains("policies/zz-mine.yaml:2: error allow_all: rule `everything` allows everything"))
        #expect(
            result.output.contains("policies/zz-mine.yaml:7: error unreachable_rule: rule `too-late` never decides"))
        #expect(result.output.contains("policies/zz-mine.yaml:7: error unknown_action: rule `too-late` names"))
        let json = try plain.run(["lint", "-o", "json"]).json
        #expect(json["result"] == "errors")
        let codes = (json["findings"]?.arrayValue ?? []).compactMap { $0["code"]?.stringValue }
        #expect(codes.contains("allow_all") && codes.contains("unreachable_rule"))
        for finding in json["findings"]?.arrayValue ?? [] {
            #expect(
                Set(finding.objectValue?.keys ?? [:].keys) == [
                    "code", "level", "location", "file", "line", "subject", "message",
                ])
        }
    }

    @Test("with --strict ends with 1 for notes as well")
    func strict() throws {
        let plain = try PlainCatalogue()
        try plain.write(
            "policies/zz-freeze.yaml",
            """
            freeze:
              - {name: old, from: 2020-01-01T00:00, until: 2020-01-02T00:00, zone: UTC, reason: long ago}

            """)
        let result = plain.run(["lint"])
        #expect(
            result.status == 0 && result.output.contains("policies/zz-freeze.yaml:2: note freeze_over:"), "\(result)")
        #expect(plain.run(["lint", "--strict"]).status == 1)
    }

    @Test("a freeze in a plain folder is what `check` and `explain` answer by, at any instant that is asked for")
    func freezes() throws {
        let plain = try PlainCatalogue()
        let request = ["get-pod-logs", "--target", "dev/web", "--as", "bot", "--role", "deployer"]
        try plain.write(
            "policies/zz-freeze.yaml",
            """
            rules:
              - {name: all, priority: 100000, match: {}, decision: allow, reason: for this test}
            freeze:
              - name: winter
                from: 2026-12-23T18:00
                until: 2027-01-02T08:00
                zone: Europe/Berlin
                except: [{callers: {roles: [incident-commander]}}]
                reason: nobody is there

            """)
        let target = try #require(
            try plain.run(["targets", "-o", "json"]).json["targets"]?.arrayValue?.first?["id"]?.stringValue)
        let action = try #require(
            try plain.run(["actions", "--as", "bot", "--target", target, "-o", "json"]).json["actions"]?.arrayValue?
                .first?["action"]?.stringValue)
        _ = request
        func result(_ now: String, _ more: [String] = []) throws -> JSONValue {
            try plain.run(
                ["actions", "--as", "bot", "--target", target, "-o", "json"] + more,
                now: try #require(Timestamp(now)).seconds
            ).json["actions"]?.arrayValue?.first { $0["action"]?.stringValue == action } ?? .null
        }
        #expect(try result("2026-12-23T16:59:59Z")["result"] == "allow")
        #expect(try result("2026-12-23T17:00:00Z")["result"] == "deny")
        #expect(try result("2026-12-23T17:00:00Z")["code"] == "frozen")
        #expect(try result("2026-12-23T17:00:00Z")["rule"] == "winter")
        #expect(try result("2026-12-23T17:00:00Z", ["--role", "incident-commander"])["result"] == "allow")
        let explained = plain.run([
            "explain", action, "--target", target, "--as", "bot", "--now", "2026-12-24T12:00:00Z", "-o", "json",
        ])
        let freeze = try explained.json["freezes"]?.arrayValue?.first
        #expect(freeze?["freeze"] == "winter" && freeze?["standing"] == "holds", "\(explained)")
        #expect(freeze?["until"] == "2027-01-02T07:00:00Z")
        let text = plain.run(["explain", action, "--target", target, "--as", "bot", "--now", "2026-12-24T12:00:00Z"])
        #expect(
            text.output.contains("winter (policies/zz-freeze.yaml:4), deny: holds until 2027-01-02T07:00:00Z"),
            "\(text)")
    }
}
