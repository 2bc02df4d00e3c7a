import Testing
import YAML

@Suite("A plain scalar")
struct ScalarTests {
    @Test(
        "means what YAML 1.2's core schema says",
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null), ("nULL", .string("nULL")),
            ("true", .bool(true)), ("True", .bool(true)), ("TRUE", .bool(true)), ("false", .bool(false)),
            ("False", .bool(false)), ("FALSE", .bool(false)), ("tRue", .string("tRue")),
            ("no", .string("no")), ("yes", .string("yes")), ("on", .string("on")), ("off", .string("off")),
            ("y", .string("y")), ("N", .string("N")),
            ("0", .integer(0)), ("-0", .integer(0)), ("+12", .integer(12)), ("017", .integer(17)),
            ("0o17", .integer(15)), ("0o18", .string("0o18")), ("0x1F", .integer(31)), ("0xfg", .string("0xfg")),
            ("-0x1F", .string("-0x1F")), ("0b11", .string("0b11")), ("1_000", .string("1_000")),
            ("190:20:30", .string("190:20:30")), ("2001-12-14", .string("2001-12-14")), ("0o", .string("0o")),
            ("0x", .string("0x")), ("+", .string("+")), ("-", .string("-")), ("+-1", .string("+-1")),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .oversizedInteger("9223372036854775808")),
            ("0xffffffffffffffff", .oversizedInteger("0xffffffffffffffff")),
            ("1.5", .float(1.5)), ("-1.5", .float(-1.5)), ("+1.5", .float(1.5)), (".5", .float(0.5)), ("1.", .float(1)),
            ("1e3", .float(1000)), ("1E+3", .float(1000)), ("12e-1", .float(1.2)), ("1.e1", .float(10)),
            (".", .string(".")), (".e1", .string(".e1")), ("1e", .string("1e")), ("1e+", .string("1e+")),
            ("1.2.3", .string("1.2.3")), ("1e3.5", .string("1e3.5")), ("--1", .string("--1")),
            (".inf", .float(.infinity)), ("-.INF", .float(-.infinity)), ("+.Inf", .float(.infinity)),
            (".iNf", .string(".iNf")), ("inf", .string("inf")), ("nan", .string("nan")), ("1e999", .float(.infinity)),
            ("0x1p3", .string("0x1p3")), ("infinity", .string("infinity")), ("\u{661}", .string("\u{661}")),
        ] as [(String, YAMLScalar)])
    func resolution(text: String, expected: YAMLScalar) {
        #expect(YAMLScalar(plain: text) == expected)
    }

    @Test("is not a number when it says so", arguments: [".nan", ".NaN", ".NAN"])
    func notANumber(text: String) {
        guard case .float(let value) = YAMLScalar(plain: text) else {
            Issue.record("not a float")
            return
        }
        #expect(value.isNaN)
    }

    @Test("is what it means only without quotes", arguments: ["'1'", "\"1\"", "|\n  1", ">-\n  1", "\"\"", "'null'"])
    func quoted(text: String) throws {
        guard case .string? = try parse(text).scalar else {
            Issue.record("quoted text is not a string")
            return
        }
    }
}
