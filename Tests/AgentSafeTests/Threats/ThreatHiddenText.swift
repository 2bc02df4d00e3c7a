import ChangeModel
import Testing

@Suite("Threat 29: a change file that does not say what it shows")
struct ThreatHiddenText {
    /// One way to write a change that a person reads as another.
    struct Disguise: Sendable, CustomTestStringConvertible {
        let name: String
        /// Line and column where the reader is sent.
        let place: String
        let edit: @Sendable ([String]) -> [String]
        var testDescription: String { name }

        /// Replaces the line that begins with `start` by `lines`.
        static func line(_ name: String, _ start: String, _ place: String, _ lines: String...) -> Disguise {
            Disguise(name: name, place: place) { text in text.flatMap { $0.hasPrefix(start) ? lines : [$0] } }
        }

        /// Line 1 is `apiVersion`, 7 `target`, 9 `replicas`, 10 `reason`, 12 `expires`.
        static let all: [Disguise] = [
            line("U+2028 in the reason", "reason:", "10:14", "reason: \"Busy\u{2028}approved: true\""),
            line("U+2029 in the reason", "reason:", "10:14", "reason: \"Busy\u{2029}approved: true\""),
            line("U+0085 in the reason", "reason:", "10:14", "reason: \"Busy\u{85}approved: true\""),
            line("a lone CR in the reason", "reason:", "10:14", "reason: \"Busy\rapproved: true\""),
            line("a bidi override in the reason", "reason:", "10:", "reason: \"Busy \u{202E}gnihton\""),
            line("a zero-width space in the reason", "reason:", "10:", "reason: \"Bu\u{200B}sy\""),
            line("a tag character in the reason", "reason:", "10:", "reason: \"Busy\u{E0041}\""),
            line("an escaped U+2028 in the reason", "reason:", "10:", "reason: \"Busy\\u2028approved\""),
            line("a Cyrillic letter in the target", "target:", "7:9", "target: st\u{430}ging/api-server"),
            line("a full-width slash in the target", "target:", "7:9", "target: staging\u{FF0F}api-server"),
            line("a Cyrillic letter in a param's name", "  replicas:", "9:", "  r\u{435}plicas: 6"),
            line("a comment", "  replicas:", "9:14", "  replicas: 6 # was 60"),
            line("a comment line", "reason:", "10:1", "# approved", "reason: \"Busy\""),
            line("an anchor", "  replicas:", "9:13", "  replicas: &n 6"),
            line("an alias", "  replicas:", "9:13", "  replicas: *n"),
            line("an anchor and its alias", "  replicas:", "9:6", "  a: &n 6", "  replicas: *n"),
            line("a tag", "  replicas:", "9:13", "  replicas: !!int 6"),
            line("a duplicate key", "  replicas:", "10:3", "  replicas: 6", "  replicas: 60"),
            line("a duplicate target", "target:", "8:1", "target: staging/api-server", "target: prod/api-server"),
            line("a trailing space", "  replicas:", "9:14", "  replicas: 6 "),
            line("an extra key", "reason:", "11:1", "reason: \"Busy\"", "approved: true"),
            Disguise(name: "a key off the screen", place: "8:8") { lines in
                let wide = "params: {replicas: 6,\(String(repeating: " ", count: 500))namespace: \"staging\"}"
                return lines.prefix(7) + [wide] + lines.dropFirst(9)
            },
            line("hexadecimal", "  replicas:", "9:13", "  replicas: 0x6"),
            line("single quotes", "reason:", "10:9", "reason: 'Busy'"),
            line("a folded reason", "reason:", "10:9", "reason: >-", "  Busy"),
            line("a document marker", "apiVersion:", "1:1", "---", "apiVersion: agentsafe/v1"),
            line("a directive", "apiVersion:", "1:1", "%YAML 1.2", "---", "apiVersion: agentsafe/v1"),
            line(
                "a second document", "expires:", "13:1", "expires: 2026-11-24T00:00:00Z", "---",
                "apiVersion: agentsafe/v1"),
            line("a tab", "target:", "7:8", "target:\tstaging/api-server"),
            line("a byte order mark", "apiVersion:", "1:1", "\u{FEFF}apiVersion: agentsafe/v1"),
            Disguise(name: "CRLF", place: "1:25") { $0.map { $0.isEmpty ? $0 : $0 + "\r" } },
            Disguise(name: "no final line feed", place: "12:30") { $0.dropLast() },
            Disguise(name: "an empty line at the end", place: "13:1") { $0 + [""] },
            Disguise(name: "keys in another order", place: "5:1") { lines in
                var lines = lines
                lines.swapAt(4, 5)
                return lines
            },
        ]
    }

    private func disguised(_ disguise: Disguise, in governance: Governance) throws -> ChangeID {
        let id = try governance.propose()
        try governance.rewrite(id) { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let edited = disguise.edit(lines).joined(separator: "\n")
            #expect(edited != text)
            return edited
        }
        return id
    }

    @Test("it is refused where it differs, though its author signed it", arguments: Disguise.all)
    func refused(_ disguise: Disguise) throws {
        let governance = try Governance()
        let id = try disguised(disguise, in: governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        #expect(gate.errors.contains("\(id.folder)/change.yaml:\(disguise.place)"), "\(gate)")
        // What is printed hides nothing either.
        let hidden = gate.errors.unicodeScalars.filter {
            [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
                && $0 != "\n"
        }
        #expect(hidden.isEmpty, "\(gate)")
        try governance.expect(30, "bob", ["approve", id.text, "--yes"])
    }

    @Test("landed all the same, it stops every run", arguments: Disguise.all.prefix(4) + Disguise.all.suffix(2))
    func landed(_ disguise: Disguise) throws {
        let governance = try Governance()
        let id = try disguised(disguise, in: governance)
        try governance.mergeUnsigned(id)
        let commit = try governance.tip("main")
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
            #expect(told.errors.contains("\(id.folder)/change.yaml:\(disguise.place)"), "\(told)")
        }
    }

    @Test("visible characters of any script are no disguise in a reason")
    func control() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.rewrite(id) { text in
            text.replacing("\"\(Governance.reason)\"", with: "\"Größe, очередь, 待ち行列\"")
        }
        #expect(try governance.gate(id).status == 0)
    }
}
