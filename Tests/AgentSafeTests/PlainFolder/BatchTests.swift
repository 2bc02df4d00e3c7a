import ChangeModel
import Testing

@Suite("A batch of questions")
struct BatchTests {
    static let members: Set<String> = ["result", "rule", "code", "reason", "risk_class", "effective_risk", "warnings"]
    static let good = """
        {"action":"scale-deployment","target":"staging/api-server","params":{"replicas":6},"caller":{"agent_id":"me","roles":["deployer"]}}
        """

    @Test("each line is answered in its place, good or not, with all members of a decision")
    func order() throws {
        let lines: [(String, String)] = [
            (Self.good, "rule"), ("", "bad_request"), ("   ", "bad_request"), ("not json", "bad_request"),
            ("null", "bad_request"),
            ("[]", "bad_request"), ("{}", "bad_request"), ("{\"action\":null}", "bad_request"),
            ("{\"action\":7}", "bad_request"),
            ("{\"action\":\"x\"}", "unknown_action"), ("{\"action\":\"x\",\"acton\":\"y\"}", "bad_request"),
            ("{\"action\":\"x\",\"action\":\"y\"}", "bad_request"), ("{\"action\":\"x\"} {}", "bad_request"),
            ("{\"action\":\"x\",\"params\":[]}", "bad_request"),
            ("{\"action\":\"x\",\"params\":null}", "unknown_action"),
            ("{\"action\":\"x\",\"now\":\"soon\"}", "bad_request"),
            ("{\"action\":\"x\",\"ticket_id\":1}", "bad_request"),
            ("{\"action\":\"x\",\"caller\":7}", "bad_request"),
            ("{\"action\":\"x\",\"caller\":{\"id\":\"me\"}}", "bad_request"),
            ("{\"action\":\"x\",\"caller\":{\"roles\":\"admin\"}}", "bad_request"),
            ("{\"action\":\"x\",\"caller\":{\"roles\":[1]}}", "bad_request"),
            ("\u{FEFF}{\"action\":\"x\"}", "bad_request"),
            ("{\"action\":\"x\"}\r", "unknown_action"), ("{\"action\":\"\\ud800\"}", "bad_request"),
            (String(repeating: "[", count: 100_000), "bad_request"), (Self.good, "rule"),
        ]
        let answers = try PlainCatalogue().batch(lines.map(\.0))
        try #require(answers.count == lines.count)
        for ((line, code), answer) in zip(lines, answers) {
            #expect(answer["code"]?.stringValue == code, "\(line.prefix(80)): \(answer.canonicalText)")
            #expect(names(of: answer).isSuperset(of: Self.members), "\(line.prefix(80))")
            let isBad = code == "bad_request"
            #expect((answer["error"]?.stringValue?.isEmpty == false) == isBad)
            if isBad { #expect(answer["result"]?.stringValue == "deny" && answer["error"] == answer["reason"]) }
        }
    }

    @Test("the caller is a name, an object, or nobody")
    func callers() throws {
        let callers: [(String, String)] = [
            ("null", "deny"), ("\"me\"", "deny"), ("{}", "deny"), ("{\"agent_id\":null,\"roles\":null}", "deny"),
            ("{\"agent_id\":\"me\",\"roles\":[\"deployer\"]}", "allow"),
            ("{\"agent_id\":\"me\",\"roles\":[\"deployer\"],\"groups\":[\"x\"]}", "allow"),
        ]
        let answers = try PlainCatalogue().batch(
            callers.map {
                "{\"action\":\"scale-deployment\",\"target\":\"staging/api-server\",\"params\":{\"replicas\":6},\"caller\":\($0.0)}"
            })
        #expect(answers.map { $0["result"]?.stringValue } == callers.map(\.1))
    }

    @Test("an identity's name brings its roles; a name that is no identity brings none")
    func identities() throws {
        let governance = try Governance()
        let request =
            "{\"action\":\"scale-deployment\",\"target\":\"staging/api-server\",\"params\":{\"replicas\":6},\"caller\":"
        try governance.write(
            "sam", "docs/requests.jsonl",
            ["\"deploy-agent-01\"", "\"rogue\"", "\"nobody\"", "{\"agent_id\":\"deploy-agent-01\"}"].map {
                request + $0 + "}"
            }
            .joined(separator: "\n") + "\n")
        let result = try governance.expect(0, "sam", ["check", "--batch", "docs/requests.jsonl"])
        let results = try result.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))["result"]?.stringValue
        }
        // An object says for itself which roles to assume.
        #expect(results == ["allow", "deny", "deny", "deny"])
    }

    @Test("a line of a megabyte is answered, and one beyond it refused, with an answer that stays small")
    func longLines() throws {
        func line(_ size: Int) -> String {
            let head =
                "{\"action\":\"update-configmap\",\"target\":\"staging/app-config\",\"caller\":{\"agent_id\":\"me\",\"roles\":[\"deployer\"]},"
                + "\"params\":{\"key\":\"a\",\"value\":\""
            return head + String(repeating: "x", count: size - head.utf8.count - 3) + "\"}}"
        }
        let answers = try PlainCatalogue().batch([line(1 << 20), line((1 << 20) + 1), line(5 << 20), Self.good])
        #expect(answers.map { $0["code"]?.stringValue } == ["rule", "bad_request", "bad_request", "rule"])
        for answer in answers { #expect(answer.canonicalText.utf8.count < 2000) }
    }

    @Test("ten thousand lines take seconds, and the answers stay in order")
    func manyLines() throws {
        let plain = try PlainCatalogue()
        let start = ContinuousClock.now
        let answers = try plain.batch(
            (0..<10_000).map {
                "{\"action\":\"scale-deployment\",\"target\":\"staging/api-server\",\"params\":{\"replicas\":\($0)},"
                    + "\"caller\":{\"agent_id\":\"me\",\"roles\":[\"deployer\"]}}"
            })
        #expect(answers.count == 10_000)
        for (number, answer) in answers.enumerated() {
            try #require(answer["result"]?.stringValue == (number <= 100 ? "allow" : "deny"), "line \(number)")
        }
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("an empty file has no answers; a missing one, or further words, are errors")
    func files() throws {
        let plain = try PlainCatalogue()
        #expect(try plain.batch([]) == [])
        let missing = plain.run(["check", "--batch", "nothing.jsonl"])
        #expect(missing.status == 1 && missing.errors.hasPrefix("agentsafe: cannot open `"), "\(missing)")
        #expect(plain.run(["check", "--batch", "actions"]).status == 1)
        for words in [
            ["scale-deployment"], ["--target", "x"], ["--as", "me"], ["--param", "a=1"], ["--role", "x"],
            ["--ticket", "x"],
        ] {
            let result = plain.run(["check", "--batch", "requests.jsonl"] + words)
            #expect(result.status == 2 && result.errors.contains("does not go with `--batch`"), "\(result)")
        }
        let neither = plain.run(["check"])
        #expect(neither.status == 2 && neither.errors.contains("name an action, or answer a file with `--batch`"))
    }
}
