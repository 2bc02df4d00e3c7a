internal import YAML

/// A line of a file, cut to a window around one of its columns and escaped, and where the caret goes below it.
public struct Excerpt: Hashable, Sendable {
    /// At most about 120 columns of printable ASCII.
    public let text: String
    /// Columns before the caret.
    public let caret: Int

    static let width = 120

    /// nil when the file has no such line.
    init?(of bytes: [UInt8], at mark: YAMLMark) {
        guard let line = Self.line(mark.line, of: bytes) else { return nil }
        let pieces = Self.pieces(line)
        let target = min(max(0, mark.column - 1), pieces.count)
        // In a longer line the window starts so that about two thirds of it show what comes before the column.
        var start = pieces.reduce(0) { $0 + $1.utf8.count } <= Self.width ? 0 : target
        var width = 0
        while start > 0, width + pieces[start - 1].utf8.count <= Self.width * 2 / 3 {
            start -= 1
            width += pieces[start].utf8.count
        }
        var text = start > 0 ? "..." : ""
        text += pieces[start..<target].joined()
        caret = text.utf8.count
        var end = target
        while end < pieces.count, text.utf8.count + pieces[end].utf8.count <= Self.width {
            text += pieces[end]
            end += 1
        }
        self.text = end < pieces.count ? text + "..." : text
    }

    init(text: String, caret: Int) {
        self.text = text
        self.caret = caret
    }

    static func line(_ number: Int, of bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var start = 0
        for _ in 1..<max(1, number) {
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            start = end + 1
        }
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        return bytes[start..<end]
    }

    /// One piece for each column: a Unicode scalar, or a byte that belongs to none.
    private static func pieces(_ line: ArraySlice<UInt8>) -> [String] {
        var pieces: [String] = []
        var decoder = UTF8()
        var iterator = line.makeIterator()
        var index = line.startIndex
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                pieces.append(EscapedText.escape(scalar))
                index += String(Character(scalar)).utf8.count
            case .emptyInput: return pieces
            case .error:
                guard index < line.endIndex else { return pieces }
                pieces.append("\\x" + String(line[index], radix: 16))
                // The decoder may have read ahead: start anew after the bad byte.
                index += 1
                decoder = UTF8()
                iterator = line[index...].makeIterator()
            }
        }
    }
}
