internal import ChangeModel

/// The grammar of `~/.aws/config` and `~/.aws/credentials` (AWS SDKs and Tools Reference Guide, "Shared config and credentials
/// files"), read as botocore reads it: `[section]`, `key = value` or `key: value`, `#` and `;` at the start of a line, and
/// lines further in than their key that go on with its value. Keys are in lower case. A section or a key given twice is
/// refused, for two readers would pick two answers.
struct ProfileFile: Sendable {
    struct Value: Hashable, Sendable {
        /// Of several lines joined by line feeds; the first one is empty where the value is a block.
        var text: String
        let place: FilePlace
    }

    struct Section: Sendable {
        /// As it stands between the brackets.
        let name: String
        let place: FilePlace
        var values: [String: Value] = [:]
    }

    let sections: [Section]

    /// The largest file that is read, in bytes.
    static let maximumSize = 1 << 20
    static let maximumSections = 10_000

    static let empty = ProfileFile(sections: [])

    private init(sections: [Section]) { self.sections = sections }

    /// - Parameter file: the name for messages.
    init(parsing bytes: [UInt8], file: String) throws(AWSAccessError) {
        guard bytes.count <= Self.maximumSize else {
            throw AWSAccessError(
                .malformed, "the file has more than \(Self.maximumSize >> 20) MiB; is it the right one?",
                at: FilePlace(file: file))
        }
        var reader = Reader(file: file)
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            guard let text = String(validating: line, as: UTF8.self), !line.contains(0) else {
                throw AWSAccessError(
                    .malformed, "the line is not UTF-8 text; save the file as UTF-8",
                    at: FilePlace(file: file, line: number))
            }
            try reader.take(text, number: number)
        }
        sections = reader.finished
    }

    private struct Reader {
        let file: String
        private var sections: [Section] = []
        private var names: Set<String> = []
        private var key: String?
        private var indent = 0

        init(file: String) { self.file = file }

        var finished: [Section] {
            sections.map { section in
                var section = section
                for name in section.values.keys { section.values[name]?.text.trimEnd() }
                return section
            }
        }

        mutating func take(_ line: String, number: Int) throws(AWSAccessError) {
            let text = line.trimmed
            let column = line.utf8.count - line.utf8.drop(while: \.isBlank).count + 1
            let place = FilePlace(file: file, line: number, column: column)
            if text.utf8.first == UInt8(ascii: "#") || text.utf8.first == UInt8(ascii: ";") { return }
            if text.isEmpty {
                if let key { sections[sections.count - 1].values[key]?.text += "\n" }
                return
            }
            if let key, column > indent {
                sections[sections.count - 1].values[key]?.text += "\n" + text
                return
            }
            indent = column
            if text.utf8.first == UInt8(ascii: "["), let end = text.lastIndex(of: "]") {
                try open(String(text[text.index(after: text.startIndex)..<end]), place)
            } else {
                try enter(text, place)
            }
        }

        private mutating func open(_ name: String, _ place: FilePlace) throws(AWSAccessError) {
            guard !name.isEmpty, sections.count < ProfileFile.maximumSections else {
                throw AWSAccessError(
                    .malformed, "the section has no name, or there are too many", at: place)
            }
            guard names.insert(name).inserted else {
                throw AWSAccessError(
                    .malformed,
                    "section `[\(name.forMessage())]` stands here a second time; make one of the two", at: place)
            }
            sections.append(Section(name: name, place: place))
            key = nil
        }

        private mutating func enter(_ text: String, _ place: FilePlace) throws(AWSAccessError) {
            guard !sections.isEmpty else {
                throw AWSAccessError(.malformed, "a `[section]` must come before the first key", at: place)
            }
            // Never quoted: a secret may stand where a key should.
            guard let sign = text.firstIndex(where: { $0 == "=" || $0 == ":" }), sign > text.startIndex
            else {
                throw AWSAccessError(.malformed, "expected `key = value`", at: place)
            }
            let name = String(text[..<sign]).trimmed.lowercased()
            guard sections[sections.count - 1].values[name] == nil else {
                throw AWSAccessError(
                    .malformed, "`\(name.forMessage())` stands in this section a second time; remove one",
                    at: place)
            }
            key = name
            sections[sections.count - 1].values[name] = Value(
                text: String(text[text.index(after: sign)...]).trimmed, place: place)
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool {
        self == 0x20 || (0x09...0x0D).contains(self)
    }
}

extension String {
    /// Without the blanks at its ends.
    var trimmed: String {
        let start = utf8.firstIndex { !$0.isBlank } ?? utf8.endIndex
        let end = utf8.lastIndex { !$0.isBlank }.map { utf8.index(after: $0) } ?? start
        return String(Substring(utf8[start..<max(start, end)]))
    }

    fileprivate mutating func trimEnd() {
        while let last = utf8.last, last.isBlank {
            self = String(Substring(utf8.dropLast()))
        }
    }
}
