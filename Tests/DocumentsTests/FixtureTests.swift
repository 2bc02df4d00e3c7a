import ChangeModel
import Documents
import OperatingSystem
import TestSupport
import Testing

/// A file of `Fixtures`. What stands before the first `-` of its name says which document it is.
struct Fixture: Sendable, CustomTestStringConvertible {
    let name: String
    let file: SourceFile
    let folder: String
    var testDescription: String { name }

    static let folder = Files.parent(of: #filePath) + "/Fixtures"

    static func all(_ kind: String) -> [Fixture] {
        let folder = folder + "/" + kind
        let names = (try? Files.list(folder)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.compactMap { name in
            guard let bytes = try? Files.read("\(folder)/\(name)") else { return nil }
            return Fixture(name: name, file: SourceFile(name: name, bytes: bytes), folder: folder)
        }
    }

    static func valid(_ name: String) throws -> SourceFile {
        SourceFile(name: name, bytes: try Files.read("\(folder)/valid/\(name)"))
    }

    func parse() throws(DocumentError) {
        switch name.prefix(while: { $0 != "-" }) {
        case "action": _ = try ActionDocument.parse(file)
        case "inventory": _ = try InventoryDocument.parse(file)
        case "policy": _ = try PolicyDocument.parse(file)
        case "configuration": _ = try ConfigurationDocument.parse(file)
        case "identities": _ = try IdentitiesDocument.parse(file)
        case "tests": _ = try PolicyTestDocument.parse(file)
        case "change": _ = try ChangeDocument.parse(file)
        case "template": _ = try PlanTemplateDocument.parse(file)
        case "steps": _ = try ChangeSteps.parse(file)
        default: Issue.record("no document is called `\(name)`")
        }
    }
}

/// `RECORD_FIXTURES=1 swift test --filter FixtureTests` writes the `.expected` files anew: read the difference before you
/// keep it.
@Suite("Fixtures")
struct FixtureTests {
    @Test("that are valid are accepted", arguments: Fixture.all("valid"))
    func accepted(fixture: Fixture) {
        #expect(throws: Never.self) { try fixture.parse() }
    }

    @Test("that are invalid are refused in exactly these words", arguments: Fixture.all("invalid"))
    func refused(fixture: Fixture) throws {
        let path = "\(fixture.folder)/\(fixture.name.dropLast(".yaml".count)).expected"
        do throws(DocumentError) {
            try fixture.parse()
            Issue.record("accepted")
        } catch {
            let rendered = error.render() + "\n"
            if Host.real().environment["RECORD_FIXTURES"] == "1" {
                try Files.writeAtomically(path, Array(rendered.utf8))
            }
            let expected = try Files.read(path)
            #expect(rendered == String(decoding: expected, as: UTF8.self))
            #expect(rendered.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
        }
    }

    @Test("are there")
    func present() {
        #expect(Fixture.all("valid").count >= 10)
        #expect(Fixture.all("invalid").count >= 50)
    }

    @Test("that are valid, cut off anywhere or with a byte changed, crash nothing", arguments: Fixture.all("valid"))
    func mutated(fixture: Fixture) {
        var generator = SeededGenerator(stream: 7)
        for _ in 0..<100 {
            var bytes = fixture.file.bytes
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
            let mutant = Fixture(
                name: fixture.name, file: SourceFile(name: fixture.name, bytes: bytes), folder: fixture.folder)
            do throws(DocumentError) {
                try mutant.parse()
            } catch {
                #expect(!error.diagnostics.isEmpty)
                #expect(error.diagnostics.count <= DocumentError.maximumCount)
                #expect(!error.render().isEmpty)
            }
        }
    }
}
