internal import ChangeModel
internal import OperatingSystem

/// The time of one command, by two clocks: the wall clock, which somebody may set at any moment, and the wall clock as it was
/// when the command began plus what has passed since on the clock that nobody sets. A leap of the wall clock parts them.
struct LedgerClock: Sendable {
    private let host: Host
    private let start: Timestamp
    private let bootStart: UInt64

    init(host: Host) {
        self.host = host
        start = Timestamp(seconds: host.now())
        bootStart = host.bootTime()
    }

    private var wall: Timestamp { Timestamp(seconds: host.now()) }
    private var steady: Timestamp {
        start + .seconds(Int64((host.bootTime() &- bootStart) / 1_000_000_000))
    }

    /// Whole seconds of two clocks, and a clock that is slewed, are apart by so much without any leap.
    private static let tolerance = Duration.seconds(2)

    /// For dating what is recorded: after a leap forward nothing is dated where every other reader finds the future.
    var earliest: Timestamp {
        let (wall, steady) = (wall, steady)
        return wall > steady + Self.tolerance ? steady : wall
    }

    /// For judging what others recorded: after a leap back nothing that was accepted lies in the future.
    var latest: Timestamp { max(wall, steady) }
}
