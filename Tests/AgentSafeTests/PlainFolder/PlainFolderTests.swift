import ChangeModel
import OperatingSystem
import Testing

@Suite("A plain folder, without Git")
struct PlainFolderTests {
    @Test(
        "questions are answered where neither Git nor a home nor a key is, from a subfolder as well",
        arguments: ["", "actions"])
    func withoutGit(_ folder: String) throws {
        let plain = try PlainCatalogue()
        let check = [
            "check", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--as", "me",
            "--role",
        ]
        #expect(plain.run(check + ["deployer"], in: folder).status == 0)
        #expect(plain.run(check + ["reader"], in: folder).status == 20)
        #expect(
            plain.run(
                [
                    "check", "update-image", "--target", "staging/api-server", "--param", "container=api", "--param",
                    "image=a:1",
                    "--role", "deployer", "--as", "me",
                ], in: folder
            ).status == 10)
        let validate = plain.run(["validate"], in: folder)
        #expect(
            validate.status == 0
                && validate.output.hasPrefix("valid: 33 actions, 14 rules, 18 targets, 0 identities, "), "\(validate)")
        #expect(plain.run(["actions"], in: folder).output.split(separator: "\n").count == 33)
        #expect(plain.run(["targets"], in: folder).output.split(separator: "\n").count == 18)
    }

    @Test("`explain` answers as `check` does, and says of every rule in order what it has to say")
    func explanations() throws {
        let plain = try PlainCatalogue()
        let request = ["scale-deployment", "--target", "prod/api-server", "--as", "me", "--param", "replicas=6"]
        for (options, status) in [(["--role", "deployer"], Int32(10)), (["--role", "reader"], 20)] {
            let check = plain.run(["check"] + request + options + ["--output", "json"])
            let explain = plain.run(["explain"] + request + options + ["--output", "json"])
            #expect(check.status == status && explain.status == status, "\(explain)")
            #expect(try explain.json["decision"] == check.json)
            let rules = try explain.json["rules"]?.arrayValue ?? []
            #expect(rules.count == 14)
            let deciding = rules.filter { $0["standing"] == "decides" }.map { $0["rule"] }
            #expect(try deciding == [check.json["rule"]].filter { $0 != .null })
            let asked = rules.prefix { $0["standing"] != "decides" }
            #expect(asked.allSatisfy { $0["missed"]?.arrayValue?.isEmpty == false })
        }
        let told = plain.run(["explain"] + request + ["--role", "reader"])
        #expect(told.output.contains("rules, in the order in which they are asked:"))
        #expect(told.output.contains("caller roles [reader] not in [deployer"), "\(told)")
        let invalid = plain.run(["explain", "scale-deployment", "--target", "prod/api-server"])
        #expect(invalid.status == 20 && invalid.output.contains("no rule was asked"), "\(invalid)")
        let typo = plain.run(["explain", "scale-deploymnt"])
        #expect(typo.status == 20 && typo.output.contains("did you mean `scale-deployment`"), "\(typo)")
        #expect(plain.run(["explain"]).status == 2)
    }

    @Test("the instant decides time windows, and must be an instant")
    func instants() throws {
        let plain = try PlainCatalogue()
        try plain.write(
            "policies/00-night.yaml",
            """
            rules:
              - name: nights-are-quiet
                priority: 9000
                match: {time_windows: [{start_hour: 22, end_hour: 5}]}
                decision: deny
                reason: Everybody sleeps.

            """)
        let check = [
            "check", "get-configmap", "--target", "staging/app-config", "--as", "me", "--role", "reader", "--now",
        ]
        #expect(plain.run(check + ["2026-11-22T23:11:00Z"]).status == 20)
        #expect(plain.run(check + ["2026-11-22T12:11:00Z"]).status == 0)
        for text in ["yesterday", "2026-11-22", "2026-11-22T25:00:00Z", "2026-11-22T12:11:00+01:00", ""] {
            let result = plain.run(Array(check.dropLast()) + ["--now=\(text)"])
            #expect(result.status == 2 && result.errors.contains("`--now` takes a time like"), "\(result)")
        }
    }

    @Test("`actions --as --target` says what this caller may do there, and what would need approval")
    func permissions() throws {
        let plain = try PlainCatalogue()
        func results(_ role: String, _ target: String) throws -> [String: String] {
            let json = try plain.run(["actions", "--as", "me", "--role", role, "--target", target, "--output", "json"])
                .json
            return Dictionary(
                uniqueKeysWithValues: (json["actions"]?.arrayValue ?? []).map {
                    ($0["action"]?.stringValue ?? "", $0["result"]?.stringValue ?? "")
                })
        }
        #expect(
            try results("deployer", "staging/api-server") == [
                "restart-deployment": "allow", "rollout-status": "allow", "scale-deployment": "allow",
                "rollout-undo": "require_approval", "update-image": "require_approval",
            ])
        #expect(try results("deployer", "prod/payments").values.allSatisfy { $0 == "deny" })
        #expect(try results("sre", "prod/payments").values.allSatisfy { $0 == "require_approval" })
        let unknown = plain.run(["actions", "--as", "me", "--target", "staging/api-serve"])
        #expect(unknown.status == 1 && unknown.errors.contains("did you mean `staging/api-server`?"), "\(unknown)")
        for option in ["--as", "--role", "--group"] {
            let result = plain.run(["actions", option, "me"])
            #expect(result.status == 2 && result.errors.contains("add `--target`"), "\(result)")
        }
    }

    @Test("`validate` runs the policy tests, and names the one that does not hold with its line")
    func policyTests() throws {
        let plain = try PlainCatalogue()
        try plain.write(
            "tests/mine.yaml",
            """
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

            """)
        let result = plain.run(["validate"])
        #expect(result.status == 1 && result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        try #require(lines.count == 2, "\(result)")
        #expect(
            lines[0].hasPrefix(
                "agentsafe: tests/mine.yaml:2: policy test `a reader scales` expects allow, and the policy says deny (no_rule)"
            ))
        #expect(
            lines[1].hasPrefix("tests/mine.yaml:9: policy test `a deployer scales` expects rule another-rule"),
            "\(lines[1])")
        try plain.write("tests/mine.yaml", "tests:\n  - nam: x\n")
        let broken = plain.run(["validate"])
        #expect(broken.status == 1 && broken.errors.hasPrefix("agentsafe: tests/mine.yaml:2:5: "), "\(broken)")
    }

    @Test("`validate` names actions whose requests could only be denied")
    func unusableActions() throws {
        let plain = try PlainCatalogue()
        let action = String(
            decoding: try Files.read(plain.directory.file("actions/create-namespace.yaml")), as: UTF8.self)
        let broken = action.split(separator: "62}$", omittingEmptySubsequences: false).joined(separator: "62}(?=x)$")
        try #require(broken != action)
        try plain.write("actions/create-namespace.yaml", broken)
        let result = plain.run(["validate"])
        #expect(result.status == 1 && result.errors.hasPrefix("agentsafe: actions/create-namespace.yaml:"), "\(result)")
        #expect(result.errors.contains("param `namespace`"), "\(result)")
    }

    @Test("a catalogue of the Python agent-safe project loads unchanged; what is not enforced is a warning")
    func pythonCatalogue() throws {
        let plain = try PlainCatalogue(
            configuration: """
                registry: ./actions
                policies: ./policies/
                inventory: ./inventory.yaml
                audit_log: ./audit.jsonl
                signing_key: 6b6579206f6620746865207465737473206b6579206f6620746865
                issuer: agent-safe
                rate_limit:
                  max_requests: 100
                  window_seconds: 60
                cumulative_risk:
                  window_seconds: 3600
                  escalation_threshold: 30
                  deny_threshold: 75

                """)
        // Its inventory knows no locators.
        let lines = String(decoding: try Files.read(plain.directory.file("inventory.yaml")), as: UTF8.self).split(
            separator: "\n")
        var isLocator = false
        let plainInventory = lines.filter { line in
            if line.hasPrefix("    locator:") {
                isLocator = true
            } else if !line.hasPrefix("      ") {
                isLocator = false
            }
            return !isLocator
        }
        try plain.write("inventory.yaml", plainInventory.joined(separator: "\n") + "\n")
        try Files.removeTree(plain.directory.file("tests"))
        let validate = plain.run(["validate"])
        #expect(validate.status == 0, "\(validate)")
        #expect(validate.output.contains("warning: target `staging/api-server` has no locator"), "\(validate)")
        let json = try plain.run([
            "check", "scale-deployment", "--target", "staging/api-server", "--as", "me", "--role", "deployer",
            "--output", "json",
            "--param", "namespace=staging", "--param", "deployment=api-server", "--param", "replicas=6",
        ]).json
        #expect(json["result"]?.stringValue == "allow")
        let warnings = (json["warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(
            warnings.contains { $0.hasPrefix("`rate_limit` and `cumulative_risk` are not counted here") },
            "\(warnings)")
        // Nothing repeats the shared secret.
        for words in [["validate"], ["validate", "--output", "json"], ["check", "x", "--output", "json"]] {
            let result = plain.run(words)
            #expect(!(result.output + result.errors).contains("6b657920"))
        }
    }

    @Test("a configuration under the Python project's name is pointed out")
    func otherName() throws {
        let plain = try PlainCatalogue()
        #expect(plain.run(["validate"]).status == 0)
        try Files.remove(plain.directory.file("agentsafe.yaml"))
        let none = plain.run(["validate"])
        #expect(none.status == 1 && none.errors.contains("no `agentsafe.yaml` here or above"), "\(none)")
    }
}
