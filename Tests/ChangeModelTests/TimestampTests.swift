import ChangeModel
import TestSupport
import Testing

@Suite("Instants and days")
struct TimestampTests {
    /// 9999-12-31T23:59:59Z
    static let last: Int64 = 253_402_300_799

    @Test("an instant has one spelling, and Python's datetime gives the same, with the same weekday")
    func seededInstants() throws {
        var generator = SeededGenerator(stream: 3339)
        var instants: [Int64] = [0, 1, 86_399, 86_400, 951_782_400, 4_107_542_399, 4_107_542_400, Self.last]
        for _ in 0..<5000 { instants.append(Int64(generator.next() % UInt64(Self.last + 1))) }
        let script = """
            import sys
            from datetime import datetime, timedelta
            for line in sys.stdin:
                if not line.strip(): continue
                t = datetime(1970, 1, 1) + timedelta(seconds=int(line))
                print(t.strftime('%Y').zfill(4) + t.strftime('-%m-%dT%H:%M:%SZ'), t.weekday(), t.hour)
            """
        let theirs = try Python.run(script, instants.map { String($0) })
        try #require(theirs.count == instants.count)
        for (seconds, line) in zip(instants, theirs) {
            let instant = Timestamp(seconds: seconds)
            #expect("\(instant) \(instant.weekday) \(instant.hour)" == line)
            #expect(Timestamp(instant.description) == instant)
            #expect(instant.compact == instant.description.filter { !"-:T".contains($0) })
        }
    }

    @Test("a day exists when Python's date says so, and has the same number")
    func seededDates() throws {
        var generator = SeededGenerator(stream: 1582)
        var dates = [(1900, 2, 29), (2000, 2, 29), (2026, 2, 29), (2028, 2, 29), (1, 1, 1), (9999, 12, 31)]
        for _ in 0..<5000 { dates.append((1 + generator.below(9999), generator.below(14), generator.below(33))) }
        let script = """
            import sys
            from datetime import date
            for line in sys.stdin:
                if not line.strip(): continue
                try: print(date(*map(int, line.split())).toordinal() - 719163)
                except ValueError: print('none')
            """
        let theirs = try Python.run(script, dates.map { "\($0.0) \($0.1) \($0.2)" })
        try #require(theirs.count == dates.count)
        for ((year, month, day), line) in zip(dates, theirs) {
            let date = CalendarDate(year: year, month: month, day: day)
            #expect((date.isValid ? String(date.daysSinceEpoch) : "none") == line, "\(date)")
            if date.isValid { #expect(CalendarDate(daysSinceEpoch: date.daysSinceEpoch) == date) }
        }
    }

    static let refused = [
        "", "2026-11-22", "2026-11-22T23:11:00", "2026-11-22T23:11:00z", "2026-11-22t23:11:00Z",
        "2026-11-22 23:11:00Z", "2026-11-22T23:11:00+00:00", "2026-11-22T23:11:00.0Z", "2026-11-22T23:11Z",
        "2026-11-22T24:00:00Z", "2026-11-22T23:60:00Z", "2026-06-30T23:59:60Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z", "-026-11-22T23:11:00Z", "+026-11-22T23:11:00Z", " 2026-11-22T23:11:0Z",
        "2026-11-22T23:11:00Z\n", "２026-11-22T23:11:0Z", "10000-01-01T00:00:0Z",
    ]

    @Test("any other spelling is refused", arguments: refused)
    func refuses(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("instants before 1970 keep their day and weekday, and differences are exact")
    func arithmetic() {
        #expect(Timestamp(seconds: -1).description == "1969-12-31T23:59:59Z")
        #expect(Timestamp(seconds: -1).weekday == 2)
        let instant = Timestamp(seconds: 1_795_392_000)
        #expect(instant + .seconds(3600) - .seconds(3600) == instant)
        #expect((instant + .seconds(90)) - instant == .seconds(90))
        #expect(instant < instant + .seconds(1))
    }
}
