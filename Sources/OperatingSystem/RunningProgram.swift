#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A program that runs beside this one and never outlives it.
///
/// A shell stands between the two. It waits for the end of its input, which is a pipe whose other end this process holds: the
/// kernel closes it on every way out, so the program is ended even if this process is killed.
public final class RunningProgram {
    private let shell: ChildProcess
    private var lifeline: Int32
    private var output: Int32
    private var unread: [UInt8] = []
    private var kept = 0
    private var end: Int32?

    /// Bytes of what the program prints that are read as lines; the rest is dropped.
    private static let outputLimit = 1 << 20

    /// `$@` is the program with its arguments, as they are. What the shell holds of the program's output is closed, so that the
    /// output ends with the program.
    private static let script = """
        "$@" & child=$!
        exec >/dev/null 2>&1
        read -r _
        kill "$child"
        wait "$child"
        """

    /// Starts `arguments[0]`, with no input, and with standard output and standard error in one pipe.
    ///
    /// - Parameter environment: the whole environment of the program.
    /// - Throws: `SystemError` when there is no such program, or nothing can be started.
    public init(_ arguments: [String], environment: [String: String]) throws(SystemError) {
        guard let name = arguments.first, let path = Program.find(name, environment: environment) else {
            throw SystemError(call: "run", subject: arguments.first ?? "", code: ENOENT)
        }
        let input = try Program.makePipe(name)
        let output = try Program.makePipe(name)
        FaultPoint.reach("program.start", arguments.joined(separator: " "))
        // A group of its own: an interrupt at the terminal is this process's to handle.
        let (child, status) = Program.spawn(
            "/bin/sh", ["sh", "-c", Self.script, "sh", path] + arguments.dropFirst(), environment,
            wires: [(input.read, 0), (output.write, 1), (output.write, 2)], hasOwnGroup: true)
        close(input.read)
        close(output.write)
        guard status == 0 else {
            close(input.write)
            close(output.read)
            throw SystemError(call: "run", subject: name, code: status)
        }
        shell = ChildProcess(identifier: child, hasOwnGroup: true)
        lifeline = input.write
        self.output = output.read
        _ = fcntl(self.output, F_SETFL, O_NONBLOCK)
    }

    deinit { stop() }

    /// Whether the program still holds its output open.
    public var isRunning: Bool {
        read(milliseconds: 0)
        return output >= 0
    }

    /// The next line that the program prints.
    ///
    /// - Returns: nil when none came in time, or none will come any more.
    public func nextLine(within seconds: Int) -> String? {
        let deadline = Deadline(seconds: seconds)
        while true {
            if let index = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<index], as: UTF8.self)
                unread.removeSubrange(...index)
                return line
            }
            guard output >= 0 else {
                defer { unread = [] }
                return unread.isEmpty ? nil : String(decoding: unread, as: UTF8.self)
            }
            if deadline.isOver { return nil }
            read(milliseconds: min(deadline.milliseconds, 1000))
        }
    }

    /// Waits until the program ends by itself, and no longer than so many milliseconds.
    public func wait(milliseconds: Int) {
        let end = Host.bootTimeNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
        while output >= 0, case let now = Host.bootTimeNanoseconds(), now < end {
            read(milliseconds: Int32(clamping: (end - now) / 1_000_000 + 1))
        }
    }

    /// Ends the program, if it has not ended: it is asked (SIGTERM), and killed two seconds later.
    ///
    /// - Returns: the exit status, or 128 + the signal that ended the program.
    @discardableResult
    public func stop() -> Int32 {
        if let end { return end }
        close(lifeline)
        let status = shell.wait(until: Deadline(seconds: ChildProcess.grace), wasAsked: false).status
        // Whatever the program left behind.
        shell.signal(SIGKILL)
        if output >= 0 { close(output) }
        (output, end) = (-1, status)
        return status
    }

    private func read(milliseconds: Int32) {
        guard output >= 0 else { return }
        var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, milliseconds) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { posixRead(output, $0.baseAddress, $0.count) }
            if count > 0 {
                let room = max(0, Self.outputLimit - kept)
                unread.append(contentsOf: buffer[..<min(count, room)])
                kept += min(count, room)
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                close(output)
                output = -1
                return
            } else if errno == EAGAIN {
                return
            }
        }
    }
}

/// `read`, which the type's own name hides.
private func posixRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
