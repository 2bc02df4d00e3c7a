import ChangeModel
import OperatingSystem
import Testing

@Suite("Faults in catalogue files")
struct CatalogueFaultTests {
    static let files = ["agentsafe.yaml", "actions/scale-deployment.yaml", "policies/default.yaml", "inventory.yaml"]

    struct Fault: CustomTestStringConvertible, Sendable {
        let name: String
        /// Appended to the file, or put in its place.
        let bytes: [UInt8]
        var replaces = false
        /// What the first line says after the place.
        let words: String
        var testDescription: String { name }

        init(_ name: String, _ text: String, replaces: Bool = false, _ words: String) {
            self.init(name, Array(text.utf8), replaces: replaces, words)
        }

        init(_ name: String, _ bytes: [UInt8], replaces: Bool = false, _ words: String) {
            self.name = name
            self.bytes = bytes
            self.replaces = replaces
            self.words = words
        }
    }

    private static let laughs =
        "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        + (1...9).map { "a\($0): &a\($0) [" + String(repeating: "*a\($0 - 1),", count: 9) + "]\n" }.joined()

    static let faults: [Fault] = [
        Fault("a duplicate key", "zz: 1\nzz: 2\n", "twice"),
        Fault("an anchor", "zz: &a 1\n", "anchor"),
        Fault("anchors that expand a billionfold", laughs, "anchor"),
        Fault("a merge key", "<<: {zz: 1}\n", "merge key"),
        Fault("a tag", "zz: !!str 1\n", "tag"),
        Fault("a local tag", "zz: !exec ls\n", "tag"),
        Fault("10,000 levels", "zz: " + String(repeating: "[", count: 10_000) + "\n", "deep"),
        Fault("a NUL", "zz: a\0b\n", "U+0000"),
        Fault("bytes that are no UTF-8", Array("zz: ".utf8) + [0xC3, 0x28, 0x0A], "UTF-8"),
        Fault(
            "UTF-16", [0xFF, 0xFE] + "rules: []\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, replaces: true,
            "UTF-16"),
        Fault("a file of 9 MiB", "# " + String(repeating: "x", count: 9 << 20) + "\n", ""),
        Fault("a line separator", "zz: a\u{2028}yy: b\n", "U+2028"),
        Fault("a next line", "zz: a\u{85}yy: b\n", "U+0085"),
        Fault("a lone carriage return", "zz: a\ryy: b\n", "carriage return"),
        Fault("a bidi override", "zz: \"a\u{202E}b\"\n", "U+202E"),
        Fault("an escape sequence", "zz: \"\u{1B}[31m\"\n", "U+001B"),
        Fault(
            "a key off the screen",
            "zz: 1" + String(repeating: " ", count: 400) + "\nzy: {a: 1," + String(repeating: " ", count: 400)
                + "b: 2}\n", "has no key"),
        Fault("a homoglyph", "n\u{0430}me: x\n", "has no key"),
        Fault("a second document", "\n---\nzz: 1\n", "document"),
        Fault("a directive", "%YAML 1.1\n---\nzz: 1\n", replaces: true, "directive"),
        Fault("a tab", "zz:\n\t- 1\n", ""),
        Fault("an unknown key", "zzzz: 1\n", "has no key"),
        Fault("no mapping", "- 1\n", replaces: true, "mapping"),
        Fault("nothing at all", "", replaces: true, ""),
    ]

    @Test("each fault in each file is named by file, line and column, and shown with a caret", arguments: faults)
    func everyFault(_ fault: Fault) throws {
        let plain = try PlainCatalogue()
        for file in Self.files where !(fault.name == "nothing at all" && file == "agentsafe.yaml") {
            let original = try Files.read(plain.directory.file(file))
            if fault.replaces { try plain.write(file, fault.bytes) } else { try plain.append(file, fault.bytes) }
            let before = try Fingerprint([plain.directory.path])
            for arguments in [["validate"], ["check", "scale-deployment"], ["targets", "--output", "json"]] {
                let result = plain.run(arguments)
                #expect(result.status == 1 && result.output.isEmpty, "\(file): \(result)")
                let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false)
                let place = try #require(
                    lines[0].prefixMatch(of: #/agentsafe: (.+?):(?:([0-9]+):([0-9]+):)? /#), "\(file): \(result)"
                ).output
                #expect(place.1 == file[...], "\(file): \(result)")
                #expect(lines[0].contains(fault.words), "\(file): \(result)")
                // Lines of agentsafe.yaml are never shown: one could hold the Python project's signing key.
                if place.2 != nil, file != "agentsafe.yaml", fault.name != "nothing at all" {
                    #expect(lines.count >= 3 && lines[2].hasSuffix("^"), "\(file): \(result)")
                }
                #expect(
                    place.2 != nil || ["a file of 9 MiB", "nothing at all"].contains(fault.name), "\(file): \(result)")
                #expect(result.errors.utf8.count < 4000, "\(file): \(result.errors.utf8.count) bytes")
                #expect(isHarmless(result.errors), "\(file): \(result)")
            }
            #expect(try Fingerprint([plain.directory.path]) == before)
            try plain.write(file, original)
        }
    }

    @Test("values that YAML versions read differently are read by the 1.2 core schema")
    func scalars() throws {
        let plain = try PlainCatalogue()
        func answer(_ text: String) throws -> String? {
            let result = plain.run([
                "check", "scale-deployment", "--target", "staging/api-server", "--as", "me", "--role", "deployer",
                "--output", "json",
                "--param", "replicas=\(text)",
            ])
            return try result.json["code"]?.stringValue
        }
        for text in ["6", "0o17", "0x1F", "+6"] { #expect(try answer(text) == "rule", "\(text)") }
        for text in ["no", "yes", "1e1", "6.0", "017_0", "1_0", "0b11", "1:30", "~", "null", "", "٦"] {
            #expect(try answer(text) == "param_invalid", "\(text)")
        }
    }

    @Test("several faults in several files are all told in one go")
    func many() throws {
        let plain = try PlainCatalogue()
        for file in Self.files.dropFirst() { try plain.append(file, Array("zzzz: 1\n".utf8)) }
        let result = plain.run(["validate"])
        for file in Self.files.dropFirst() { #expect(result.errors.contains("\(file):"), "\(result)") }
    }
}
