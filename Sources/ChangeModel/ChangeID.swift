/// The name of a change: `chg-20261122-7f3k9q2m4x`, a UTC date and 50 random bits in Crockford's base32.
public struct ChangeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Reads the one spelling; nil for anything else, so an identifier can never be an option or a path.
    public init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8({ ChangeID(utf8: $0) }) else { return nil }
        self = id
    }

    public init?(_ text: Substring) {
        var text = text
        guard let id = text.withUTF8({ ChangeID(utf8: $0) }) else { return nil }
        self = id
    }

    private init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 23, bytes.starts(with: "chg-".utf8), bytes[12] == UInt8(ascii: "-") else { return nil }
        guard bytes[13...].allSatisfy(CrockfordBase32.isSymbol),
            bytes[4..<12].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
        guard CalendarDate(year: number(4..<8), month: number(8..<10), day: number(10..<12)).isValid else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Makes an identifier from the day of `now` and 7 random bytes, of which the first 50 bits are used.
    public init(now: Timestamp, random: [UInt8]) {
        let date = now.date.description.filter { $0 != "-" }
        text = "chg-\(date)-\(CrockfordBase32.text(random, count: 10))"
    }

    /// `changes/2026/11/22/4x/chg-20261122-7f3k9q2m4x`: a function of the identifier, sharded so that no tree grows large.
    public var folder: String {
        var path = Array("changes/".utf8)
        path.reserveCapacity(45)
        let name = Array(text.utf8)
        for range in [4..<8, 8..<10, 10..<12, 21..<23] {
            path.append(contentsOf: name[range])
            path.append(UInt8(ascii: "/"))
        }
        path.append(contentsOf: name)
        return String(decoding: path, as: UTF8.self)
    }

    public var branch: String { "change/\(text)" }
    public var description: String { text }
    public static func < (left: ChangeID, right: ChangeID) -> Bool { left.text < right.text }
}
