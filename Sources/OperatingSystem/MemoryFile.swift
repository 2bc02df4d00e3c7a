#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that is nowhere on a disk, for a program that takes a secret from a file alone. Its path works for programs of this
/// user for as long as this object lives, and it can be read any number of times.
public final class MemoryFile: Sendable {
    /// Below `/proc`.
    public let path: String
    private let descriptor: Int32

    /// - Parameter random: bytes that nobody can guess, for the moment in which the file has a name.
    /// - Throws: `SystemError` where the system has no such files.
    public init(_ content: [UInt8], random: [UInt8]) throws(SystemError) {
        #if os(Linux)
            // Its name is gone as soon as it is open (shm_overview(7)); what is handed on is the descriptor's own path.
            let name = "/agentsafe-" + random.map { String($0, radix: 16) }.joined()
            let descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
            guard descriptor >= 0 else { throw SystemError(call: "create", subject: "a file in memory", code: errno) }
            shm_unlink(name)
            (self.descriptor, path) = (descriptor, "/proc/\(getpid())/fd/\(descriptor)")
            try Files.write(descriptor: descriptor, content, name: "a file in memory")
        #else
            throw SystemError(call: "create", subject: "a file in memory", code: ENOTSUP)
        #endif
    }

    deinit { close(descriptor) }
}
