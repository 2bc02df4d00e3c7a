import ChangeModel
import Testing

@Suite("JSON from outside")
struct JSONParserTests {
    static let refused: [(text: String, words: String)] = [
        (#"{"a": 1, "a": 2}"#, "twice"),
        (#"{"a": 1, "b": {"c": 1, "c": 1}}"#, "twice"),
        (#"{"a": 1, "\u0061": 2}"#, "twice"),
        // One name in two Unicode forms.
        (#"{"\u00e9": 1, "e\u0301": 2}"#, "twice"),
        (#""\ud800""#, "high surrogate"),
        (#""\ud800x""#, "high surrogate"),
        (#""\ud800\n""#, "high surrogate"),
        (#""\ud800\ud800""#, "high surrogate"),
        (#""\udc00""#, "low surrogate"),
        (#""\udfff\ud800""#, "low surrogate"),
        ("{} {}", "after the value"),
        ("1 2", "after the value"),
        ("null\u{0}", "after the value"),
        ("[1]]", "after the value"),
        ("{}//", "after the value"),
        ("", "ends where a value"),
        ("   ", "ends where a value"),
        ("[1,]", "no JSON value starts"),
        (#"{"a":1,}"#, "expected a key"),
        ("{a: 1}", "expected a key"),
        (#"{"a" 1}"#, "expected `:`"),
        ("[1 2]", "expected `,`"),
        ("[", "ends where a value"),
        ("\"open", "not closed"),
        ("\"line\nfeed\"", "control characters"),
        (#""\x41""#, "unknown escape"),
        (#""\u00g0""#, "hexadecimal"),
        (#""\u12"#, "hexadecimal"),
        ("01", "after the value"), ("-", "digit"), ("1.", "digit"), (".5", "no JSON value starts"),
        ("1e", "digit"), ("1e+", "digit"), ("+1", "no JSON value starts"), ("0x10", "after the value"),
        ("NaN", "no JSON value starts"), ("Infinity", "no JSON value starts"), ("-Infinity", "digit"),
        ("nul", "expected `null`"), ("True", "no JSON value starts"),
        ("9223372036854775808", "64 bits"), ("-9223372036854775809", "64 bits"), ("846976801678179200001", "64 bits"),
        ("1000000000000000000000", "64 bits"), ("1e400", "double's range"),
        ("\u{FEFF}{}", "no JSON value starts"),
    ]

    @Test("what has no single meaning is refused, with the reason", arguments: refused)
    func refuses(_ text: String, _ words: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    static let malformed: [[UInt8]] = [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
        [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
    ]

    @Test("a string that is no UTF-8 is refused", arguments: malformed)
    func refusesBytes(_ bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(error?.message.contains("UTF-8") == true)
    }

    @Test("the bounds hold: the last that fits is read, the next is refused")
    func bounds() throws {
        let limits = JSONLimits(bytes: 20, depth: 3)
        _ = try JSONValue(parsing: Array("[[[1]]]".utf8), limits: limits)
        _ = try JSONValue(parsing: Array(#"{"a":{"b":{"c":1}}}"#.utf8), limits: limits)
        _ = try JSONValue(parsing: Array(("1" + String(repeating: " ", count: 19)).utf8), limits: limits)
        for text in ["[[[[1]]]]", #"{"a":[{"b":[1]}]}"#, "1" + String(repeating: " ", count: 20)] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8), limits: limits) }
        }
        // Far beyond the bound: refused at the bound, not by the end of the stack.
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
        #expect(error?.message.contains("nested deeper") == true)
    }

    @Test("an error says line and column, counted in characters")
    func places() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\n  \"é\": 1,\n  \"ü\": x\n}") }
        #expect(error?.line == 3)
        #expect(error?.column == 8)
    }

    @Test("integers stay integers to the ends of 64 bits, and the zero has no sign")
    func integers() throws {
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSONValue(parsing: "-0") == .integer(0))
        #expect(try JSONValue(parsing: "-0.0").canonicalText == "0")
        #expect(try JSONValue(parsing: "1.0") == .number(1))
        // Beyond 64 bits, only what the canonical form of a double looks like.
        #expect(try JSONValue(parsing: "846976801678179200000") == .number(8.469768016781792e20))
        #expect(try JSONValue(parsing: #""\ud83d\ude00""#) == "😀")
    }
}
