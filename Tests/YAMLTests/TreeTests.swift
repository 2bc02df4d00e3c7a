import Testing
import YAML

/// The tree in one line, with places left out.
func outline(_ node: YAMLNode) -> String {
    switch node.kind {
    case .scalar(let text, .plain): text
    case .scalar(let text, let style): "\(style)(\(text))"
    case .sequence(let nodes): "[" + nodes.map(outline).joined(separator: ", ") + "]"
    case .mapping(let pairs): "{" + pairs.map { "\($0.key): \(outline($0.value))" }.joined(separator: ", ") + "}"
    }
}

func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode {
    try parseYAML(Array(text.utf8), limits: limits)
}

@Suite("The tree")
struct TreeTests {
    @Test(
        "says what the text says",
        arguments: [
            ("a: 1\nb: [x, 'y', \"z\"]\n", "{a: 1, b: [x, singleQuoted(y), doubleQuoted(z)]}"),
            ("a:\n  - b: c\n    d: e\n  - f\n", "{a: [{b: c, d: e}, f]}"),
            ("a: |\n  one\n  two\nb: >\n  one\n  two\n", "{a: literal(one\ntwo\n), b: folded(one two\n)}"),
            ("a:\nb: {}\nc: []\n", "{a: , b: {}, c: []}"),
            ("--- # one explicit document is one document\na: b\n", "{a: b}"),
            ("just text", "just text"),
            ("caf\u{e9}: \"\u{1F600}\"\n", "{caf\u{e9}: doubleQuoted(\u{1F600})}"),
        ])
    func reads(text: String, expected: String) throws {
        #expect(outline(try parse(text)) == expected)
    }

    @Test("marks where each value starts, in lines and characters from 1")
    func marks() throws {
        let node = try parse("# heading\nn\u{e4}me: [\u{1F600}, second]\nlast:\n  - x\n")
        guard case .mapping(let pairs) = node.kind, case .sequence(let list) = pairs[0].value.kind else {
            Issue.record("not a mapping of a list")
            return
        }
        #expect(node.mark == YAMLMark(line: 2, column: 1))
        #expect(pairs[0].value.mark == YAMLMark(line: 2, column: 7))
        #expect(list.map(\.mark) == [YAMLMark(line: 2, column: 8), YAMLMark(line: 2, column: 11)])
        #expect(pairs[1].keyMark == YAMLMark(line: 3, column: 1))
        #expect(pairs[1].value.mark == YAMLMark(line: 4, column: 3))
    }

    @Test("holds as much as the limits say, and nothing more")
    func limits() throws {
        func levels(_ count: Int) -> String {
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        _ = try parse(levels(32))
        #expect(throws: YAMLError.self) { try parse(levels(33)) }
        _ = try parse("[a, b]", limits: YAMLLimits(nodes: 3))
        #expect(throws: YAMLError.self) { try parse("[a, b, c]", limits: YAMLLimits(nodes: 3)) }
        _ = try parse("abcd", limits: YAMLLimits(bytes: 4, scalarBytes: 4))
        #expect(throws: YAMLError.self) { try parse("abcde", limits: YAMLLimits(bytes: 4)) }
        #expect(throws: YAMLError.self) { try parse("abcde", limits: YAMLLimits(scalarBytes: 4)) }
    }
}
