import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Interrupts the thread that calls it, again and again, by a signal whose handler lets no system call go on by itself.
enum SignalStorm {
    private final class Target: Sendable {
        let thread: UInt
        let isOver = Atomic<Bool>(false)

        init(thread: UInt) { self.thread = thread }
    }

    private static let handler: Void = {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        // No SA_RESTART: what is interrupted fails with EINTR.
        action.sa_flags = 0
        sigaction(SIGALRM, &action, nil)
    }()

    static func around<Value>(_ body: () throws -> Value) rethrows -> Value {
        _ = handler
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGALRM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let target = Target(thread: UInt(bitPattern: Int(pthread_self())))
        var storm = pthread_t()
        pthread_create(
            &storm, nil,
            { pointer in
                let target = Unmanaged<Target>.fromOpaque(pointer!).takeRetainedValue()
                while !target.isOver.load(ordering: .acquiring) {
                    pthread_kill(pthread_t(target.thread), SIGALRM)
                    usleep(500)
                }
                return nil
            }, Unmanaged.passRetained(target).toOpaque())
        defer {
            target.isOver.store(true, ordering: .releasing)
            pthread_join(storm, nil)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
        }
        return try body()
    }
}
