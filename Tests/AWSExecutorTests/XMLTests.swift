import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("XML from a service")
struct XMLTests {
    private func parse(_ text: String) throws -> XMLElement { try XMLReader.parse(Array(text.utf8)) }

    @Test("is read into names without prefixes, children in order and text with its references")
    func reading() throws {
        let root = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a note -->
            <a:Answer xmlns:a="urn:x" kind='1'><Id>i-1 &amp; &lt;&#65;&#x42;&gt;</Id><Empty/><List><m>1</m><m>2</m></List>\
            <Raw><![CDATA[<x>&amp;]]></Raw></a:Answer>
            """)
        #expect(root.name == "Answer" && root["Id"]?.text == "i-1 & <AB>")
        #expect(root["Empty"] == XMLElement(name: "Empty"))
        #expect(root.at("List")?.all("m").map(\.text) == ["1", "2"])
        #expect(root["Raw"]?.text == "<x>&amp;")
    }

    @Test(
        "what is no document, defines entities, or would grow is refused with its place",
        arguments: [
            "", "text", "<a>", "<a></b>", "<a/><b/>", "<a b></a>", "<a b=c/>", "<a>&nbsp;</a>", "<a>&#0;</a>",
            "<a>&amp</a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<a><!ENTITY x \"y\"></a>", "<a><![CDATA[x</a>", "<a><!-- x</a>", "<a", "<a b=\"<\"/>", "x<a/>", "<a/>x",
            String(repeating: "<a>", count: 65) + String(repeating: "</a>", count: 65),
            String(repeating: "<a>", count: 1_000_000),
        ])
    func refused(_ text: String) {
        #expect(throws: XMLError.self) { try XMLReader.parse(Array(text.utf8)) }
        #expect(throws: XMLError.self) { try XMLReader.parse([0x3C, 0x61, 0x3E, 0xFF]) }
    }

    @Test("any bytes are read or refused, and never crash")
    func mutations() throws {
        let sample = Array("<?xml version=\"1.0\"?><r a=\"1\"><b>x&amp;y</b><![CDATA[z]]><c/></r>".utf8)
        var random = SeededGenerator(stream: 63_000)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = sample
            for _ in 0..<(1 + random.below(3)) {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(random.pick(Array("<>/&;\"'![]-? ".utf8)), at: place)
                }
            }
            if (try? XMLReader.parse(bytes)) != nil { read += 1 }
        }
        #expect(read > 500)
    }

    @Test("what Python's expat takes is read alike: the same tree, and what it refuses is not read as more")
    func agreement() throws {
        let script = """
            import sys, json, xml.etree.ElementTree as E
            def tree(e):
                return [e.tag.split('}')[-1].split(':')[-1], (e.text or '') + ''.join(c.tail or '' for c in e), [tree(c) for c in e]]
            for line in sys.stdin:
                try: print(json.dumps(tree(E.fromstring(bytes.fromhex(line.strip())))))
                except Exception: print('null')
            """
        var random = SeededGenerator(stream: 64_000)
        func document(_ depth: Int) -> String {
            let name = random.pick(["a", "Bc", "d-e", "x1"])
            let pieces = (0..<random.below(4)).map { _ in
                depth > 0 && random.chance(60)
                    ? document(depth - 1)
                    : random.pick(["t", " ", "&lt;", "&#233;", "<!--c-->", "<![CDATA[<&]]>", "é", "\n"])
            }
            return random.chance(20) ? "<\(name)/>" : "<\(name) k='v'>\(pieces.joined())</\(name)>"
        }
        let documents = (0..<300).map { _ in document(4) }
        let lines = documents.map {
            Array($0.utf8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        let result = try Program.run(
            ["python3", "-c", script], environment: Host.real().environment,
            input: Array((lines.joined(separator: "\n") + "\n").utf8), timeout: 120)
        func told(_ element: XMLElement) -> JSONValue {
            [.string(element.name), .string(element.text), .array(element.children.map(told))]
        }
        let answers = result.outputText.split(separator: "\n")
        try #require(answers.count == documents.count, "\(result.errorText)")
        for (document, answer) in zip(documents, answers) {
            #expect(
                told(try XMLReader.parse(Array(document.utf8))) == (try JSONValue(parsing: Array(answer.utf8))),
                "\(document)")
        }
    }
}
