import PolicyEngine
import Testing

@Suite("A pattern")
struct PatternTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool { try Pattern(pattern).matches(text) }

    @Test("matches what Python's re.fullmatch matches", arguments: PatternTable.rows)
    func agreesWithPython(pattern: String, expected: [Int]) throws {
        let compiled = try Pattern(pattern)
        let matched = PatternTable.texts.indices.filter { compiled.matches(PatternTable.texts[$0]) }
        #expect(matched == expected, "\(pattern)")
    }

    @Test(
        "what the machine cannot run is refused, with the place",
        arguments: [
            ("(", 0, "never closed"), ("a)", 1, "without"), ("[a", 0, "never closed"), ("[]", 0, "never closed"),
            ("*a", 0, "nothing to repeat"), ("a|+", 2, "nothing to repeat"), ("a**", 2, "repetition of a repetition"),
            ("a{2}{3}", 4, "repetition of a repetition"), ("a*+", 2, "repetition of a repetition"),
            ("a{3,2}", 1, "backwards"), ("a{1001}", 2, "more than 1000"), ("a{1,99999999999999999999}", 4, "more than"),
            ("^*", 0, "anchor"), ("a\\", 1, "nothing follows"), ("(?=a)", 0, "not supported"),
            ("(?!a)", 0, "not supported"), ("(?<=a)", 0, "not supported"), ("(?i)a", 0, "not supported"),
            ("(?P=n)", 0, "not supported"), ("(?P<n", 0, "group's name"), ("(?P<a b>c)", 0, "group's name"),
            ("(a)\\1", 3, "not supported"), ("\\bfoo", 0, "not supported"), ("\\p{L}", 0, "not supported"),
            ("[z-a]", 1, "lower character"), ("[a-\\d]", 1, "lower character"), ("[[:alpha:]]", 1, "not supported"),
            ("[\\b]", 1, "not supported"),
        ])
    func refusals(pattern: String, offset: Int, message: String) {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error?.offset == offset)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "a pattern that makes others run for ever is answered at once",
        arguments: [
            "(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*)*x", "(a?){50}a{50}b", "^(([a-z])+.)+[A-Z]([a-z])+$",
        ])
    func hostilePatterns(pattern: String) throws {
        #expect(try !matches(pattern, String(repeating: "a", count: 3000) + "!"))
    }

    @Test("a pattern that would need too much room is refused, however it is nested")
    func tooLarge() {
        for pattern in [
            "(a{1000}){21}", "((a{100}){100}){100}", "((((){1000}){1000}){1000}){1000}",
            "(((|){1000}){1000}){1000}", "(((a?){0,1000}){0,1000}){0,1000}", String(repeating: "a", count: 501),
            String(repeating: "(", count: 51) + String(repeating: ")", count: 51),
        ] {
            #expect(throws: PatternError.self) { try Pattern(pattern) }
        }
    }

    @Test("the largest patterns still work")
    func largest() throws {
        #expect(try matches("(a{1000}){8}", String(repeating: "a", count: 8000)))
        #expect(try !matches("(a{1000}){8}", String(repeating: "a", count: 7999)))
        #expect(try matches(String(repeating: "a", count: 500), String(repeating: "a", count: 500)))
        let nested = String(repeating: "(", count: 50) + "a" + String(repeating: ")", count: 50)
        #expect(try matches(nested, "a"))
    }

    @Test("a dollar sign holds at the very end alone, not before a last line feed")
    func endAnchor() throws {
        #expect(try !matches("a$\n", "a\n"))
        #expect(try !matches("a$", "a\n"))
        #expect(try !matches("a\\Z.*", "ab"))
    }

    @Test("classes are ASCII, and a character is a Unicode scalar")
    func unicode() throws {
        #expect(try !matches("\\d", "\u{663}"))
        #expect(try !matches("\\w", "\u{E9}"))
        #expect(try !matches("\\s", "\u{A0}"))
        #expect(try matches("\\W", "\u{E9}"))
        #expect(try matches(".", "\u{1F600}"))
        #expect(try matches("..", "e\u{301}"))
        #expect(try !matches("\u{E9}", "e\u{301}"))
        #expect(try matches("..", "\r\t"))
        #expect(try !matches("..", "\r\n"))
        #expect(try matches("[\u{E0}-\u{FF}]+", "\u{E9}\u{E8}"))
        #expect(try matches("[^\\W\\d]+", "abc"))
        #expect(try !matches("[^\\W\\d]+", "ab1"))
    }

    @Test("the same text is the same pattern")
    func equality() throws {
        #expect(try Pattern("a+") == Pattern("a+"))
        #expect(try Pattern("a+") != Pattern("a*"))
    }
}
