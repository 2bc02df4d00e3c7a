/// The name of a change: `chg-20261122-7f3k9q2m4x`, a UTC date and 50 random bits in Crockford's base32.
public struct ChangeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Reads the one spelling; nil for anything else, so an identifier can never be an option or a path.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 23, bytes.starts(with: "chg-".utf8), bytes[12] == UInt8(ascii: "-") else { return nil }
        guard bytes[13...].allSatisfy(CrockfordBase32.isSymbol),
            bytes[4..<12].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        let digits = bytes[4..<12].map { Int($0 - UInt8(ascii: "0")) }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        guard CalendarDate(year: number(0..<4), month: number(4..<6), day: number(6..<8)).isValid else { return nil }
        self.text = String(text)
    }

    /// Makes an identifier from the day of `now` and 7 random bytes, of which the first 50 bits are used.
    public init(now: Timestamp, random: [UInt8]) {
        let date = now.date.description.filter { $0 != "-" }
        text = "chg-\(date)-\(CrockfordBase32.text(random, count: 10))"
    }

    /// `changes/2026/11/22/4x/chg-20261122-7f3k9q2m4x`: a function of the identifier, sharded so that no tree grows large.
    public var folder: String {
        let date = text.dropFirst(4).prefix(8)
        return "changes/\(date.prefix(4))/\(date.dropFirst(4).prefix(2))/\(date.suffix(2))/\(text.suffix(2))/\(text)"
    }

    public var branch: String { "change/\(text)" }
    public var description: String { text }
    public static func < (left: ChangeID, right: ChangeID) -> Bool { left.text < right.text }
}
