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
    ///   - timeout: seconds; at the limit the program is ended: first asked (SIGTERM), so that it can take its lock files
    ///     away, and killed two seconds later, with whatever it started. Only where this process has a terminal is what the
    ///     program started left alone: there it must stay in this process's group, or it could ask nobody for a passphrase.
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
        let hasOwnGroup = timeout != nil && !hasTerminal()
        var wires = [(inputPipe.read, Int32(0)), (outputPipe.write, 1)]
        if !inheritErrors { wires.append((errorPipe.write, 2)) }
        FaultPoint.reach("program.start", arguments.joined(separator: " "))
        let (child, status) = spawn(path, arguments, environment, wires: wires, hasOwnGroup: hasOwnGroup)
        close(inputPipe.read)
        close(outputPipe.write)
        close(errorPipe.write)
        guard status == 0 else {
            close(inputPipe.write)
            close(outputPipe.read)
            close(errorPipe.read)
            throw SystemError(call: "run", subject: name, code: status)
        }
        FaultPoint.reach("program.started", arguments.joined(separator: " "))
        let process = ChildProcess(identifier: child, hasOwnGroup: hasOwnGroup)
        let deadline = Deadline(seconds: timeout)
        var exchange = Exchange(
            input: input, inputDescriptor: inputPipe.write, outputDescriptor: outputPipe.read,
            errorDescriptor: errorPipe.read, limit: outputLimit)
        let isSilent = exchange.run(until: deadline, asking: process)
        let end = process.wait(until: deadline, wasAsked: isSilent)
        return ProgramResult(
            status: end.status, output: exchange.output, errors: exchange.errors, timedOut: end.timedOut)
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: its name and its arguments.
    ///   - wires: descriptors of this process, and what each is to the program.
    /// - Returns: the process, and what posix_spawn(3) says: 0, or why there is none.
    static func spawn(
        _ path: String, _ words: [String], _ environment: [String: String], wires: [(own: Int32, its: Int32)],
        hasOwnGroup: Bool
    ) -> (child: pid_t, status: Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for wire in wires { posix_spawn_file_actions_adddup2(&actions, wire.own, wire.its) }
        let cArguments = words.map { strdup($0) } + [nil]
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
        let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | Int16(group))
        var child: pid_t = 0
        let status = starting.withLock { _ in
            posix_spawn(&child, path, &actions, &attributes, cArguments, cEnvironment)
        }
        return (child, status)
    }

    /// Whether somebody sits at a terminal of this process.
    public static func hasTerminal() -> Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// Held while a pipe is made that no program may inherit, and while one is started: between two calls another thread's
    /// program would get it, and hold it open.
    private static let starting = Locked(())

    static func makePipe(_ name: String) throws(SystemError) -> (read: Int32, write: Int32) {
        // pipe2(2) would do both at once, and Glibc's module hides it.
        let ends: [Int32]? = starting.withLock { _ in
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { return nil }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return ends
        }
        guard let ends else { throw SystemError(call: "run", subject: name, code: errno) }
        return (ends[0], ends[1])
    }

    /// A program that closes its input early must not end this process.
    private static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
