#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A lock that one process holds alone (flock(2)). It ends when this value goes, or when the process does in whatever way,
/// so there is none without an owner.
public final class FileLock {
    private let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        // Said, and not left to the closing: a child that is just being started holds copies of all descriptors.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Locks an existing folder, whose content stays as it is.
    ///
    /// - Parameter waiting: waits for whoever holds the lock now.
    /// - Returns: nil when another process holds it.
    public static func acquire(folder path: String, waiting: Bool) throws(SystemError) -> FileLock? {
        try acquire(path, flags: O_RDONLY | O_DIRECTORY, waiting: waiting)
    }

    /// Locks a file, which is made where it is missing, and stays.
    public static func acquire(file path: String, waiting: Bool) throws(SystemError) -> FileLock? {
        try FaultPoint.reach("lock.open", before: "open", path)
        return try acquire(path, flags: O_RDWR | O_CREAT, waiting: waiting)
    }

    /// Waits for, and locks, an existing file whose writers replace it by another: the lock is on the one that is there then.
    public static func acquire(replaceable path: String) throws(SystemError) -> FileLock {
        while true {
            let lock = try acquire(path, flags: O_RDONLY, waiting: true)
            var (held, current) = (stat(), stat())
            if let lock, fstat(lock.descriptor, &held) == 0, stat(path, &current) == 0, held.st_dev == current.st_dev,
                held.st_ino == current.st_ino
            {
                return lock
            }
        }
    }

    private static func acquire(_ path: String, flags: Int32, waiting: Bool) throws(SystemError) -> FileLock? {
        FaultPoint.reach("lock.acquire", path)
        let descriptor = uninterrupted { open(path, flags | O_CLOEXEC, mode_t(0o600)) }
        guard descriptor >= 0 else { throw SystemError(call: "open", subject: path, code: errno) }
        let lock = FileLock(descriptor: descriptor)
        if uninterrupted({ flock(descriptor, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) }) != 0 {
            if errno == EWOULDBLOCK { return nil }
            throw SystemError(call: "lock", subject: path, code: errno)
        }
        FaultPoint.reach("lock.held", path)
        return lock
    }
}

extension Files {
    /// Runs `body` while this process alone holds the lock file at `path`; waits for whoever holds it now.
    public static func withLock<Value>(
        _ path: String, _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let lock = try FileLock.acquire(file: path, waiting: true)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }
}

/// Makes a system call again as long as signals interrupt it.
func uninterrupted(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
