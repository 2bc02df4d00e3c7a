/// Words as a POSIX shell splits them, with its quotes and nothing else of it: no variables, no globs.
enum ShellWords {
    struct Unfinished: Error {}

    /// - Throws: `Unfinished` where a quote or a backslash has no end.
    static func split(_ text: String) throws(Unfinished) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var hasWord = false
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D:
                if hasWord { words.append(String(decoding: word, as: UTF8.self)) }
                (word, hasWord) = ([], false)
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { throw Unfinished() }
                word.append(next)
                hasWord = true
            case UInt8(ascii: "'"):
                guard let end = rest.firstIndex(of: byte) else { throw Unfinished() }
                word += rest[..<end]
                rest = rest[(end + 1)...]
                hasWord = true
            case UInt8(ascii: "\""):
                hasWord = true
                while true {
                    guard let inner = rest.popFirst() else { throw Unfinished() }
                    if inner == byte { break }
                    guard inner == UInt8(ascii: "\\") else {
                        word.append(inner)
                        continue
                    }
                    guard let escaped = rest.popFirst() else { throw Unfinished() }
                    if escaped != UInt8(ascii: "\""), escaped != UInt8(ascii: "\\") { word.append(inner) }
                    word.append(escaped)
                }
            default:
                word.append(byte)
                hasWord = true
            }
        }
        if hasWord { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
