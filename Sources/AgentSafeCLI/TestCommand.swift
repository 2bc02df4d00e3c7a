internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

enum TestCommand: Command {
    static let spec = CommandSpec(
        name: "test", summary: "Run the policy tests, and say what they cover.",
        discussion: """
            Works in any folder with an `agentsafe.yaml`. PATH is a test file or a folder of them (default: `tests`); not one test \
            is a failure. Each test asks the policy one request and holds the answer against `expect`, `rule`, `code` and \
            `approvals`. A rule is covered when it decides a test; a condition when, in rules that were asked, it was seen to \
            hold and to be missed.
            Tests are judged as the gate judges, unless `target_binding: advisory` in agentsafe.yaml or in the test file, or \
            `--advisory`, turns refusals of the target's type and binding, and of missing params where none are given, into \
            warnings: files of the Python agent-safe project want that. What only holds so is pointed out.
            With `--watch` the tests run again whenever a file changes, until the command is interrupted.
            With `--output json`: {"result": "passed" | "failed", "tests", "failures", "results": [{"name", "location", "holds", \
            "mismatches", "decision", "failure"}], "coverage": {"rules_percent", "conditions_percent", "rules": [{"rule", \
            "location", "asked", "decided", "conditions": [{"condition", "held", "missed", "alone"}]}], "rules_silent", \
            "rules_unreachable", …}, "problems", "warnings"}.
            """,
        example: "agentsafe test --min-coverage 100",
        moreExamples: ["agentsafe test tests/night.yaml --watch", "agentsafe test --junit report.xml --coverage"],
        options: [
            OptionSpec("filter", value: "TEXT", help: "only tests whose name or file contains TEXT"),
            OptionSpec("advisory", help: "run under `target_binding: advisory`, as the Python project would"),
            OptionSpec("coverage", help: "show every rule and condition"),
            OptionSpec("min-coverage", value: "PERCENT", help: "fail when fewer rules decide a test"),
            OptionSpec(
                "min-condition-coverage", value: "PERCENT", help: "fail when fewer conditions were seen both ways"),
            OptionSpec("junit", value: "FILE", help: "write the results as JUnit XML"),
            OptionSpec("now", value: "TIME", help: "the instant for tests that name none, e.g. 2026-11-22T23:11:00Z"),
            OptionSpec("watch", short: "w", help: "run again whenever a file changes"), .output,
        ],
        positionals: [
            PositionalSpec("PATH", required: false, repeatable: true, help: "test files, or folders of them")
        ],
        exitCodes: [.done, .failed, .usage], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let thresholds = try thresholds(context)
        guard context.arguments.has("watch") else { return try once(context, thresholds) }
        guard let folder = FolderSource.containing(context.host.currentDirectory) else {
            // Says so.
            _ = try PlainFolder(host: context.host)
            return 1
        }
        var watch = FolderWatch([folder.root] + context.arguments.positionals.map(context.host.absolute))
        while true {
            do throws(AgentSafeError) {
                _ = try once(context, thresholds)
            } catch {
                context.terminal.say("agentsafe: \(visible(error.message))")
                for line in error.details { context.terminal.say(visible(line)) }
            }
            context.terminal.say("watching; Ctrl-C ends it")
            watch.waitForChange(context.host)
            context.terminal.clear()
        }
    }

    private struct Thresholds {
        var rules = 0
        var conditions = 0
    }

    private static func thresholds(_ context: CommandContext) throws(AgentSafeError) -> Thresholds {
        func percent(_ option: String) throws(AgentSafeError) -> Int {
            guard let text = context.arguments.value(option) else { return 0 }
            let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
            guard let number = Int(digits), (0...100).contains(number) else {
                throw AgentSafeError(
                    .usage, "`--\(option)` takes a percentage from 0 to 100, not `\(visible(String(text.prefix(20))))`")
            }
            return number
        }
        return Thresholds(rules: try percent("min-coverage"), conditions: try percent("min-condition-coverage"))
    }

