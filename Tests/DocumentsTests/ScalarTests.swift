import ChangeModel
import Documents
import Testing

@Suite("A param on the command line")
struct ParameterTextTests {
    @Test(
        "reads as YAML 1.2 does, unless its type is known",
        arguments: [
            ("6", nil, 6), ("6", .integer, 6), ("6", .string, "6"), ("6", .number, 6), ("true", nil, true),
            ("true", .string, "true"), ("no", nil, "no"), ("no", .boolean, "no"), ("1e3", nil, 1000),
            ("1.5", .number, 1.5),
            ("1.0", .number, 1), ("1.5", .integer, 1.5), ("1.0", .integer, 1.0), ("", nil, ""), ("null", nil, "null"),
            (".inf", .number, ".inf"), ("99999999999999999999", .integer, "99999999999999999999"),
            ("[\"a\", b, 1]", .array, ["a", "b", 1]), ("a,b", .array, "a,b"), ("[a, [b]]", .array, "[a, [b]]"),
            ("[a", .array, "[a"), ("[a]", nil, "[a]"), ("[a]", .string, "[a]"),
        ] as [(String, ParameterType?, JSONValue)])
    func reads(text: String, type: ParameterType?, expected: JSONValue) {
        #expect(ParameterText.parse(text, as: type) == expected)
    }
}
