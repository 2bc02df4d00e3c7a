/// How a zone's clocks are set year after year: the POSIX TZ string of RFC 9636, section 3.3.1, in the forms that tzdata uses
/// (`CET-1CEST,M3.5.0,M10.5.0/3`).
struct ZoneRule: Hashable, Sendable {
    /// Seconds east of UTC.
    private let standard: Int64
    private let summer: Summer?

    private struct Summer: Hashable {
        let offset: Int64
        let start: YearlyChange
        let end: YearlyChange
    }

    /// `M3.5.0/2`: the fifth (or last) Sunday of March, at 2:00 on the wall.
    private struct YearlyChange: Hashable {
        let month: Int
        let week: Int
        /// 0 is Sunday.
        let weekday: Int
        /// May lie beyond the day, in either direction.
        let seconds: Int64

        /// As the wall before the change shows it.
        func wallTime(in year: Int) -> Int64 {
            let first = CalendarDate(year: year, month: month, day: 1).daysSinceEpoch
            // 1970-01-01 was a Thursday.
            let firstWeekday = ((first + 4) % 7 + 7) % 7
            var day = first + (weekday - firstWeekday + 7) % 7 + 7 * (week - 1)
            while CalendarDate(daysSinceEpoch: day).month != month { day -= 7 }
            return Int64(day) * 86_400 + seconds
        }
    }

    init?(_ text: some Collection<UInt8>) {
        var scanner = Scanner(rest: Array(text)[...])
        guard scanner.name(), let west = scanner.time() else { return nil }
        standard = -west
        guard !scanner.rest.isEmpty else {
            summer = nil
            return
        }
        guard scanner.name() else { return nil }
        let offset = scanner.time().map { -$0 } ?? -west + 3600
        guard let start = scanner.yearlyChange(), let end = scanner.yearlyChange(), scanner.rest.isEmpty else {
            return nil
        }
        summer = Summer(offset: offset, start: start, end: end)
    }

    func offset(at instant: Int64) -> Int64 {
        guard let summer else { return standard }
        let year = Timestamp(seconds: instant &+ standard).date.year
        let start = summer.start.wallTime(in: year) - standard
        let end = summer.end.wallTime(in: year) - summer.offset
        // In the south, and where the "summer" time is that of winter, it runs over the turn of the year.
        let isSummer = start < end ? start <= instant && instant < end : !(end <= instant && instant < start)
        return isSummer ? summer.offset : standard
    }

    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func take(_ symbol: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: symbol) else { return false }
            rest.removeFirst()
            return true
        }

        /// Letters, or anything between `<` and `>`.
        mutating func name() -> Bool {
            if take("<") {
                rest = rest.drop { $0 != UInt8(ascii: ">") }
                return take(">")
            }
            let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number() -> Int64? {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.prefix(3)
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }

        /// `[+-]h[hh][:mm[:ss]]`, in seconds.
        mutating func time() -> Int64? {
            let saved = rest
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard var total = number().map({ $0 * 3600 }) else {
                rest = saved
                return nil
            }
            for unit: Int64 in [60, 1] {
                guard take(":") else { break }
                guard let part = number() else { return nil }
                total += part * unit
            }
            return isNegative ? -total : total
        }

        mutating func yearlyChange() -> YearlyChange? {
            guard take(","), take("M"), let month = number(), take("."), let week = number(), take("."),
                let weekday = number(), (1...12).contains(month), (1...5).contains(week), weekday <= 6
            else { return nil }
            var seconds: Int64 = 7200
            if take("/") {
                guard let time = time() else { return nil }
                seconds = time
            }
            return YearlyChange(month: Int(month), week: Int(week), weekday: Int(weekday), seconds: seconds)
        }
    }
}
