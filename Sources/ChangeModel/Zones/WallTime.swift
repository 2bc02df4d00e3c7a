/// What a clock on the wall shows: a day and a time, with no word about where the wall is. Written `2026-12-23T18:00`.
public struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00, as if the wall stood in UTC.
    public let seconds: Int64

    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads `YYYY-MM-DDThh:mm` with a year from 1970 to 9999, and nothing else.
    public init?(_ text: String) {
        guard text.utf8.count == 16, let instant = Timestamp(text + ":00Z") else { return nil }
        seconds = instant.seconds
    }

    public var description: String { String(Timestamp(seconds: seconds).description.dropLast(4)) }

    public static func < (left: WallTime, right: WallTime) -> Bool { left.seconds < right.seconds }
}
