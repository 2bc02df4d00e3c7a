import Testing
import YAML

struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let line: Int
    let column: Int
    let message: String
    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ line: Int, _ column: Int, _ message: String) {
        self.name = name
        self.bytes = bytes
        self.line = line
        self.column = column
        self.message = message
    }

    init(_ name: String, _ text: String, _ line: Int, _ column: Int, _ message: String) {
        self.init(name, Array(text.utf8), line, column, message)
    }
}

/// Nine anchors of nine aliases each: the last stands for 9^9 values.
private let billionLaughs =
    "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    + (1...9).map { level in
        "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
    }.joined()

private let refusals: [Refusal] = [
    Refusal("nothing", "", 1, 1, "the file is empty"),
    Refusal("only comments", "# a\n\n# b\n", 1, 1, "the file holds no document, only blanks or comments"),
    Refusal("two documents", "a: 1\n---\nb: 2\n", 2, 1, "a second document"),
    Refusal("a version directive", "%YAML 1.1\n---\na: 1\n", 1, 1, "directives are not allowed"),
    Refusal("a tag directive", "%TAG ! tag:x,2000:\n---\na: 1\n", 1, 1, "directives are not allowed"),
    Refusal("an anchor", "a: &x 1\n", 1, 4, "anchors are not allowed"),
    Refusal("an anchor on a list", "a: &x\n  - 1\n", 1, 4, "anchors are not allowed"),
    Refusal("an anchor on a mapping", "a: &x\n  b: 1\n", 1, 4, "anchors are not allowed"),
    Refusal("an alias", "a: *x\n", 1, 4, "aliases are not allowed"),
    Refusal("an alias as a key", "*x : 1\n", 1, 1, "aliases are not allowed"),
    Refusal("anchors that expand a billionfold", billionLaughs, 1, 5, "anchors are not allowed"),
    Refusal("a merge key", "a:\n  <<: {b: 1}\n", 2, 3, "merge keys are not allowed"),
    Refusal("a merge key in quotes", "\"<<\": {b: 1}\n", 1, 1, "merge keys are not allowed"),
    Refusal("a tag", "a: !!str 1\n", 1, 4, "tags are not allowed"),
    Refusal("a local tag", "a: !secret x\n", 1, 4, "tags are not allowed"),
    Refusal("a tag for a Python object", "!!python/object:os.system {}\n", 1, 1, "tags are not allowed"),
    Refusal("the non-specific tag", "a: ! 1\n", 1, 4, "tags are not allowed"),
    Refusal("a list as a key", "[a]: 1\n", 1, 1, "a key that is a list or a mapping"),
    Refusal("a mapping as a key", "? {a: b}\n: 1\n", 1, 3, "a key that is a list or a mapping"),
    Refusal("an empty key", "\"\": 1\n", 1, 1, "an empty key"),
    Refusal("a key twice", "a: 1\nb: 2\na: 3\n", 3, 1, "the key `a` stands twice, first in line 1"),
    Refusal("a key twice in other quotes", "a: 1\n'a': 3\n", 2, 1, "the key `a` stands twice, first in line 1"),
    Refusal("a key twice in a flow mapping", "x: {a: 1, a: 2}\n", 1, 11, "the key `a` stands twice, first in line 1"),
    Refusal(
        "keys that differ in case", "Role: 1\nrole: 2\n", 2, 1,
        "the key differs only in upper and lower case from `Role` in line 1"),
    Refusal(
        "keys that differ in foreign case", "stra\u{df}e: 1\nSTRASSE: 2\n", 2, 1,
        "the key differs only in upper and lower case from `stra\u{df}e` in line 1"),
    Refusal(
        "keys that differ in Unicode form", "caf\u{e9}: 1\ncafe\u{301}: 2\n", 2, 1,
        "the key differs only in its Unicode form from `caf\u{e9}` in line 1"),
    Refusal("10,000 levels of lists", String(repeating: "[", count: 10_000), 1, 33, "nested deeper than 32 levels"),
    Refusal(
        "10,000 levels of mappings", String(repeating: "{a: ", count: 10_000), 1, 129, "nested deeper than 32 levels"),
    Refusal(
        "10,000 levels of dashes", String(repeating: "- ", count: 10_000) + "x", 1, 65, "nested deeper than 32 levels"),
    Refusal("NUL", "a: 1\nb: \"x\0y\"\n", 2, 6, "the control character U+0000"),
    Refusal("escape", "a: \u{1b}[2J\n", 1, 4, "the control character U+001B"),
    Refusal("delete", "a: \u{7f}\n", 1, 4, "the control character U+007F"),
    Refusal("CR LF", "a: 1\r\nb: 2\r\n", 1, 5, "a carriage return"),
    Refusal("a lone CR", "a: 1 # fine\rb: 2\n", 1, 12, "a carriage return"),
    Refusal(
        "U+0085", "a: 1 # fine\u{85}b: 2\n", 1, 12, "the character U+0085, which some programs read as a line break"),
    Refusal(
        "U+2028", "a: 1 # \u{e9}\u{2028}b: 2\n", 1, 9, "the character U+2028, which some programs read as a line break"),
    Refusal(
        "U+2029", "a: 1 # fine\u{2029}b: 2\n", 1, 12, "the character U+2029, which some programs read as a line break"),
    Refusal("a C1 control", "a: \u{9b}\n", 1, 4, "the control character U+009B"),
    Refusal(
        "a bidi override", "a: \"\u{202e}nimda\"\n", 1, 5,
        "the character U+202E, which makes text look different from what it is"),
    Refusal(
        "a bidi isolate", "a: \u{2066}x\n", 1, 4,
        "the character U+2066, which makes text look different from what it is"),
    Refusal("a byte order mark", "\u{feff}a: 1\n", 1, 1, "the file starts with a byte order mark"),
    Refusal("a byte order mark inside", "a: \u{feff}1\n", 1, 4, "a byte order mark inside the text"),
    Refusal("UTF-16, little end first", [0xFF, 0xFE, 0x61, 0, 0x3A, 0], 1, 1, "the file is not UTF-8 but UTF-16"),
    Refusal("UTF-16, big end first", [0xFE, 0xFF, 0, 0x61, 0, 0x3A], 1, 1, "the file is not UTF-8 but UTF-16"),
    Refusal("UTF-16 without a mark", [0x61, 0, 0x3A, 0, 0x20, 0], 1, 1, "the file is not UTF-8 but UTF-16"),
    Refusal("a stray continuation byte", [0x61, 0x3A, 0x20, 0x80], 1, 4, "the byte 0x80 is not valid UTF-8"),
    Refusal("an overlong slash", [0x61, 0x3A, 0x20, 0xC0, 0xAF], 1, 4, "the byte 0xC0 is not valid UTF-8"),
    Refusal(
        "an overlong form of three", [0x61, 0x3A, 0x20, 0xE0, 0x80, 0xAF], 1, 4, "the byte 0xE0 is not valid UTF-8"),
    Refusal("a surrogate", [0x61, 0x3A, 0x20, 0xED, 0xA0, 0x80], 1, 4, "the byte 0xED is not valid UTF-8"),
    Refusal("beyond U+10FFFF", [0x61, 0x3A, 0x20, 0xF4, 0x90, 0x80, 0x80], 1, 4, "the byte 0xF4 is not valid UTF-8"),
    Refusal("a character cut off", [0x61, 0x3A, 0x20, 0xC3], 1, 4, "the byte 0xC3 is not valid UTF-8"),
    Refusal("Latin-1", [0x61, 0x3A, 0x20, 0xE9, 0x0A], 1, 4, "the byte 0xE9 is not valid UTF-8"),
    Refusal(
        "a tab as indentation", "a:\n\t- b\n", 2, 1,
        "found character that cannot start any token, while scanning for the next token"),
    Refusal(
        "an open quote", "a: \"b\n", 2, 1,
        "found unexpected end of stream, while scanning a quoted scalar that starts in line 1"),
    Refusal("a colon too many", "a: b: c\n", 1, 5, "mapping values are not allowed in this context"),
    Refusal(
        "a surrogate escaped", "a: \"\\ud83d\"\n", 1, 7,
        "found invalid Unicode character escape code, while parsing a quoted scalar"),
]

