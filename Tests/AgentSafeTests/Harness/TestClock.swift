import ChangeModel
import Synchronization

/// A clock that stands still until a test moves it. Sleeping moves it.
final class TestClock: Sendable {
    static let start: Int64 = 1_795_392_000
    private let seconds = Mutex<Int64>(TestClock.start)

    var now: Int64 { seconds.withLock { $0 } }
    var timestamp: Timestamp { Timestamp(seconds: now) }

    func advance(_ amount: Int64) { seconds.withLock { $0 += amount } }
}
