import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("The Python project's policy tests", .enabled(if: PythonTokens.isWanted))
struct PythonPolicyTests {
    /// Rules that both projects know, for callers by their names: its runner gives callers nothing else.
    private static let policy = """
        rules:
          - name: no-secrets
            priority: 900
            match: {actions: [get-secret, "iam-*"]}
            decision: deny
            reason: Never.
          - name: ticketed
            priority: 800
            match: {actions: ["scale-*", "update-*"], targets: {environments: [prod]}, require_ticket: true}
            decision: require_approval
            reason: Somebody looks.
          - name: bots
            priority: 700
            match:
              callers: {agent_ids: [bot-1, bot-2]}
              risk_classes: [low, medium]
              targets: {environments: [dev, staging]}
            decision: allow
            reason: Little can happen.
          - name: critical-targets
            priority: 600
            match: {targets: {sensitivities: [critical]}}
            decision: deny
            reason: Not these.
          - name: risky
            priority: 500
            match: {risk_classes: [high, critical], targets: {types: [k8s-deployment, k8s-pod, k8s-node]}}
            decision: require_approval
            reason: Somebody looks.
          - name: pods
            priority: 400
            match: {actions: ["*-pod*", rollout-status], targets: {types: [k8s-pod, k8s-deployment]}}
            decision: allow
            reason: Looking is free.

        """

    /// Draws requests, lets the Python project's own runner decide them, and writes its answers down as expectations.
    private static let script = """
        import glob, os, pathlib, random, yaml
        from agent_safe.sdk.client import AgentSafe
        from agent_safe.testing.runner import load_test_files, run_tests
        os.chdir(data["folder"])
        random.seed(data["seed"])
        actions = {a["name"]: a for a in (yaml.safe_load(open(f)) for f in glob.glob("actions/*.yaml"))}
        targets = [t["id"] for t in yaml.safe_load(open("inventory.yaml"))["targets"]] + ["nowhere"]
        def value(parameter):
            if random.random() < 0.1: return random.choice(["x", 7, True, ["a"], -1])
            kinds = {"integer": (parameter.get("constraints") or {}).get("min_value") or 1, "boolean": True, "array": ["ls"]}
            return kinds.get(parameter["type"], "abc")
        tests = []
        for number in range(1500):
            action = random.choice(sorted(actions) + ["nothing"])
            test = {"name": f"t{number}", "action": action, "expect": "allow"}
            if random.random() < 0.95: test["target"] = random.choice(targets)
            if random.random() < 0.8: test["caller"] = random.choice(["bot-1", "bot-2", "eve"])
            if random.random() < 0.5: test["ticket_id"] = "INC-1"
            if action in actions and random.random() < 0.7:
                test["params"] = {p["name"]: value(p) for p in actions[action].get("parameters", [])
                                  if p.get("required", True) or random.random() < 0.5}
                if random.random() < 0.05: test["params"]["zzz"] = 1
                if test["params"] and random.random() < 0.05: test["params"].pop(sorted(test["params"])[0])
            tests.append(test)
        def write(): yaml.safe_dump({"tests": tests}, open("tests/drawn.yaml", "w"), sort_keys=False)
        write()
        safe = AgentSafe(registry="actions", policies="policies", inventory="inventory.yaml", auto_discover=False)
        answers = [r.actual for r in run_tests(safe, load_test_files(pathlib.Path("tests"))).results]
        for test, answer in zip(tests, answers): test["expect"] = answer
        write()
        print(json.dumps({word: answers.count(word) for word in ["allow", "deny", "require_approval"]}))
        """

    @Test("the Python project's runner and ours under `advisory` give the same answer to every request")
    func agreement() throws {
        let plain = try PlainCatalogue()
        for folder in ["policies", "tests"] { try Files.removeTree(plain.directory.file(folder)) }
        try plain.write("policies/p.yaml", Self.policy)
        try Files.createDirectory(plain.directory.file("tests"))
        // Its inventory knows no locators.
        var isLocator = false
        let lines = String(decoding: try Files.read(plain.directory.file("inventory.yaml")), as: UTF8.self)
            .split(separator: "\n").filter { line in
                if line.hasPrefix("    locator:") {
                    isLocator = true
                } else if !line.hasPrefix("      ") {
                    isLocator = false
                }
                return !isLocator
            }
        try plain.write("inventory.yaml", lines.joined(separator: "\n") + "\n")
        let counts = try PythonTokens.run(
            Self.script,
            [
                "folder": .string(plain.directory.path),
                "seed": .integer(Int64(truncatingIfNeeded: SeededGenerator.seed)),
            ])
        for answer in Verdict.allCases {
            #expect((counts[answer.rawValue]?.integerValue ?? 0) > 100, "\(counts)")
        }
        let result = plain.run(["test", "--advisory", "--min-coverage", "100"])
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("1500 policy tests hold"))
        // What ours adds is what differs without it, and nothing else.
        let earnest = plain.run(["test"])
        let failed = earnest.output.split(separator: "\n").count { $0.contains("policy test `") }
        #expect(earnest.status == 1 && failed > 100)
        #expect(earnest.output.contains("\n\(failed) of these would hold with `--advisory`"), "\(earnest)")
    }
}
