/// A time zone of the IANA database, by the table that this program carries: what a clock there shows at any instant since
/// 2020. Instants before are read by the rules of 2020.
public struct Zone: Hashable, Sendable {
    /// `Europe/Berlin`
    public let name: String
    private let rule: ZoneRule
    /// Changes of the offset that the rule does not tell, oldest first; the rule holds from the last one on.
    private let changes: [Change]
    /// Before the first of `changes`.
    private let first: Int64

    private struct Change: Hashable {
        let at: Int64
        let offset: Int64
    }

    /// The version of tzdata that the table was made from.
    public static var tableVersion: String { "\(ZoneTable.version)" }

    /// - Returns: nil when tzdata has no zone and no link of this name. Case counts.
    public init?(_ name: String) {
        guard let line = ZoneTable.line(of: name) else { return nil }
        let fields = line.split(separator: UInt8(ascii: ";"))
        guard let rule = fields.first.flatMap({ ZoneRule($0) }) else { return nil }
        var changes: [Change] = []
        var first: Int64 = 0
        if fields.count > 1 {
            let numbers = fields[1].split(separator: UInt8(ascii: ",")).map {
                $0.split(separator: UInt8(ascii: ":")).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
            }
            first = numbers.first?.first ?? 0
            for pair in numbers.dropFirst() where pair.count == 2 {
                changes.append(Change(at: (changes.last?.at ?? 0) + pair[0], offset: pair[1]))
            }
        }
        self.name = name
        self.rule = rule
        self.changes = changes
        self.first = first
    }

    /// Every name that the table knows, sorted.
    public static var names: [String] { ZoneTable.names.sorted() }

    /// Seconds east of UTC.
    public func offset(at instant: Timestamp) -> Int64 {
        guard let last = changes.last, instant.seconds < last.at else { return rule.offset(at: instant.seconds) }
        // The first change after the instant, by halves.
        var (low, high) = (0, changes.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at > instant.seconds { high = middle } else { low = middle + 1 }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    /// What a clock shows at an instant.
    public func wallTime(at instant: Timestamp) -> WallTime {
        WallTime(seconds: instant.seconds &+ offset(at: instant))
    }

    /// The first and the last instant at which a clock shows `wall`. They differ for a time that comes twice, when clocks are
    /// set back; for one that never comes, when clocks are set forward, both are the instant at which they are.
    public func instants(showing wall: WallTime) -> (first: Timestamp, last: Timestamp) {
        // Clocks are set at most once in two days.
        let before = offset(at: Timestamp(seconds: wall.seconds - 86_400))
        let after = offset(at: Timestamp(seconds: wall.seconds + 86_400))
        let candidates = [before, after].map { Timestamp(seconds: wall.seconds - $0) }
        let shown = candidates.filter { wallTime(at: $0) == wall }.sorted()
        if let first = shown.first, let last = shown.last { return (first, last) }
        // Skipped: look for the instant of the change, by halves.
        var (low, high) = (wall.seconds - 86_400, wall.seconds + 86_400)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: Timestamp(seconds: middle)) == before { low = middle } else { high = middle }
        }
        return (Timestamp(seconds: high), Timestamp(seconds: high))
    }
}

extension ZoneTable {
    /// What stands before the `|` in the line of a zone.
    fileprivate static func line(of name: String) -> [UInt8]? {
        places[Array(name.utf8)].map { Array(bytes[$0]) }
    }

    fileprivate static var names: [String] { places.keys.map { String(decoding: $0, as: UTF8.self) } }

    private static var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// For each name, compared by its bytes, where its rule stands. Made when the first zone is asked for.
    private static let places: [[UInt8]: Range<Int>] = {
        var places: [[UInt8]: Range<Int>] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let bar = line.firstIndex(of: UInt8(ascii: "|")) else { continue }
            for name in line[(bar + 1)...].split(separator: UInt8(ascii: " ")) {
                places[Array(name)] = line.startIndex..<bar
            }
        }
        return places
    }()
}
