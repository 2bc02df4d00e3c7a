/// Reads XML 1.0 (W3C, fifth edition) as far as AWS's answers go, and nothing that could make it more than it is: a document
/// type is refused, and so no entity is ever defined, fetched or expanded.
struct XMLReader {
    private let bytes: [UInt8]
    private var index = 0
    private var elements = 0

    static let maximumDepth = 64
    static let maximumElements = 500_000

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Returns: the root element.
    /// - Throws: `XMLError`.
    static func parse(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw XMLError(line: 1, column: 1, reason: "it is not UTF-8")
        }
        var reader = XMLReader(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.index = 3 }
        try reader.skipMisc()
        let root = try reader.element()
        try reader.skipMisc()
        guard reader.index == bytes.count else { throw reader.error("something follows the root element") }
        return root
    }

    private func error(_ reason: String) -> XMLError {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return XMLError(line: line, column: before.count - start + 1, reason: reason)
    }

    private func startsWith(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        return (0..<count).allSatisfy { bytes[index + $0] == text.utf8Start[$0] }
    }

    private mutating func skip(past end: StaticString, _ what: String) throws(XMLError) {
        while index < bytes.count {
            if startsWith(end) {
                index += end.utf8CodeUnitCount
                return
            }
            index += 1
        }
        throw error("\(what) has no end")
    }

    private mutating func skipBlanks() {
        while index < bytes.count, Self.isBlank(bytes[index]) { index += 1 }
    }

    /// Blanks, comments and processing instructions outside of the root element.
    private mutating func skipMisc() throws(XMLError) {
        while true {
            skipBlanks()
            if startsWith("<?") {
                try skip(past: "?>", "a processing instruction")
            } else if startsWith("<!--") {
                try skip(past: "-->", "a comment")
            } else if startsWith("<!") {
                throw error("it has a document type, which is not read")
            } else {
                return
            }
        }
    }

    /// Element by element without recursion: depth costs memory that is bounded, and no stack.
    private mutating func element() throws(XMLError) -> XMLElement {
        var open: [(element: XMLElement, name: Range<Int>)] = []
        while true {
            guard index < bytes.count else { throw error("it ends in the middle") }
            if startsWith("</") {
                index += 2
                let name = try qualifiedName()
                skipBlanks()
                guard startsWith(">"), let last = open.popLast(), bytes[last.name].elementsEqual(bytes[name]) else {
                    throw error("a closing tag does not fit")
                }
                index += 1
                if open.isEmpty { return last.element }
                open[open.count - 1].element.children.append(last.element)
            } else if startsWith("<!--") {
                try skip(past: "-->", "a comment")
            } else if startsWith("<![CDATA[") {
                guard !open.isEmpty else { throw error("there is text outside of the root element") }
                let start = index + 9
                try skip(past: "]]>", "a CDATA section")
                open[open.count - 1].element.text += String(decoding: bytes[start..<(index - 3)], as: UTF8.self)
            } else if startsWith("<?") {
                try skip(past: "?>", "a processing instruction")
            } else if startsWith("<!") {
                throw error("it has a declaration, which is not read")
            } else if startsWith("<") {
                index += 1
                elements += 1
                guard open.count < Self.maximumDepth, elements <= Self.maximumElements else {
                    throw error("it is nested too deeply, or has too many elements")
                }
                let name = try qualifiedName()
                let isEmpty = try attributes()
                let element = XMLElement(name: localName(name))
                if !isEmpty {
                    open.append((element, name))
                } else if open.isEmpty {
                    return element
                } else {
                    open[open.count - 1].element.children.append(element)
                }
            } else {
                guard !open.isEmpty else { throw error("there is text outside of the root element") }
                open[open.count - 1].element.text += try characters()
            }
        }
    }

    private mutating func qualifiedName() throws(XMLError) -> Range<Int> {
        let start = index
        while index < bytes.count, Self.isName(bytes[index]) { index += 1 }
        guard index > start else { throw error("expected a name") }
        return start..<index
    }

    private func localName(_ name: Range<Int>) -> String {
        let colon = bytes[name].lastIndex(of: UInt8(ascii: ":"))
        return String(decoding: bytes[(colon.map { $0 + 1 } ?? name.lowerBound)..<name.upperBound], as: UTF8.self)
    }

    /// Reads over them: AWS's answers say nothing in attributes but namespaces and types.
    ///
    /// - Returns: whether the element ends at once.
    private mutating func attributes() throws(XMLError) -> Bool {
        while true {
            skipBlanks()
            if startsWith("/>") {
                index += 2
                return true
            }
            if startsWith(">") {
                index += 1
                return false
            }
            _ = try qualifiedName()
            skipBlanks()
            guard startsWith("=") else { throw error("expected `=`") }
            index += 1
            skipBlanks()
            guard index < bytes.count, bytes[index] == 0x22 || bytes[index] == 0x27,
                let end = bytes[(index + 1)...].firstIndex(of: bytes[index])
            else { throw error("an attribute has no value") }
            guard !bytes[index..<end].contains(UInt8(ascii: "<")) else { throw error("an attribute holds `<`") }
            index = end + 1
        }
    }

    private mutating func characters() throws(XMLError) -> String {
        var text: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "<") {
            if bytes[index] == UInt8(ascii: "&") {
                text += try reference()
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `&amp;` and its four like, `&#10;`, `&#xA;`.
    private mutating func reference() throws(XMLError) -> [UInt8] {
        guard let end = bytes[index...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
            throw error("a reference has no end")
        }
        let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
        let found: String
        switch name {
        case "amp": found = "&"
        case "lt": found = "<"
        case "gt": found = ">"
        case "quot": found = "\""
        case "apos": found = "'"
        default:
            let number =
                name.hasPrefix("#x")
                ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
            guard let scalar = number.flatMap({ Unicode.Scalar($0) }), scalar.value != 0 else {
                throw error("it refers to an entity, which is not read")
            }
            found = String(Character(scalar))
        }
        index = end + 1
        return Array(found.utf8)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func isName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte >= 0x80
            || ".-_:".utf8.contains(byte)
    }
}