@Suite("Refused, with the place and the reason")
struct RefusalTests {
    @Test("is", arguments: refusals)
    func refuses(refusal: Refusal) {
        do throws(YAMLError) {
            let node = try parseYAML(refusal.bytes)
            Issue.record("accepted as \(outline(node))")
        } catch {
            #expect(error.message == refusal.message)
            #expect(error.line == refusal.line)
            #expect(error.column == refusal.column)
        }
    }

    @Test("is what is too large, before anything reads it")
    func tooLarge() {
        // Not YAML, and not even UTF-8: only its size may be looked at.
        let bytes = [UInt8](repeating: 0xFF, count: (1 << 20) + 1)
        let error = #expect(throws: YAMLError.self) { try parseYAML(bytes) }
        #expect(error?.message == "the file has 1048577 bytes, and at most 1048576 are read")
    }

    @Test("are arbitrary bytes, or they are read; nothing crashes", arguments: 0..<20)
    func arbitraryBytes(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let alphabet = Array("ab01:-?,[]{}&*!|>'\"%@`#~<. \n\n  \\xu\t".utf8) + [0xC3, 0xA9, 0xE2, 0x80, 0xA8, 0xFF, 0]
        var accepted = 0
        for _ in 0..<500 {
            let bytes = (0..<next(60)).map { _ in alphabet[next(next(8) == 0 ? alphabet.count : alphabet.count - 7)] }
            if (try? parseYAML(bytes)) != nil { accepted += 1 }
        }
        #expect(accepted < 500, "seed \(seed)")
    }
}
