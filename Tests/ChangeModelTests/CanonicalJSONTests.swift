import TestSupport
import Testing

@testable import ChangeModel

@Suite("Canonical JSON")
struct CanonicalJSONTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let bits: UInt64
        let text: String
        var testDescription: String { text }
    }

    /// RFC 8785, appendix B: the bits of a double, and the one way to write it.
    static let appendixB: [Sample] = [
        Sample(bits: 0x0000_0000_0000_0000, text: "0"),
        Sample(bits: 0x8000_0000_0000_0000, text: "0"),
        Sample(bits: 0x0000_0000_0000_0001, text: "5e-324"),
        Sample(bits: 0x8000_0000_0000_0001, text: "-5e-324"),
        Sample(bits: 0x7FEF_FFFF_FFFF_FFFF, text: "1.7976931348623157e+308"),
        Sample(bits: 0xFFEF_FFFF_FFFF_FFFF, text: "-1.7976931348623157e+308"),
        Sample(bits: 0x4340_0000_0000_0000, text: "9007199254740992"),
        Sample(bits: 0xC340_0000_0000_0000, text: "-9007199254740992"),
        Sample(bits: 0x4430_0000_0000_0000, text: "295147905179352830000"),
        Sample(bits: 0x44B5_2D02_C7E1_4AF5, text: "9.999999999999997e+22"),
        Sample(bits: 0x44B5_2D02_C7E1_4AF6, text: "1e+23"),
        Sample(bits: 0x44B5_2D02_C7E1_4AF7, text: "1.0000000000000001e+23"),
        Sample(bits: 0x444B_1AE4_D6E2_EF4E, text: "999999999999999700000"),
        Sample(bits: 0x444B_1AE4_D6E2_EF4F, text: "999999999999999900000"),
        Sample(bits: 0x444B_1AE4_D6E2_EF50, text: "1e+21"),
        Sample(bits: 0x3EB0_C6F7_A0B5_ED8C, text: "9.999999999999997e-7"),
        Sample(bits: 0x3EB0_C6F7_A0B5_ED8D, text: "0.000001"),
        Sample(bits: 0x41B3_DE43_5555_5553, text: "333333333.3333332"),
        Sample(bits: 0x41B3_DE43_5555_5554, text: "333333333.33333325"),
        Sample(bits: 0x41B3_DE43_5555_5555, text: "333333333.3333333"),
        Sample(bits: 0x41B3_DE43_5555_5556, text: "333333333.3333334"),
        Sample(bits: 0x41B3_DE43_5555_5557, text: "333333333.33333343"),
        Sample(bits: 0xBECB_F647_612F_3696, text: "-0.0000033333333333333333"),
        Sample(bits: 0x4314_3FF3_C1CB_0959, text: "1424953923781206.2"),
    ]

    @Test("numbers are written as RFC 8785's appendix B writes them", arguments: appendixB)
    func number(_ sample: Sample) {
        #expect(JSONValue.number(Double(bitPattern: sample.bits)).canonicalText == sample.text)
    }

    @Test("seeded doubles keep their bits, with the digits that Python finds shortest")
    func seededNumbers() throws {
        var generator = SeededGenerator(stream: 8785)
        var lines: [String] = []
        while lines.count < 5000 {
            // Half of them of everyday size, where the layout changes.
            let bits = generator.next()
            let number =
                lines.count.isMultiple(of: 2)
                ? Double(bitPattern: bits) : Double(Int64(bitPattern: bits) >> 20) / Double(1 << generator.below(60))
            guard number.isFinite, number != 0 else { continue }
            let text = JSONValue.number(number).canonicalText
            lines.append("\(number.bitPattern) \(text)")
            let back = try JSONValue(parsing: text)
            switch back {
            case .number(let same): #expect(same == number)
            case .integer(let whole): #expect(Double(whole) == number)
            default: Issue.record("\(text) is no number")
            }
        }
        let script = """
            import struct, sys
            from decimal import Decimal
            for line in sys.stdin:
                if not line.strip(): continue
                bits, text = line.split()
                number = struct.unpack('<d', struct.pack('<Q', int(bits)))[0]
                digits = lambda t: ''.join(map(str, Decimal(t).normalize().as_tuple().digits))
                if float(text) != number or digits(text) != digits(repr(number)): print(line)
            """
        #expect(try Python.run(script, lines) == [])
    }

    @Test("the example of RFC 8785, section 3.2.2, comes out as printed there")
    func example() throws {
        let text = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let canonical =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
            + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(try JSONValue(parsing: text).canonicalText == canonical)
    }

    @Test("keys are sorted by UTF-16 code units, as in RFC 8785, section 3.2.3")
    func sorting() throws {
        let text = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
             "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let canonical = try JSONValue(parsing: text).canonicalText
        let order = ["Carriage Return", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]
        let places = try order.map { word in
            try #require(canonical.utf8.firstRange(of: Array(word.utf8)), "\(word)").lowerBound
        }
        // By code points or by UTF-8 the emoji would come last.
        #expect(places == places.sorted())
    }

    static let escapes: [(UInt8, String)] = [
        (0x00, #"\u0000"#), (0x08, #"\b"#), (0x09, #"\t"#), (0x0A, #"\n"#), (0x0B, #"\u000b"#), (0x0C, #"\f"#),
        (0x0D, #"\r"#), (0x1F, #"\u001f"#), (0x22, #"\""#), (0x5C, #"\\"#), (0x2F, "/"), (0x7F, "\u{7F}"),
    ]

    @Test("a character is escaped in one way, or not at all", arguments: escapes)
    func escape(_ byte: UInt8, _ text: String) throws {
        let value = JSONValue.string(String(decoding: [byte], as: UTF8.self))
        #expect(value.canonicalText == "\"\(text)\"")
        #expect(try JSONValue(parsing: value.canonicalText) == value)
    }

    @Test("what is written reads back as the same value, in both forms, and Python reads the same")
    func roundTrip() throws {
        var generator = SeededGenerator(stream: 8259)
        var lines: [String] = []
        for _ in 0..<300 {
            let value = Self.random(&generator, depth: 0)
            #expect(try JSONValue(parsing: value.canonicalBytes).canonicalBytes == value.canonicalBytes)
            #expect(try JSONValue(parsing: value.evidenceBytes).canonicalBytes == value.canonicalBytes)
            #expect(value.evidenceBytes.last == UInt8(ascii: "\n"))
            lines.append(value.canonicalText)
        }
        // Python sorts by code points: the keys here are ASCII, where all orders agree.
        let script = """
            import json, sys
            for line in sys.stdin.read().split('\\n'):
                if not line: continue
                again = json.dumps(json.loads(line), sort_keys=True, ensure_ascii=False, separators=(',', ':'))
                if again != line: print(ascii(again), ascii(line))
            """
        #expect(try Python.run(script, lines) == [])
    }

    private static func random(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch generator.below(depth > 3 ? 4 : 6) {
        case 0: return generator.chance(50) ? .null : .bool(generator.chance(50))
        case 1: return .integer(Int64(bitPattern: generator.next()) >> Int64(generator.below(64)))
        case 2, 3:
            let alphabet = Array("aZ9 /\\\"\n\t\u{1}é€\u{FB33}😀".unicodeScalars)
            var text = String.UnicodeScalarView()
            for _ in 0..<generator.below(12) { text.append(generator.pick(alphabet)) }
            return .string(String(text))
        case 4: return .array((0..<generator.below(5)).map { _ in random(&generator, depth: depth + 1) })
        default:
            var members: [String: JSONValue] = [:]
            for _ in 0..<generator.below(6) {
                members["k\(generator.below(100))"] = random(&generator, depth: depth + 1)
            }
            return .object(members)
        }
    }
}
