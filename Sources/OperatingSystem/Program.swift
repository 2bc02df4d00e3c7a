#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// How a program ended, and what it said.
public struct ProgramResult: Sendable {
    /// The exit status, or 128 + the signal that ended the program.
    public let status: Int32
    public let output: [UInt8]
    public let errors: [UInt8]
    /// Whether the program was killed at its time limit.
    public let timedOut: Bool

    public var outputText: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// Runs other programs: arguments go as they are, no shell is between.
public enum Program {
    /// Where `name` is in the `PATH` of `environment`; nil when it is nowhere.
    public static func find(_ name: String, environment: [String: String]) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        for folder in (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0, Files.kind(candidate, followingLinks: true) == .file { return candidate }
        }
        return nil
    }

    /// Runs `arguments[0]`, feeds it `input`, and collects what it prints.
    ///
    /// - Parameters:
    ///   - environment: the whole environment of the program.
    ///   - outputLimit: bytes of standard output and of standard error that are kept; the rest is read and dropped.
    ///   - timeout: seconds; at the limit the program is killed.
    ///   - inheritErrors: leaves standard error to the user's terminal (prompts for passphrases and touches).
    /// - Throws: `SystemError` when the program cannot be started. A status other than 0 is no error here.
    public static func run(
        _ arguments: [String], environment: [String: String], input: [UInt8] = [],
        outputLimit: Int = 64 << 20, timeout: Int? = nil, inheritErrors: Bool = false
    ) throws(SystemError) -> ProgramResult {
        guard let name = arguments.first, let path = find(name, environment: environment) else {
            throw SystemError(call: "run", subject: arguments.first ?? "", code: ENOENT)
        }
        ignoreBrokenPipes()
        let inputPipe = try makePipe(name)
        let outputPipe = try makePipe(name)
        let errorPipe = try makePipe(name)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputPipe.read, 0)
        posix_spawn_file_actions_adddup2(&actions, outputPipe.write, 1)
        if !inheritErrors { posix_spawn_file_actions_adddup2(&actions, errorPipe.write, 2) }
        let cArguments = arguments.map { strdup($0) } + [nil]
        let cEnvironment = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in cArguments { free(pointer) }
            for pointer in cEnvironment { free(pointer) }
        }
        // This thread may block signals, as those of a thread pool do, and broken pipes are ignored here: a program that
        // inherited that could not be interrupted, and would go on writing to nobody.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var child: pid_t = 0
        let status = posix_spawn(&child, path, &actions, &attributes, cArguments, cEnvironment)
        close(inputPipe.read)
        close(outputPipe.write)
        close(errorPipe.write)
        guard status == 0 else {
            close(inputPipe.write)
            close(outputPipe.read)
            close(errorPipe.read)
            throw SystemError(call: "run", subject: name, code: status)
        }
        var exchange = Exchange(
            input: input, inputDescriptor: inputPipe.write, outputDescriptor: outputPipe.read,
            errorDescriptor: errorPipe.read, limit: outputLimit)
        let timedOut = exchange.run(timeout: timeout) { kill(child, SIGKILL) }
        var raw: Int32 = 0
        while waitpid(child, &raw, 0) == -1 && errno == EINTR {}
        let signal = raw & 0x7F
        return ProgramResult(
            status: signal == 0 ? (raw >> 8) & 0xFF : 128 + signal, output: exchange.output, errors: exchange.errors,
            timedOut: timedOut)
    }

    private static func makePipe(_ name: String) throws(SystemError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemError(call: "run", subject: name, code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// A program that closes its input early must not end this process.
    private static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}

/// Feeds and drains one child's three pipes without ever blocking on one of them.
private struct Exchange {
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

    /// Returns whether the time limit was hit.
    mutating func run(timeout: Int?, kill: () -> Void) -> Bool {
        let start = Host.bootTimeNanoseconds()
        var timedOut = false
        while outputDescriptor >= 0 || errorDescriptor >= 0 {
            var waitMilliseconds: Int32 = -1
            if let timeout, !timedOut {
                let elapsed = Int((Host.bootTimeNanoseconds() - start) / 1_000_000)
                if elapsed >= timeout * 1000 {
                    kill()
                    timedOut = true
                } else {
                    waitMilliseconds = Int32(clamping: timeout * 1000 - elapsed)
                }
            }
            // A killed child's own children may hold the pipes open: drain for a moment, then let go.
            if timedOut { waitMilliseconds = 200 }
            var descriptors = [
                pollfd(fd: outputDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errorDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inputDescriptor, events: Int16(POLLOUT), revents: 0),
            ]
            let ready = poll(&descriptors, nfds_t(descriptors.count), waitMilliseconds)
            if ready == 0 && timedOut { break }
            if descriptors[0].revents != 0 { Self.drain(&outputDescriptor, into: &output, limit: limit) }
            if descriptors[1].revents != 0 { Self.drain(&errorDescriptor, into: &errors, limit: limit) }
            if inputDescriptor >= 0, descriptors[2].revents != 0 { feed() }
        }
        if outputDescriptor >= 0 { close(outputDescriptor) }
        if errorDescriptor >= 0 { close(errorDescriptor) }
        if inputDescriptor >= 0 { closeInput() }
        return timedOut
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
