import Dispatch
import Synchronization

/// A piece of work on a thread of its own, which may stand still for as long as it likes.
final class BackgroundWork<Value: Sendable>: Sendable {
    private let result = Mutex<Value?>(nil)
    private let group = DispatchGroup()

    init(_ name: String, _ body: @escaping @Sendable () -> Value) {
        group.enter()
        DispatchQueue(label: name).async {
            let value = body()
            self.result.withLock { $0 = value }
            self.group.leave()
        }
    }

    /// nil while it is at work.
    var value: Value? { result.withLock { $0 } }

    /// Waits for the end, at most so long; nil when that was not enough.
    func wait(milliseconds: Int) -> Value? {
        _ = group.wait(timeout: .now() + .milliseconds(milliseconds))
        return value
    }
}
