/// An instant in whole seconds since 1970-01-01T00:00:00Z, written by RFC 3339 in UTC: `2026-11-22T23:11:00Z`.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let seconds: Int64

    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads `YYYY-MM-DDThh:mm:ssZ` with a year from 1970 to 9999, and nothing else: one instant has one spelling.
    public init?(_ text: String) {
        var text = text
        guard let instant = text.withUTF8({ Timestamp(utf8: $0) }) else { return nil }
        self = instant
    }

    public init?(_ text: Substring) { self.init(String(text)) }

    private init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 20 else { return nil }
        for (byte, expected) in zip(bytes, "dddd-dd-ddTdd:dd:ddZ".utf8) {
            if expected == UInt8(ascii: "d") {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            } else if byte != expected {
                return nil
            }
        }
        func number(_ range: Range<Int>) -> Int {
            bytes[range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }
        let date = CalendarDate(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard date.year >= 1970, date.isValid, hour < 24, minute < 60, second < 60 else { return nil }
        seconds = Int64(date.daysSinceEpoch) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    public var date: CalendarDate {
        CalendarDate(daysSinceEpoch: Int((seconds - secondOfDay) / 86_400))
    }

    /// 0…86,399.
    public var secondOfDay: Int64 { ((seconds % 86_400) + 86_400) % 86_400 }
    public var hour: Int { Int(secondOfDay / 3600) }
    /// 0 is Monday, 6 is Sunday.
    public var weekday: Int {
        let days = Int((seconds - secondOfDay) / 86_400)
        return ((days + 3) % 7 + 7) % 7
    }

    public var description: String { text("dddd-dd-ddTdd:dd:ddZ") }

    /// `20261122231100Z`, the form of ssh-keygen's allowed signers file.
    public var compact: String { text("ddddddddddddddZ") }

    /// The pattern with year, month, day, hour, minute and second in the places of its `d`s.
    private func text(_ pattern: StaticString) -> String {
        let date = date
        let parts = [date.month, date.day, hour, Int(secondOfDay / 60) % 60, Int(secondOfDay) % 60]
        // No instant that was read lies beyond; a sum of two may.
        guard (0...9999).contains(date.year) else {
            let text = "\(date)T" + parts[2...].map { padded($0, 2) }.joined(separator: ":") + "Z"
            return pattern.utf8CodeUnitCount == 20 ? text : String(text.filter { !"-:T".contains($0) })
        }
        var digits = [1000, 100, 10, 1].map { UInt8(date.year / $0 % 10) }
        for part in parts { digits += [UInt8(part / 10), UInt8(part % 10)] }
        var next = 0
        return String(unsafeUninitializedCapacity: pattern.utf8CodeUnitCount) { text in
            for index in 0..<pattern.utf8CodeUnitCount {
                text[index] = pattern.utf8Start[index]
                guard text[index] == UInt8(ascii: "d") else { continue }
                text[index] = UInt8(ascii: "0") + digits[next]
                next += 1
            }
            return pattern.utf8CodeUnitCount
        }
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }
    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(seconds: left.seconds &+ right.components.seconds)
    }
    public static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(seconds: left.seconds &- right.components.seconds)
    }
    public static func - (left: Timestamp, right: Timestamp) -> Duration { .seconds(left.seconds &- right.seconds) }
}

/// A day of the proleptic Gregorian calendar.
public struct CalendarDate: Hashable, Sendable, CustomStringConvertible {
    public let year: Int
    public let month: Int
    public let day: Int

    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    // Days and civil dates by the method of era, year of era and shifted months (March first), as in Howard Hinnant's
    // "chrono-Compatible Low-Level Date Algorithms".
    public init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    public var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Whether the day exists.
    public var isValid: Bool { CalendarDate(daysSinceEpoch: daysSinceEpoch) == self && (1...12).contains(month) }

    public var description: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
}

func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
