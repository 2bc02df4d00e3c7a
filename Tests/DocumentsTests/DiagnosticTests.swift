import ChangeModel
import Documents
import Testing

private func refusal(_ text: String, name: String = "policy.yaml") throws -> DocumentError {
    try #require(throws: DocumentError.self) { try PolicyDocument.parse(SourceFile(name: name, text: text)) }
}

@Suite("A diagnostic")
struct DiagnosticTests {
    @Test("is one line, the source line, a caret and advice")
    func form() throws {
        let error = try refusal("rules:\n  - {name: a, match: {}, decision: allow, reasn: x, reason: y}\n")
        #expect(
            error.render() == """
                policy.yaml:2:43: a rule has no key `reasn`
                      - {name: a, match: {}, decision: allow, reasn: x, reason: y}
                                                              ^
                  did you mean `reason`?
                """)
        #expect(error.summary == "policy.yaml:2:43: a rule has no key `reasn`")
    }

    @Test(
        "points exactly, behind characters of one to four bytes", arguments: ["a", "\u{e4}", "\u{20ac}", "\u{1F600}"])
    func caret(character: String) throws {
        let text = "rules:\n  - {name: a, match: {}, decision: allow, reason: \"\(character)\", reasn: x}\n"
        let diagnostic = try refusal(text).diagnostics[0]
        #expect(diagnostic.column == 56)
        let excerpt = try #require(diagnostic.excerpt)
        #expect(excerpt.text.dropFirst(excerpt.caret).hasPrefix("reasn"))
        #expect(excerpt.text.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
    }

    @Test("shows a window of a long line, with the caret inside", arguments: [0, 100, 1000, 60_000])
    func longLine(padding: Int) throws {
        let blanks = String(repeating: " ", count: padding)
        let error = try refusal("rules: \(blanks)[{nmae: a, \(blanks)match: {}}]\n")
        let diagnostic = try #require(error.diagnostics.first { $0.message.contains("nmae") })
        let excerpt = try #require(diagnostic.excerpt)
        #expect(excerpt.text.utf8.count <= 126)
        #expect(excerpt.text.dropFirst(excerpt.caret).hasPrefix("nmae: a"))
    }

    @Test("escapes control characters and bytes that are no text")
    func escapes() {
        let bytes = Array("a: \u{1b}[2J\n".utf8)
        let control = #expect(throws: DocumentError.self) {
            try PolicyDocument.parse(SourceFile(name: "a\n\u{1b}.yaml", bytes: bytes))
        }
        #expect(control?.render().hasPrefix("a\\n\\u{1b}.yaml:1:4: ") == true)
        #expect(control?.diagnostics.first?.excerpt?.text == "a: \\u{1b}[2J")
        let broken = #expect(throws: DocumentError.self) {
            try PolicyDocument.parse(SourceFile(name: "x", bytes: [0x61, 0xC3, 0xA9, 0xE2, 0x82, 0x62, 0xFF]))
        }
        #expect(broken?.diagnostics.first?.excerpt?.text == "a\\u{e9}\\xe2\\x82b\\xff")
        #expect(broken?.diagnostics.first?.excerpt?.caret == 7)
    }

    @Test("is kept twenty times at most, and the rest is counted")
    func bounded() throws {
        let error = try refusal("rules:\n" + String(repeating: "  - {}\n", count: 50))
        #expect(error.diagnostics.count == 20)
        #expect(error.omitted == 50 * 4 - 20)
        #expect(error.render().hasSuffix("and 180 more"))
    }

    @Test("comes in the order of the file")
    func order() throws {
        let error = try refusal("rulez: 1\nrules:\n  - {name: a, x: 1, decision: b, reason: c, match: 5}\n")
        let places = error.diagnostics.map { [$0.line, $0.column] }
        #expect(places == places.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(places.count == 4)
    }

    @Test(
        "says what was probably meant, and nothing when nothing is near",
        arguments: [
            ("risk_clas", "risk_class"), ("riskclass", "risk_class"), ("Risk-Class", "risk_class"),
            ("irsk_class", "risk_class"), ("taregt_types", "target_types"), ("tag", "tags"), ("zzz", nil),
            ("completely_different", nil),
        ] as [(String, String?)])
    func suggestion(word: String, meant: String?) throws {
        let text = "name: a\nversion: 1.0.0\nrisk_class: low\ntarget_types: [x]\n\(word): 1\n"
        let file = SourceFile(name: "a.yaml", text: text)
        let error = try #require(throws: DocumentError.self) { try ActionDocument.parse(file) }
        let advice = error.diagnostics.first { $0.message.contains("`\(word)`") }?.advice
        #expect(advice?.hasPrefix("did you mean") == (meant != nil))
        if let meant { #expect(advice == "did you mean `\(meant)`?") }
    }

    @Test("never shows a signing key, however the file is broken")
    func secrets() {
        let files = [
            "signing_key: hunter2hunter2\nregistry: [\n", "signing_key: hunter2\n  hunter2: x\n", "signing_key:hunter2",
            "signing_key: \"hunter2\nhunter2\n", "{signing_key: hunter2, registry: 5}",
            "signing_key: |\n  hunter2\n\thunter2",
            "registry: 5\nsigning_key: [hunter2\n", "signing-key: hunter2\n", "signingKey: hunter2\n",
            "singing_kye: hunter2\n", "signing_key: &hunter2 x\n", "signing_key: *hunter2\n",
            "signing_key: !hunter2 x\n",
            "signing_key: {a: hunter2, a: hunter2}\n", "signing_key: hunter2\0\n",
            "SIGNING_KEY: hunter2\nsigning_key: x\n",
        ]
        for text in files {
            do throws(DocumentError) {
                _ = try ConfigurationDocument.parse(SourceFile(name: "agentsafe.yaml", text: text))
                Issue.record("accepted: \(text)")
            } catch {
                #expect(!error.render().contains("hunter2"), "\(text)")
            }
        }
    }
}
