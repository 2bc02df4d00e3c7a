#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What a command may know of the machine it runs on. Everything that would make two runs differ comes through here, so
/// that tests choose it.
public struct Host: Sendable {
    public var environment: [String: String]
    public var currentDirectory: String
    /// Whole seconds since 1970-01-01T00:00:00Z.
    public var now: @Sendable () -> Int64
    /// Cryptographically random bytes.
    public var random: @Sendable (_ count: Int) -> [UInt8]
    /// Waits for that many milliseconds.
    public var sleep: @Sendable (_ milliseconds: Int) -> Void
    /// Nanoseconds of a clock that nobody sets, and that goes on while the machine is suspended.
    public var bootTime: @Sendable () -> UInt64

    public init(
        environment: [String: String], currentDirectory: String, now: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) -> [UInt8], sleep: @escaping @Sendable (Int) -> Void,
        bootTime: @escaping @Sendable () -> UInt64 = Host.bootTimeNanoseconds
    ) {
        self.environment = environment
        self.currentDirectory = currentDirectory
        self.now = now
        self.random = random
        self.sleep = sleep
        self.bootTime = bootTime
    }

    public var home: String? { environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } }

    /// Resolves `path` against the current directory and expands a leading `~/`.
    public func absolute(_ path: String) -> String {
        if path.hasPrefix("~/"), let home { return home + path.dropFirst(1) }
        return path.hasPrefix("/") ? path : currentDirectory + "/" + path
    }

    /// The real machine.
    public static func real() -> Host {
        var environment: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let separator = text.firstIndex(of: "=") {
                environment[String(text[..<separator])] = String(text[text.index(after: separator)...])
            }
            entry += 1
        }
        var directory = "/"
        if let working = getcwd(nil, 0) {
            directory = String(cString: working)
            free(working)
        }
        return Host(
            environment: environment, currentDirectory: directory,
            now: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Int64(time.tv_sec) + FaultPoint.clockShift
            },
            random: { count in
                var generator = SystemRandomNumberGenerator()
                return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            },
            sleep: { milliseconds in
                var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
                var rest = timespec()
                while nanosleep(&time, &rest) == -1 && errno == EINTR { time = rest }
            })
    }

    /// Nanoseconds of CPU time that the calling thread has used, for timings of work that never waits.
    public static func threadTimeNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Nanoseconds of a clock that goes on while the machine is suspended, for leases and timings.
    public static func bootTimeNanoseconds() -> UInt64 {
        var time = timespec()
        #if canImport(Glibc)
            clock_gettime(CLOCK_BOOTTIME, &time)
        #else
            clock_gettime(CLOCK_MONOTONIC, &time)
        #endif
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Ends the process.
public enum ProcessExit {
    public static func exit(_ status: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(status)
        #else
            Darwin.exit(status)
        #endif
    }
}
