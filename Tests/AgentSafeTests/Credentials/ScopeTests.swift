import ChangeModel
import CryptoPrimitives
import Testing

@testable import Runner

@Suite("Scopes and secrets")
struct ScopeTests {
    private func step(_ parameters: [String: JSONValue]) -> ExecutionStep {
        ExecutionStep(
            action: ActionDefinition(
                name: "a",
                parameters: [
                    ParameterDefinition(name: "x", type: .string), ParameterDefinition(name: "n", type: .integer),
                    ParameterDefinition(name: "s", type: .string, sensitive: true),
                ], riskClass: .low, targetTypes: ["t"], digest: Digest(of: []),
                location: SourceLocation(file: "a", line: 1)),
            target: TargetEntry(
                id: "t", type: "t", environment: .dev, sensitivity: .internal, owner: "o",
                location: SourceLocation(file: "i", line: 1)),
            parameters: parameters)
    }

    @Test(
        "a blank is filled once, with a name, and everything else stays as it is",
        arguments: [
            ("{{ params.x }}", "v"), ("{{params.x}}", "v"), ("a-{{ params.x }}-{{ params.x }}", "a-v-v"),
            ("plain", "plain"),
            ("{ params.x }", "{ params.x }"), ("", ""), ("arn:*/{{ params.x }}", "arn:*/v"),
        ])
    func filled(text: String, expected: String) throws {
        #expect(try CredentialScopes.fill(text, for: step(["x": "v"])) == expected)
        let value: JSONValue = ["list": [.string(text), 1], "deep": ["flag": true, "text": .string(text)]]
        let wanted: JSONValue = ["list": [.string(expected), 1], "deep": ["flag": true, "text": .string(expected)]]
        #expect(try CredentialScopes.resolve(value, for: step(["x": "v"])) == wanted)
    }

    @Test(
        "what is no blank, or names what no scope may name, is refused",
        arguments: [
            "{{ params.y }}", "{{ params.n }}", "{{ params.s }}", "{{ x }}", "{{ params.x", "params.x }}", "{{ }}",
            "{{ params.x.y }}", "{{ {{ params.x }} }}", "{{ params.x }}}}", "{{ before_state.x }}", "{{ secret }}",
            "{{{ params.x }}}", "{{ params.x | upper }}", "{{\nparams.x }}",
        ])
    func refused(text: String) {
        #expect(throws: ExecutionError.self) {
            try CredentialScopes.fill(text, for: step(["x": "v", "n": 1, "s": "vault:a"]))
        }
    }

    @Test(
        "a value that would be more than a name is refused",
        arguments: [
            "", "a/b", "..", ".a", "-a", "*", "a*", "a b", "a\n", "a,b", "{{ params.x }}", "a:b", "ä", "a\"b", "$a",
            String(repeating: "a", count: 254),
        ])
    func escaping(value: String) {
        #expect(throws: ExecutionError.self) {
            try CredentialScopes.fill("{{ params.x }}", for: step(["x": .string(value)]))
        }
    }

    @Test("a secret is nowhere to be seen, and its memory is overwritten when it is dropped")
    func dropped() {
        var bytes = Array("hunter2-hunter2".utf8)
        let secret = SecretValue(taking: &bytes)
        #expect(bytes.isEmpty)
        #expect("\(secret)" == "[redacted]" && secret.debugDescription == "[redacted]")
        var text = ""
        dump(secret, to: &text)
        dump(Credential(CredentialRecord(backend: "b", type: "t", scope: .null), secret: secret), to: &text)
        #expect(!text.contains("hunter2") && text.contains("[redacted]"))
        #expect(secret.text == "hunter2-hunter2")
        secret.drop()
        #expect(secret.text == nil)
        #expect(secret.withBytes { $0.count } == 0)
        #expect(secret.remains == [UInt8](repeating: 0, count: 15))
    }

    @Test("a screen finds a secret as it is, spelled as JSON, and in base64")
    func screened() {
        var screen = SecretScreen()
        let word = "p\"ass\\word 1"
        screen.add(SecretValue(Array(word.utf8)))
        let spellings = [
            word, String(JSONValue.string(word).canonicalText.dropFirst().dropLast()), Base64.encode(Array(word.utf8)),
        ]
        for spelling in spellings {
            #expect(screen.clean("a \(spelling) b") == "a [redacted] b")
            #expect(
                screen.clean([.string(spelling), ["\(spelling)": 1]] as JSONValue) == ["[redacted]", ["[redacted]": 1]])
        }
    }
}
