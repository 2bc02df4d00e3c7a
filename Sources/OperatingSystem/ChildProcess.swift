#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A moment on the clock that nobody sets.
struct Deadline {
    /// nil: never.
    private let nanoseconds: UInt64?

    init(seconds: Int?) {
        nanoseconds = seconds.map { Host.bootTimeNanoseconds() + UInt64(max(0, $0)) * 1_000_000_000 }
    }

    var isOver: Bool { nanoseconds.map { Host.bootTimeNanoseconds() >= $0 } ?? false }

    /// What is left, rounded up; -1 for ever, as poll(2) has it.
    var milliseconds: Int32 {
        guard let nanoseconds else { return -1 }
        let now = Host.bootTimeNanoseconds()
        return nanoseconds > now ? Int32(clamping: (nanoseconds - now) / 1_000_000 + 1) : 0
    }
}

/// A program that was started and is not yet waited for.
struct ChildProcess {
    let identifier: pid_t
    /// Whether it leads a process group of its own, with what it starts.
    let hasOwnGroup: Bool

    /// Seconds between asking a program to end and killing it.
    static let grace = 2

    func signal(_ number: Int32) { kill(hasOwnGroup ? -identifier : identifier, number) }

    /// Waits for its end, and brings it about when the time is over.
    ///
    /// - Parameter wasAsked: whether it was asked already, and has had its time.
    /// - Returns: the exit status, or 128 + the signal that ended it; and whether the time limit ended it.
    func wait(until deadline: Deadline, wasAsked: Bool) -> (status: Int32, timedOut: Bool) {
        var end = wasAsked ? Deadline(seconds: 0) : deadline
        var (isAsked, pause): (Bool, UInt32) = (wasAsked, 500)
        while !hasEnded(waiting: end.milliseconds < 0) {
            if end.isOver {
                signal(isAsked ? SIGKILL : SIGTERM)
                (isAsked, end) = (true, Deadline(seconds: Self.grace))
            }
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        // Until it is waited for, nobody else can have its number: what is left of its group goes now.
        if isAsked, hasOwnGroup { signal(SIGKILL) }
        var raw: Int32 = 0
        while waitpid(identifier, &raw, 0) == -1 && errno == EINTR {}
        let number = raw & 0x7F
        return (number == 0 ? (raw >> 8) & 0xFF : 128 + number, isAsked)
    }

    private func hasEnded(waiting: Bool) -> Bool {
        var information = siginfo_t()
        let options = WEXITED | WNOWAIT | (waiting ? 0 : WNOHANG)
        let status = waitid(P_PID, id_t(identifier), &information, options)
        return status == 0 ? information.si_signo != 0 : errno != EINTR
    }
}

/// Feeds and drains one child's three pipes without ever blocking on one of them.
struct Exchange {
    let input: [UInt8]
    var sent = 0
    var inputDescriptor: Int32
    var outputDescriptor: Int32
    var errorDescriptor: Int32
    let limit: Int
    var output: [UInt8] = []
    var errors: [UInt8] = []

    init(input: [UInt8], inputDescriptor: Int32, outputDescriptor: Int32, errorDescriptor: Int32, limit: Int) {
        self.input = input
        self.inputDescriptor = inputDescriptor
        self.outputDescriptor = outputDescriptor
        self.errorDescriptor = errorDescriptor
        self.limit = limit
        _ = fcntl(inputDescriptor, F_SETFL, O_NONBLOCK)
        if input.isEmpty { closeInput() }
    }

    private mutating func closeInput() {
        close(inputDescriptor)
        inputDescriptor = -1
    }

    /// Returns whether the time limit was hit, and the program was asked to end.
    mutating func run(until deadline: Deadline, asking process: ChildProcess) -> Bool {
        var grace: Deadline?
        while outputDescriptor >= 0 || errorDescriptor >= 0 {
            if deadline.isOver, grace == nil {
                process.signal(SIGTERM)
                grace = Deadline(seconds: ChildProcess.grace)
            }
            // What outlives the program may hold the pipes open: it is not waited for longer.
            if grace?.isOver == true { break }
            var descriptors = [
                pollfd(fd: outputDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errorDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inputDescriptor, events: Int16(POLLOUT), revents: 0),
            ]
            // Interrupted by a signal it returns -1, and nothing has happened on any of them.
            _ = poll(&descriptors, nfds_t(descriptors.count), (grace ?? deadline).milliseconds)
            if descriptors[0].revents != 0 { Self.drain(&outputDescriptor, into: &output, limit: limit) }
            if descriptors[1].revents != 0 { Self.drain(&errorDescriptor, into: &errors, limit: limit) }
            if inputDescriptor >= 0, descriptors[2].revents != 0 { feed() }
        }
        if outputDescriptor >= 0 { close(outputDescriptor) }
        if errorDescriptor >= 0 { close(errorDescriptor) }
        if inputDescriptor >= 0 { closeInput() }
        return grace != nil
    }

    private mutating func feed() {
        let count = input.withUnsafeBytes { write(inputDescriptor, $0.baseAddress! + sent, $0.count - sent) }
        if count > 0 { sent += count }
        let failed = count < 0 && errno != EAGAIN && errno != EINTR
        if failed || sent == input.count { closeInput() }
    }

    private static func drain(_ descriptor: inout Int32, into content: inout [UInt8], limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            content.append(contentsOf: buffer[..<min(count, max(0, limit - content.count))])
        } else if count == 0 || errno != EINTR {
            close(descriptor)
            descriptor = -1
        }
    }
}
