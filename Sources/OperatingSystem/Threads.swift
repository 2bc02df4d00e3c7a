#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Work on several cores. Plain threads: Swift's own concurrency would load its runtime at every start of the program.
public enum Threads {
    /// How many cores are running; at least 1.
    public static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Stacks as large as the main thread's: the depth of input is bounded with that in mind.
    private static let stackSize = 8 << 20

    /// Calls `body` with the numbers from 0 to `count - 1`, each in a thread of its own, and returns when all have returned.
    ///
    /// A thread that cannot be started is no error: its call is made by the caller's own thread.
    public static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        var threads: [pthread_t] = []
        var left: [Int] = [0]
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        for index in 1..<max(1, count) {
            let call = Unmanaged.passRetained(Call(index: index, body: body))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, &attributes,
                { argument in
                    guard let argument else { return nil }
                    let call = Unmanaged<Call>.fromOpaque(argument).takeRetainedValue()
                    call.body(call.index)
                    return nil
                }, call.toOpaque())
            if status == 0 {
                threads.append(thread)
            } else {
                call.release()
                left.append(index)
            }
        }
        if count > 0 { for index in left { body(index) } }
        for thread in threads { pthread_join(thread, nil) }
    }

    private final class Call: Sendable {
        let index: Int
        let body: @Sendable (Int) -> Void

        init(index: Int, body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }
}

/// A value that threads take turns with.
public final class Locked<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    public init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }
}
