/// The final block of a commit message, as `git interpret-trailers` sees it: the last paragraph, `Key: value` in each line.
///
/// Only what stands there counts. Text from outside never starts a line elsewhere, and where one of our keys does so
/// outside of the final block, the message is refused.
struct Trailers {
    private(set) var entries: [(key: String, value: String)] = []

    static let prefix: StaticString = "Agentsafe-"

    init(message: String, known: Set<String>) throws(LedgerError) {
        try self.init(message: Array(message.utf8)[...], known: known)
    }

    /// - Throws: for a repeated or unknown `Agentsafe-` key, and for one that stands outside of the final block.
    init(message: ArraySlice<UInt8>, known: Set<String>) throws(LedgerError) {
        // By bytes: to Swift a CR and an LF are one character, to git they are not.
        var end = message.endIndex
        while end > message.startIndex, message[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        var start = message.startIndex
        // Without an empty line there is no block: what stands there is the subject.
        var (hasBlock, hasStray) = (false, false)
        var ours: [ArraySlice<UInt8>] = []
        while start < end {
            let stop = message[start..<end].firstIndex(of: UInt8(ascii: "\n")) ?? end
            if stop == start {
                hasStray = hasStray || !ours.isEmpty
                hasBlock = true
                ours = []
            } else if Self.startsLikeOurs(message[start..<stop]) {
                ours.append(message[start..<stop])
            }
            start = stop + 1
        }
        if hasBlock {
            for line in ours { try enter(line, known) }
        } else {
            hasStray = !ours.isEmpty
        }
        if hasStray { throw .notAuthentic("an `Agentsafe-` line stands outside of the final trailer block") }
    }

    private mutating func enter(_ line: ArraySlice<UInt8>, _ known: Set<String>) throws(LedgerError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon + 1 < line.endIndex,
            line[colon + 1] == UInt8(ascii: " ")
        else {
            throw .notAuthentic("the trailer `\(String(decoding: line, as: UTF8.self).prefix(60))` has no value")
        }
        let key = String(decoding: line[..<colon], as: UTF8.self)
        guard known.contains(key) else { throw .notAuthentic("the trailer `\(key.prefix(60))` is not known") }
        guard !entries.contains(where: { $0.key == key }) else {
            throw .notAuthentic("the trailer `\(key)` stands there twice")
        }
        entries.append((key, String(decoding: line[(colon + 2)...], as: UTF8.self)))
    }

    /// In any case of letters: whoever reads it takes it for ours.
    private static func startsLikeOurs(_ line: ArraySlice<UInt8>) -> Bool {
        let wanted = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        guard line.count >= wanted.count else { return false }
        return zip(line, wanted).allSatisfy { lowerCased($0) == lowerCased($1) }
    }

    private static func lowerCased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    subscript(key: String) -> String? { entries.first { $0.key == key }?.value }
}