    private static func once(_ context: CommandContext, _ thresholds: Thresholds) throws(AgentSafeError) -> Int32 {
        let folder = try PlainFolder(host: context.host)
        var tests = try folder.policyTests(at: context.arguments.positionals, of: context.host).tests
        if let text = context.arguments.value("filter") {
            tests = tests.filter { $0.name.contains(text) || $0.location.file.contains(text) }
            guard !tests.isEmpty else {
                throw AgentSafeError(
                    .failed, "no test's name or file contains `\(visible(String(text.prefix(60))))`")
            }
        }
        let report = folder.run(
            tests, now: try RequestOptions.instant(context), isAdvisory: context.arguments.has("advisory"))
        if let path = context.arguments.value("junit") {
            do {
                try Files.writeAtomically(context.host.absolute(path), Array(JUnitReport.text(report).utf8))
            } catch {
                throw AgentSafeError(.failed, "the JUnit report is not written: \(error)")
            }
        }
        let problems = problems(report, thresholds)
        let hasPassed = report.failures.isEmpty && problems.isEmpty
        let json: JSONValue = [
            "result": .string(hasPassed ? "passed" : "failed"), "tests": .integer(Int64(report.count)),
            "failures": .integer(Int64(report.failures.count)), "results": .array(report.outcomes.map(\.json)),
            "coverage": report.coverageJSON, "problems": .strings(problems), "warnings": .strings(report.warnings),
        ]
        context.report(json, lines(report, problems, context))
        return hasPassed ? 0 : 1
    }

    private static func problems(_ report: PolicyTestReport, _ thresholds: Thresholds) -> [String] {
        let coverage = report.coverage
        var problems: [String] = []
        if coverage.rulePercent < thresholds.rules {
            problems.append(
                "\(coverage.decidedRules) of \(coverage.rules.count) rules decide a test, \(coverage.rulePercent) %, and "
                    + "\(thresholds.rules) % are asked for")
        }
        if coverage.conditionPercent < thresholds.conditions {
            problems.append(
                "\(coverage.coveredConditions) of \(coverage.conditionCount) conditions were seen both ways, "
                    + "\(coverage.conditionPercent) %, and \(thresholds.conditions) % are asked for")
        }
        return problems
    }

    private static func lines(
        _ report: PolicyTestReport, _ problems: [String], _ context: CommandContext
    ) -> [String] {
        let terminal = context.terminal
        let coverage = report.coverage
        let failed = report.failures.count
        var lines = report.failures.map { terminal.paint(visible($0), .bad) }
        lines += report.warnings.map { "warning: \(visible($0))" }
        lines.append(
            failed == 0
                ? terminal.paint("\(report.count) policy tests hold", .good)
                : terminal.paint("\(failed) of \(report.count) policy tests fail", .bad))
        let lenient = report.outcomes.count(where: \.holdsAdvisory)
        if lenient > 0 {
            lines.append(
                "\(lenient) of these would hold with `--advisory`, which files of the Python agent-safe project want")
        }
        lines += [
            "rules       \(coverage.decidedRules) of \(coverage.rules.count) decide a test (\(coverage.rulePercent) %)",
            "conditions  \(coverage.coveredConditions) of \(coverage.conditionCount) seen both ways "
                + "(\(coverage.conditionPercent) %), \(coverage.loneConditions) missed alone",
        ]
        if context.arguments.has("coverage") {
            for rule in coverage.rules {
                lines.append(
                    "\(rule.name) (\(visible(rule.location.description))): asked \(rule.asked), decided \(rule.decided)"
                )
                for condition in rule.conditions {
                    lines.append(
                        "  \(condition.isCovered ? " " : "!") \(condition.key): held \(condition.held), missed "
                            + "\(condition.missed), alone \(condition.alone)")
                }
            }
        }
        lines += report.silent.map { "decides no test: \($0.name) (\(visible($0.location.description)))" }
        lines += report.unreachable.map { visible("can never decide: \($0.rule) (\($0.location)): \($0.reason)") }
        return lines + problems.map { terminal.paint($0, .bad) }
    }
}
