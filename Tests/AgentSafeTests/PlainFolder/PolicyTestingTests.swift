import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Policy tests")
struct PolicyTestingTests {
    private static let small = """
        tests:
          - name: a reader scales
            action: scale-deployment
            target: staging/api-server
            caller: me
            roles: [reader]
            params: {replicas: 2}
            expect: allow
          - name: a deployer scales
            action: scale-deployment
            target: staging/api-server
            caller: me
            roles: [deployer]
            params: {replicas: 2}
            expect: allow
            rule: another-rule

        """

    private static func policy(_ rules: String) -> String { "rules:\n" + rules }

    /// A catalogue whose one policy file holds these rules.
    private static func plain(_ rules: String, tests: String) throws -> PlainCatalogue {
        let plain = try PlainCatalogue()
        try Files.removeTree(plain.directory.file("policies"))
        try Files.removeTree(plain.directory.file("tests"))
        try plain.write("policies/p.yaml", policy(rules))
        try plain.write("tests/t.yaml", "tests:\n" + tests)
        return plain
    }

    @Test("the default policies' own tests hold, and cover every rule and every condition")
    func defaults() throws {
        let plain = try PlainCatalogue()
        let words = ["test", "--min-coverage", "100", "--min-condition-coverage", "100%", "--coverage"]
        let result = plain.run(words)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
        #expect(!result.output.contains("decides no test") && !result.output.contains("can never decide"), "\(result)")
    }

