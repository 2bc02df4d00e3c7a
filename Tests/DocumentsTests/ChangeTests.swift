import ChangeModel
import Documents
import OperatingSystem
import TestSupport
import Testing

private func parse(_ bytes: [UInt8]) throws(DocumentError) -> Change {
    try ChangeDocument.parse(SourceFile(name: "change.yaml", bytes: bytes))
}

@Suite("A change's file")
struct ChangeTests {
    @Test("is the protocol's example, byte for byte")
    func example() throws {
        let file = try Fixture.valid("change-example.yaml")
        let change = Change(
            repository: "51t4bdacbn17p35b5604fjp1nc", id: try #require(ChangeID("chg-20261123-d03hyfmdbr")),
            proposer: "agent",
            step: ChangeStep(
                action: "scale-deployment", target: "staging/api-server",
                parameters: ["deployment": "api-server", "namespace": "staging", "replicas": 6]),
            reason: "Queue depth doubled since 14:00", created: try #require(Timestamp("2026-11-23T01:21:15Z")),
            expires: try #require(Timestamp("2026-11-24T01:21:15Z")))
        #expect(file.bytes.count == 347)
        #expect(try ChangeDocument.emit(change) == file.bytes)
        #expect(try ChangeDocument.parse(file) == change)
    }

    @Test("says every form of value exactly")
    func everyForm() throws {
        let change = try ChangeDocument.parse(try Fixture.valid("change-every-form.yaml"))
        #expect(
            change.steps[0].parameters == [
                "_private": "", "big": 9_007_199_254_740_991, "factor": 1.5, "huge": 1e21,
                "least": -9_007_199_254_740_991, "list": ["a, b", 1, -2.5e-7, true], "no": "no", "none": [],
                "off_hours": false, "text": "tab\t, line\n, quote\", backslash\\, caf\u{e9}",
            ])
        #expect(change.reason == "\u{201c}Gr\u{f6}\u{df}e\u{201d} \u{5909}\u{66f4}: see #42 \\ \"now\" \\n")
        #expect([change.proposer, change.steps[0].action, change.steps[0].target] == ["007", "no", "2026-11-23"])
        #expect(change.ticket == "INC 42: disk")
        #expect(change.rollbackOf == ChangeID("chg-20261122-7f3k9q2m4x"))
    }

    @Test("is refused at once when it is too large")
    func tooLarge() {
        let error = #expect(throws: DocumentError.self) { try parse([UInt8](repeating: 0xFF, count: (64 << 10) + 1)) }
        #expect(error?.summary == "change.yaml:1:1: the change has 65537 bytes, at most 65536 are allowed")
        var change = ChangeSamples.plain
        change.steps[0].parameters["text"] = .string(String(repeating: "x", count: 64 << 10))
        #expect(throws: DocumentError.self) { try ChangeDocument.emit(change) }
        change.steps[0].parameters["text"] = .string(String(repeating: "x", count: 60 << 10))
        #expect(throws: Never.self) { try parse(try ChangeDocument.emit(change)) }
    }

    @Test("cannot be written where it could not be read", arguments: ChangeSamples.unrepresentable)
    func unrepresentable(sample: ChangeSamples.Sample) {
        let error = #expect(throws: DocumentError.self) { try ChangeDocument.emit(sample.change) }
        #expect(error?.diagnostics.count == 1)
        #expect(error?.summary.contains(sample.message) == true, "\(error?.summary ?? "")")
    }

    @Test("is one for each change: random ones read back the same, and any other byte is noticed", arguments: 0..<8)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(stream: seed)
        for _ in 0..<40 {
            let change = ChangeSamples.random(&generator)
            let bytes = try ChangeDocument.emit(change)
            #expect(try parse(bytes) == change, "seed \(seed)")
            var mutant = bytes
            let index = Int.random(in: 0..<mutant.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: mutant[index] = UInt8.random(in: 0x20..<0x7F, using: &generator)
            case 1: mutant.insert(UInt8(ascii: " "), at: index)
            default: mutant.remove(at: index)
            }
            if mutant != bytes, let other = try? parse(mutant) {
                #expect(other != change, "seed \(seed): two files say the same change")
                #expect(try ChangeDocument.emit(other) == mutant, "seed \(seed)")
            }
        }
    }

    @Test("says the same to a YAML 1.1 reader", .enabled(if: PyYAML.isAvailable), arguments: 100..<104)
    func yamlOnePointOne(seed: UInt64) throws {
        var generator = SeededGenerator(stream: seed)
        var changes = (0..<60).map { _ in ChangeSamples.random(&generator) }
        changes.append(try ChangeDocument.parse(try Fixture.valid("change-every-form.yaml")))
        let texts = try changes.map { String(decoding: try ChangeDocument.emit($0), as: UTF8.self) }
        let answers = try #require(try PyYAML.load(texts).arrayValue)
        #expect(answers.count == changes.count)
        for (change, answer) in zip(changes, answers) {
            #expect(answer == ChangeSamples.json(change), "seed \(seed)")
        }
    }
}

/// PyYAML, which reads YAML 1.1: the other reading that a change file must not have.
enum PyYAML {
    private static let environment = Host.real().environment

    static let isAvailable =
        (try? Program.run(["python3", "-c", "import yaml"], environment: environment).status) == 0

    static func load(_ texts: [String]) throws -> JSONValue {
        let script = """
            import json, sys, yaml
            out = [yaml.safe_load(text) for text in json.load(sys.stdin)]
            print(json.dumps(out, default=lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")))
            """
        let result = try Program.run(
            ["python3", "-c", script], environment: environment, input: JSONValue.strings(texts).canonicalBytes)
        #expect(result.status == 0, "\(result.errorText)")
        return try JSONValue(parsing: result.output, limits: JSONLimits(bytes: 64 << 20))
    }
}
