import ChangeModel
import Documents
import Testing

private func source(_ files: [String: String]) -> MemorySource {
    MemorySource(files: files.mapValues { Array($0.utf8) })
}

private func action(_ name: String, rollback: String? = nil) -> String {
    "name: \(name)\nversion: 1.0.0\nrisk_class: low\ntarget_types: [x]\n"
        + (rollback.map { "rollback_action: \($0)\n" } ?? "")
}

private func rule(_ name: String) -> String { "  - {name: \(name), match: {}, decision: allow, reason: r}\n" }

private let small = [
    "agentsafe.yaml": "registry: actions\n",
    "actions/a.yaml": action("scale-up", rollback: "scale-down"), "actions/b.yml": action("scale-down"),
    "policies/20.yaml": "rules:\n" + rule("third"), "policies/10.yml": "rules:\n" + rule("first") + rule("second"),
    "inventory.yaml": "targets:\n  - {id: dev/x, type: x, environment: dev, sensitivity: public}\n",
]

private func summaries(_ files: [String: String]) throws -> [String] {
    let error = try #require(throws: DocumentError.self) { try CatalogueLoader.load(from: source(files)) }
    return error.diagnostics.map(\.summary)
}

@Suite("Loading a catalogue")
struct CatalogueLoaderTests {
    @Test("reads every file that the configuration names, rules in the order of file names")
    func small() throws {
        var files = DocumentsTests.small
        files["actions/README.md"] = "not YAML: ["
        files["actions/more/c.yaml"] = "not: [read"
        let catalogue = try CatalogueLoader.load(from: source(files))
        #expect(catalogue.actions.keys.sorted() == ["scale-down", "scale-up"])
        #expect(catalogue.rules.map(\.name) == ["first", "second", "third"])
        #expect(catalogue.targets.keys.sorted() == ["dev/x"])
        #expect(catalogue.identities == nil)
        #expect(catalogue.rules[2].location == SourceLocation(file: "policies/20.yaml", line: 2))
    }

    @Test("follows the configuration's paths")
    func paths() throws {
        var files = Dictionary(uniqueKeysWithValues: DocumentsTests.small.map { ("gov/" + $0.key, $0.value) })
        files["agentsafe.yaml"] =
            "registry: ./gov/actions/\npolicies: gov/policies\ninventory: gov/inventory.yaml\nidentities: gov/who.yaml\n"
        files["gov/who.yaml"] = String(decoding: try Fixture.valid("identities-full.yaml").bytes, as: UTF8.self)
        #expect(try CatalogueLoader.load(from: source(files)).identities?.identities.count == 3)
    }

    @Test("refuses one name for two actions or two rules, in whatever files they are")
    func uniqueness() throws {
        var files = DocumentsTests.small
        files["actions/c.yaml"] = action("scale-up")
        files["policies/30.yaml"] = "rules:\n" + rule("fourth") + rule("First")
        #expect(
            try summaries(files) == [
                "actions/c.yaml:1:7: the action `scale-up` stands twice, first at actions/a.yaml:1",
                "policies/30.yaml:3:5: the rule `First` differs from `first` at policies/10.yml:2 only in case",
            ])
    }

    @Test("refuses a rollback action that does not exist, and says which was meant")
    func rollback() throws {
        var files = DocumentsTests.small
        files["actions/a.yaml"] = action("scale-up", rollback: "scale-donw")
        let error = try #require(throws: DocumentError.self) { try CatalogueLoader.load(from: source(files)) }
        #expect(error.summary == "actions/a.yaml:5:18: there is no action `scale-donw` to roll back with")
        #expect(error.diagnostics[0].advice == "did you mean `scale-down`?")
    }

    @Test("tells of all broken files at once")
    func several() throws {
        var files = DocumentsTests.small
        files["actions/b.yml"] = "name: [\n"
        files["policies/10.yml"] = "rulez: []\n"
        files["inventory.yaml"] = nil
        files["identities.yaml"] = "&a x\n"
        let names = try summaries(files).map { $0.prefix { $0 != ":" } }
        #expect(names == ["actions/b.yml", "policies/10.yml", "policies/10.yml", "inventory.yaml", "identities.yaml"])
    }

    @Test("says what to do where there is no catalogue")
    func nothing() throws {
        let error = try #require(throws: DocumentError.self) { try CatalogueLoader.load(from: source([:])) }
        #expect(error.render() == "agentsafe.yaml: there is no `agentsafe.yaml`\n  run `agentsafe init` to make one")
        let foreign = try #require(throws: DocumentError.self) {
            try CatalogueLoader.load(from: source(["agent-safe.yaml": ""]))
        }
        #expect(foreign.diagnostics[0].advice == "rename `agent-safe.yaml` to `agentsafe.yaml`")
        #expect(
            try summaries(["agentsafe.yaml": "registry: a\n"]) == [
                "a: there is no such folder, which `agentsafe.yaml` names",
                "policies: there is no such folder, which `agentsafe.yaml` names",
                "inventory.yaml: there is no such file, which `agentsafe.yaml` names",
            ])
    }

    @Test("stops at too many files, and at files that are too large")
    func bounds() throws {
        var files = DocumentsTests.small
        files["inventory.yaml"] = String(repeating: "#", count: SourceFile.maximumSize + 1)
        #expect(try summaries(files) == ["inventory.yaml: larger than 8388608 bytes"])
        files = DocumentsTests.small
        for index in 0...10_000 { files["policies/p\(index).yaml"] = "" }
        #expect(try summaries(files) == ["policies: 10003 files, at most 10000 are read"])
    }

    @Test("is no place for a flood: only twenty complaints are kept, and reading stops")
    func flood() throws {
        var files = DocumentsTests.small
        for index in 0..<500 { files["policies/p\(index).yaml"] = "" }
        let error = try #require(throws: DocumentError.self) { try CatalogueLoader.load(from: source(files)) }
        #expect(error.diagnostics.count == 20)
        #expect(error.omitted == 1)
    }
}