    @Test("one that fails is named with its line, what was expected, what came, the deciding rule and the nearest")
    func failures() throws {
        let plain = try PlainCatalogue()
        try plain.write("mine.yaml", Self.small)
        let result = plain.run(["test", "mine.yaml"])
        #expect(result.status == 1 && result.errors.isEmpty, "\(result)")
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(
            lines[0].hasPrefix(
                "mine.yaml:2: policy test `a reader scales` expects allow, and the policy says deny (no_rule): "))
        #expect(
            lines[0].contains("; nearest rule `dev-and-staging-are-open` (policies/default.yaml:")
                && lines[0].hasSuffix(
                    "missed: caller roles [reader] not in [deployer, sre, admin]"),
            "\(lines[0])")
        #expect(
            lines[1].hasPrefix(
                "mine.yaml:9: policy test `a deployer scales` expects rule another-rule, and the policy says allow "
                    + "(dev-and-staging-are-open, policies/default.yaml:"), "\(lines[1])")
        #expect(lines[2] == "2 of 2 policy tests fail")
    }

    @Test("what is asked for can be a code, approvals, a kind of caller, an instant and a rollback")
    func keys() throws {
        let plain = try Self.plain(
            """
              - name: undo
                priority: 3
                match: {rollback: true}
                decision: allow
                reason: It was so before.
              - name: night
                priority: 2
                match: {time_windows: [{start_hour: 22, end_hour: 5}], callers: {kinds: [person]}}
                decision: require_approval
                approvals: {require: [{role: approver, count: 2}]}
                reason: Few are awake.
              - name: handed-on
                priority: 1
                match: {callers: {delegated_from: [conductor]}}
                decision: allow
                reason: The conductor answers for it.

            """,
            tests: """
                  - &base {name: a rollback, action: restart-deployment, target: dev/api-server, expect: allow, rollback: true}

                """)
        // Anchors are refused, like everywhere.
        #expect(plain.run(["test"]).status == 1)
        func test(_ rest: String) -> String {
            "  - {name: x, action: restart-deployment, target: dev/api-server, \(rest)}\n"
        }
        let night = "now: 2026-11-22T23:11:00Z"
        for (holds, rest) in [
            (true, "expect: allow, rollback: true, rule: undo"), (false, "expect: allow"),
            (true, "expect: allow, caller: me, delegated_by: [conductor], rule: handed-on"),
            (false, "expect: allow, caller: me, delegated_by: [somebody]"), (false, "expect: allow, caller: me"),
            (true, "expect: deny, code: no_rule, \(night)"), (false, "expect: deny, code: rule, \(night)"),
            (true, "expect: require_approval, caller: me, kind: person, \(night)"),
            (false, "expect: require_approval, caller: me, kind: agent, \(night)"),
            (false, "expect: require_approval, caller: me, kind: person, now: 2026-11-22T12:11:00Z"),
            (
                true,
                "expect: require_approval, caller: me, kind: person, \(night), approvals: {require: [{role: approver, count: 2}]}"
            ),
            (
                false,
                "expect: require_approval, caller: me, kind: person, \(night), approvals: {require: [{role: approver}]}"
            ),
        ] {
            try plain.write("tests/t.yaml", "tests:\n" + test(rest))
            let result = plain.run(["test"])
            #expect(result.status == (holds ? 0 : 1), "\(rest): \(result)")
        }
        for rest in ["expect: deny, code: no_rul", "expect: deny, kind: robot", "expect: deny, rollback: yes"] {
            try plain.write("tests/t.yaml", "tests:\n" + test(rest))
            let result = plain.run(["test"])
            #expect(result.status == 1 && result.errors.hasPrefix("agentsafe: tests/t.yaml:2:"), "\(result)")
        }
    }

    @Test("no test at all, no such place and no file of tests are failures, never a success")
    func nothing() throws {
        let plain = try PlainCatalogue()
        try plain.write("empty.yaml", "tests: []\n")
        try Files.createDirectory(plain.directory.file("void"))
        for (arguments, words) in [
            (["void"], "not one policy test in `void`"), (["empty.yaml"], "not one policy test in `empty.yaml`"),
            (["nowhere"], "there is nothing at `nowhere`"), (["--filter", "zzz"], "contains `zzz`"),
            (["agentsafe.yaml"], "agentsafe.yaml:1:"), (["policies"], "policies/default.yaml:"),
        ] {
            let result = plain.run(["test"] + arguments)
            #expect(result.status == 1 && result.output.isEmpty, "\(result)")
            #expect(result.errors.contains(words), "\(result)")
        }
        try Files.removeTree(plain.directory.file("tests"))
        #expect(plain.run(["test"]).status == 1)
        #expect(plain.run(["validate"]).status == 0)
        for text in ["101", "-1", "x", ""] {
            #expect(plain.run(["test", "--min-coverage=\(text)"]).status == 2)
        }
    }

    @Test("files, folders and a filter choose the tests; `.yml` counts, other names do not")
    func choice() throws {
        let plain = try PlainCatalogue()
        let one = "tests:\n  - {name: NAME, action: x, expect: deny}\n"
        for name in ["a.yaml", "b.yml", "c.txt"] {
            try plain.write("more/\(name)", one.replacing("NAME", with: "test of \(name)"))
        }
        func names(_ arguments: [String], in folder: String = "") throws -> [String] {
            let json = try plain.run(["test", "--output", "json"] + arguments, in: folder).json
            return (json["results"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }
        #expect(try names(["more"]) == ["test of a.yaml", "test of b.yml"])
        #expect(try names(["more/b.yml", "more/a.yaml"]) == ["test of b.yml", "test of a.yaml"])
        #expect(try names(["a.yaml"], in: "more") == ["test of a.yaml"])
        #expect(try names(["more", "--filter", "b.y"]) == ["test of b.yml"])
        #expect(try names([]).count > 30)
        #expect(try names([], in: "more") == names([]))
    }

    @Test("coverage counts what rules decided, and of each condition how it was seen while its rule was asked")
    func coverage() throws {
        let plain = try Self.plain(
            """
              - name: first
                priority: 2
                match: {actions: ["restart-*"], targets: {environments: [dev]}, callers: {roles: [deployer]}}
                decision: allow
                reason: one
              - name: second
                priority: 1
                match: {targets: {environments: [dev, prod]}}
                decision: deny
                reason: two
              - name: third
                match: {targets: {environments: [prod]}}
                decision: allow
                reason: three

            """,
            tests: """
                  - {name: a, action: restart-deployment, target: dev/api-server, caller: me, roles: [deployer], expect: allow}
                  - {name: b, action: restart-deployment, target: dev/api-server, caller: me, roles: [reader], expect: deny}
                  - {name: c, action: rollout-status, target: staging/api-server, expect: deny}
                  - {name: d, action: restart-deployment, target: nowhere, params: {namespace: a, deployment: b}, expect: deny}
                  - {name: e, action: nothing, target: dev/api-server, expect: deny}

                """)
        let result = plain.run(["test", "--output", "json"])
        #expect(result.status == 0, "\(result)")
        let coverage = try result.json["coverage"] ?? .null
        let rules = coverage["rules"]?.arrayValue ?? []
        #expect(rules.map { $0["rule"]?.stringValue } == ["first", "second", "third"])
        #expect(rules.map { $0["asked"]?.integerValue } == [4, 3, 2])
        #expect(rules.map { $0["decided"]?.integerValue } == [1, 1, 0])
        func seen(_ rule: Int, _ key: String) -> [Int64] {
            let found = rules[rule]["conditions"]?.arrayValue?.first { $0["condition"]?.stringValue == key }
            return ["held", "missed", "alone"].compactMap { found?[$0]?.integerValue }
        }
        #expect(seen(0, "actions") == [3, 1, 0])
        #expect(seen(0, "targets") == [3, 1, 0])
        #expect(seen(0, "targets.environments") == [2, 1, 0])
        #expect(seen(0, "callers") == [2, 2, 0])
        #expect(seen(0, "callers.roles") == [1, 1, 1])
        #expect(seen(1, "targets.environments") == [1, 1, 1])
        #expect(seen(2, "targets") == [1, 1, 1])
        #expect(rules[1]["conditions"]?.arrayValue?.count == 2)
        #expect(coverage["rules_percent"]?.integerValue == 66 && coverage["rules_decided"]?.integerValue == 2)
        #expect(
            coverage["conditions_total"]?.integerValue == 9 && coverage["conditions_covered"]?.integerValue == 8,
            "\(coverage)")
        #expect(coverage["rules_silent"]?.arrayValue?.isEmpty == true)
        let unreachable = coverage["rules_unreachable"]?.arrayValue ?? []
        #expect(unreachable.map { $0["location"]?.stringValue } == ["policies/p.yaml:12"], "\(unreachable)")

        let text = plain.run(["test", "--min-coverage", "67"])
        #expect(text.status == 1 && text.errors.isEmpty, "\(text)")
        #expect(text.output.contains("5 policy tests hold\nrules       2 of 3 decide a test (66 %)\n"), "\(text)")
        #expect(text.output.contains("\ncan never decide: third (policies/p.yaml:12): "), "\(text)")
        #expect(text.output.contains("(policies/p.yaml:7)"), "\(text)")
        #expect(text.output.hasSuffix("2 of 3 rules decide a test, 66 %, and 67 % are asked for"), "\(text)")
        #expect(plain.run(["test", "--min-coverage", "66"]).status == 0)
        #expect(plain.run(["test", "--min-condition-coverage", "89"]).status == 1)
        #expect(plain.run(["test", "--min-condition-coverage", "88"]).status == 0)
        let filtered = plain.run(["test", "--filter", "c"])
        #expect(filtered.output.contains("decides no test: second (policies/p.yaml:7)"), "\(filtered)")
    }

    @Test("a test without `now` that meets a rule about the time is pointed out")
    func clock() throws {
        let rule =
            "  - {name: night, match: {time_windows: [{start_hour: 22, end_hour: 5}]}, decision: allow, reason: x}\n"
        let test = "  - {name: a, action: restart-deployment, target: dev/api-server, expect: deny"
        let open = try Self.plain(rule, tests: test + "}\n").run(["test", "--now", "2026-11-22T12:00:00Z"])
        #expect(
            open.status == 0
                && open.output.hasPrefix("warning: tests/t.yaml:2: the rules ask for the time, and the test names no"),
            "\(open)")
        let fixed = try Self.plain(rule, tests: test + ", now: 2026-11-22T12:00:00Z}\n").run(["test"])
        #expect(fixed.status == 0 && !fixed.output.contains("warning"), "\(fixed)")
    }

    // MARK: - Target binding

    @Test(
        "the Python project's tests hold under `advisory`, from the file, the configuration or the flag, with a word",
        arguments: ["file", "configuration", "flag", "nothing"])
    func advisory(way: String) throws {
        var configuration = PlainCatalogue.configuration
        if way == "configuration" { configuration += "target_binding: advisory\n" }
        let plain = try PlainCatalogue(configuration: configuration)
        let head = way == "file" ? "target_binding: advisory\n" : ""
        // In its tests nobody needs params, params may say anything, and actions fit every target.
        let tests = """
            tests:
              - {name: no params, action: ec2-reboot-instance, target: staging/api-server, expect: deny}
              - {name: other params, action: restart-deployment, target: dev/api-server, expect: allow,
                 caller: x, roles: [deployer], params: {namespace: prod, deployment: other}}
              - {name: other type, action: rollout-status, target: staging/node-1, expect: allow,
                 caller: x, roles: [deployer]}

            """
        try plain.write("tests/python.yaml", head + tests)
        let result = plain.run(["test", "tests/python.yaml"] + (way == "flag" ? ["--advisory"] : []))
        guard way != "nothing" else {
            #expect(
                result.status == 1
                    && result.output.contains("2 of 3 policy tests fail\n2 of these would hold with `--advisory`"),
                "\(result)")
            return
        }
        #expect(result.status == 0 && result.output.contains("3 policy tests hold"), "\(result)")
        let warnings = result.output.split(separator: "\n").filter {
            $0.contains("holds under `target_binding: advisory`")
        }
        #expect(warnings.count == 2 && warnings[0].contains("tests/python.yaml:"), "\(result)")
        #expect(warnings[0].contains("is bound to `dev`"), "\(result)")
    }

    // MARK: - Reports

    @Test("the JUnit report is well-formed XML whatever a test is called, and says what the text says")
    func junit() throws {
        let plain = try PlainCatalogue()
        try plain.write(
            "odd.yaml",
            """
            tests:
              - name: "<a> & \\"b\\" ]]> 'c' é"
                action: "x<y>&\\"z"
                expect: allow
              - name: fine
                action: restart-deployment
                target: dev/api-server
                caller: me
                roles: [deployer]
                expect: allow

            """)
        let result = plain.run(["test", "odd.yaml", "--junit", "out.xml"])
        #expect(result.status == 1)
        let script = """
            import sys, json, xml.etree.ElementTree as t
            r = t.parse(sys.argv[1]).getroot()
            print(json.dumps({
                "root": [r.tag, r.get("tests"), r.get("failures"), r.get("errors")],
                "suites": [[s.get("name"), s.get("tests"), s.get("failures")] for s in r],
                "cases": [[c.get("name"), c.get("classname"), c.get("line"), [f.get("message") for f in c],
                           [f.text for f in c]] for c in r.iter("testcase")]}))
            """
        let path = Host.real().environment["PATH"] ?? "/usr/bin:/bin"
        let read = try Program.run(
            ["python3", "-c", script, plain.directory.file("out.xml")], environment: ["PATH": path], timeout: 60)
        try #require(read.status == 0, "\(read.errorText)")
        let json = try JSONValue(parsing: read.outputText)
        #expect(json["root"] == ["testsuites", "2", "1", "0"])
        #expect(json["suites"] == [["odd.yaml", "2", "1"]])
        let cases = json["cases"]?.arrayValue ?? []
        #expect(cases.count == 2)
        #expect(cases.first?.arrayValue?[0] == "<a> & \"b\" ]]> 'c' é")
        #expect(cases.first?.arrayValue?[2] == "2")
        #expect(cases.first?.arrayValue?[3] == ["expected allow, got deny (unknown_action)"])
        #expect(
            cases.first?.arrayValue?[4].arrayValue?.first?.stringValue.map { result.output.hasPrefix($0) } == true,
            "\(cases)")
        #expect(cases.last?.arrayValue?[3] == [])
        let unwritable = plain.run(["test", "odd.yaml", "--junit", "no/such/folder.xml"])
        #expect(
            unwritable.status == 1 && unwritable.errors.contains("the JUnit report is not written"), "\(unwritable)")
    }

    @Test("`--output json` has the same members whether tests hold or not")
    func json() throws {
        let plain = try PlainCatalogue()
        try plain.write("mine.yaml", Self.small)
        for (path, result) in [("tests", "passed"), ("mine.yaml", "failed")] {
            let json = try plain.run(["test", path, "--output", "json"]).json
            #expect(json["result"]?.stringValue == result)
            #expect(
                Set(json.objectValue?.keys.map { String($0) } ?? [])
                    == ["result", "tests", "failures", "results", "coverage", "problems", "warnings"])
            for test in json["results"]?.arrayValue ?? [] {
                let keys = Set((test.objectValue ?? [:]).keys)
                #expect(keys.isSuperset(of: ["name", "location", "holds", "mismatches", "decision"]), "\(keys)")
                #expect((test["failure"] != nil) == (test["holds"] == .bool(false)))
            }
        }
    }
}
