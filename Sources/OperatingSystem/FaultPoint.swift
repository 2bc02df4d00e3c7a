#if DEBUG
    #if canImport(Glibc)
        internal import Glibc
    #elseif canImport(Darwin)
        internal import Darwin
    #endif
    internal import Synchronization
#endif

/// A named place where the machine can fail this process: before and after each write, sync, rename, lock, object, reference,
/// fetch, push and request. Tests kill the process there, or let the call that follows fail. A release build has none of
/// this: what is below `#if DEBUG` is not compiled, and the variables that control it are not read.
///
///     AGENTSAFE_FAULT_LOG=FILE      appends each point that is reached: its name, which time it is, and on what
///     AGENTSAFE_FAULT=NAME:N:WHAT   at the Nth time NAME is reached; `N+`: from then on. `disk` is every NAME that can
///                                   fail with an error. WHAT: `kill` (SIGKILL), `stop` (SIGSTOP), `delay:MILLISECONDS`,
///                                   `error:ENOSPC` (EROFS, EIO, EDQUOT), `clock:SECONDS` (moves the wall clock)
///     AGENTSAFE_FAULT_CLOCK=SECONDS what the wall clock is ahead of the machine's, or behind it; or a file that says so
public enum FaultPoint {
    /// Comes to the point `name`.
    ///
    /// - Parameter mayFail: whether the caller fails with what this returns.
    /// - Returns: the error number with which the system call that follows fails in place of being made; nil to go on.
    @discardableResult @inlinable
    public static func reach(
        _ name: StaticString, _ subject: @autoclosure () -> String = "", mayFail: Bool = false
    ) -> Int32? {
        #if DEBUG
            return FaultPlan.current?.reach("\(name)", subject(), mayFail: mayFail)
        #else
            return nil
        #endif
    }

    /// Fails in place of the system call that follows, where a test wants that.
    static func reach(
        _ name: StaticString, before call: @autoclosure () -> String, _ subject: @autoclosure () -> String
    ) throws(SystemError) {
        #if DEBUG
            if let code = reach(name, subject(), mayFail: true) {
                throw SystemError(call: call(), subject: subject(), code: code)
            }
        #endif
    }

    /// How far the wall clock is moved.
    static var clockShift: Int64 {
        #if DEBUG
            return FaultPlan.current?.clockShift ?? 0
        #else
            return 0
        #endif
    }
}

#if DEBUG
    /// What the environment asks for; read once.
    @usableFromInline
    final class FaultPlan: Sendable {
        private enum Deed {
            case kill, stop
            case delay(UInt32)
            case error(Int32)
            case clock(Int64)
        }

        private struct Order {
            let name: String
            let ordinal: Int
            let isLasting: Bool
            let deed: Deed
        }

        private struct Progress {
            var counts: [String: Int] = [:]
            var clockShift: Int64
        }

        private let order: Order?
        private let log: Int32?
        private let clockFile: String?
        private let progress: Mutex<Progress>

        /// nil without any of the variables, so that each point costs one comparison.
        @usableFromInline
        static let current: FaultPlan? = {
            let names = ["AGENTSAFE_FAULT", "AGENTSAFE_FAULT_LOG", "AGENTSAFE_FAULT_CLOCK"]
            let words: [String?] = names.map { (name: String) in getenv(name).map { String(cString: $0) } }
            return words.allSatisfy { $0 == nil } ? nil : FaultPlan(order: words[0], log: words[1], clock: words[2])
        }()

        private init(order: String?, log: String?, clock: String?) {
            self.order = order.flatMap(Self.order)
            // A mistyped order would let a test pass that tests nothing.
            precondition(order == nil || self.order != nil, "AGENTSAFE_FAULT cannot be read")
            self.log = log.map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(0o600)) }
            clockFile = clock?.hasPrefix("/") == true ? clock : nil
            progress = Mutex(Progress(clockShift: clock.flatMap { Int64($0) } ?? 0))
        }

        private static func order(_ text: String) -> Order? {
            let words = text.split(separator: ":").map(String.init)
            guard words.count >= 3, let ordinal = Int(words[1].filter { $0 != "+" }) else { return nil }
            let errors = ["ENOSPC": ENOSPC, "EROFS": EROFS, "EIO": EIO, "EDQUOT": EDQUOT]
            let detail = words.count > 3 ? words[3] : ""
            let deed: Deed? =
                switch words[2] {
                case "kill": .kill
                case "stop": .stop
                case "delay": UInt32(detail).map { .delay($0) }
                case "error": errors[detail].map { .error($0) }
                case "clock": Int64(detail).map { .clock($0) }
                default: nil
                }
            return deed.map { Order(name: words[0], ordinal: ordinal, isLasting: words[1].hasSuffix("+"), deed: $0) }
        }

        @usableFromInline
        var clockShift: Int64 {
            let inFile = clockFile.flatMap { try? Files.read($0) }.flatMap {
                Int64(String(decoding: $0, as: UTF8.self))
            }
            return (inFile ?? 0) + progress.withLock { $0.clockShift }
        }

        @usableFromInline
        func reach(_ name: String, _ subject: String, mayFail: Bool) -> Int32? {
            let (own, disk) = progress.withLock { progress in
                progress.counts[name, default: 0] += 1
                if mayFail { progress.counts["disk", default: 0] += 1 }
                return (progress.counts[name] ?? 0, progress.counts["disk"] ?? 0)
            }
            if let log {
                let line = "\(name)\t\(own)\t\(mayFail ? String(disk) : "-")\t\(subject)\n"
                try? Files.write(descriptor: log, Array(line.utf8), name: "the log of fault points")
            }
            guard let order, order.name == name || order.name == "disk" && mayFail else { return nil }
            let count = order.name == "disk" ? disk : own
            guard count == order.ordinal || order.isLasting && count > order.ordinal else { return nil }
            return perform(order.deed, mayFail: mayFail)
        }

        private func perform(_ deed: Deed, mayFail: Bool) -> Int32? {
            switch deed {
            case .kill: kill(getpid(), SIGKILL)
            case .stop: kill(getpid(), SIGSTOP)
            case .delay(let milliseconds): usleep(milliseconds * 1000)
            case .clock(let seconds): progress.withLock { $0.clockShift += seconds }
            case .error(let code): return mayFail ? code : nil
            }
            return nil
        }
    }
#endif
