#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension Files {
    /// Writes a temporary file beside `path`, syncs it, and renames it over `path`: readers see the old content or the new,
    /// whatever happens meanwhile. What killed processes left beside `path` is cleared away.
    public static func writeAtomically(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        TemporaryFile.removeAbandoned(beside: path)
        let temporary = try TemporaryFile(beside: path, mode: mode)
        do throws(SystemError) {
            try fill(temporary.descriptor, content, name: path)
            try FaultPoint.reach("file.rename", before: "rename to", path)
            guard uninterrupted({ rename(temporary.path, path) }) == 0 else {
                throw SystemError(call: "rename to", subject: path, code: errno)
            }
        } catch {
            unlink(temporary.path)
            throw error
        }
        FaultPoint.reach("folder.sync", path)
        syncDirectory(parent(of: path))
        FaultPoint.reach("file.stands", path)
    }

    /// As ``writeAtomically(_:_:mode:)``, but never in the place of anything.
    ///
    /// - Throws: `SystemError`; its `isExisting` says that something stands at `path` already, which is left as it is.
    public static func createAtomically(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        let temporary = try TemporaryFile(beside: path, mode: mode)
        do throws(SystemError) {
            try fill(temporary.descriptor, content, name: path)
            try FaultPoint.reach("file.link", before: "create", path)
            // A rename would replace.
            guard uninterrupted({ link(temporary.path, path) }) == 0 else {
                throw SystemError(call: "create", subject: path, code: errno)
            }
        } catch {
            unlink(temporary.path)
            throw error
        }
        FaultPoint.reach("file.linked", path)
        unlink(temporary.path)
        try sync(folder: parent(of: path))
        FaultPoint.reach("file.stands", path)
    }

    /// Whether a name is one that atomic writes give to what is not whole yet.
    public static func isTemporary(_ name: String) -> Bool { TemporaryFile.isOne(name) }

    /// Removes what processes that are gone have left beside `path` of their atomic writes.
    public static func removeAbandoned(beside path: String) { TemporaryFile.removeAbandoned(beside: path) }

    /// Creates a file that must not exist yet. What cannot be written whole is taken away again.
    public static func create(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        try FaultPoint.reach("file.create", before: "create", path)
        let descriptor = uninterrupted { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode)) }
        guard descriptor >= 0 else { throw SystemError(call: "create", subject: path, code: errno) }
        defer { close(descriptor) }
        do throws(SystemError) {
            try fill(descriptor, content, name: path)
        } catch {
            unlink(path)
            throw error
        }
        FaultPoint.reach("file.stands", path)
    }

    /// Adds to the end of a file, which is made if it is missing.
    public static func append(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        try FaultPoint.reach("file.append", before: "create", path)
        let descriptor = uninterrupted { open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(mode)) }
        guard descriptor >= 0 else { throw SystemError(call: "create", subject: path, code: errno) }
        defer { close(descriptor) }
        try fill(descriptor, content, name: path)
    }

    private static func fill(_ descriptor: Int32, _ content: [UInt8], name: String) throws(SystemError) {
        try FaultPoint.reach("file.write", before: "write", name)
        try write(descriptor: descriptor, content, name: name)
        try FaultPoint.reach("file.sync", before: "sync", name)
        guard uninterrupted({ fsync(descriptor) }) == 0 else {
            throw SystemError(call: "sync", subject: name, code: errno)
        }
    }

    /// Writes all of `content`, through interruptions and short writes.
    public static func write(descriptor: Int32, _ content: [UInt8], name: String) throws(SystemError) {
        var start = 0
        while start < content.count {
            let count = content.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(descriptor, buffer.baseAddress! + start, buffer.count - start)
                #else
                    Darwin.write(descriptor, buffer.baseAddress! + start, buffer.count - start)
                #endif
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError(call: "write", subject: name, code: errno)
            }
            start += count
        }
    }

    /// Syncs a folder, so that a name in it outlives a crash. Where the file system cannot sync folders at all, that is no
    /// error.
    public static func sync(folder path: String) throws(SystemError) {
        try FaultPoint.reach("folder.sync", before: "sync", path)
        let descriptor = uninterrupted { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw SystemError(call: "open", subject: path, code: errno) }
        defer { close(descriptor) }
        guard uninterrupted({ fsync(descriptor) }) == 0 || errno == EINVAL else {
            throw SystemError(call: "sync", subject: path, code: errno)
        }
    }

    /// Best effort: not every file system can sync a folder.
    public static func syncDirectory(_ path: String) {
        let descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return }
        _ = uninterrupted { fsync(descriptor) }
        close(descriptor)
    }
}

/// A new file beside the one that it will replace. Its maker holds a lock on it, which ends with the process: a temporary
/// file that nobody holds was left by a process that died.
private struct TemporaryFile: ~Copyable {
    let path: String
    let descriptor: Int32

    private static let mark = ".agentsafe-"
    private static let ending = ".tmp"

    init(beside target: String, mode: UInt32) throws(SystemError) {
        for _ in 0..<100 {
            // In a container every process may have one number.
            let path = "\(target)\(Self.mark)\(getpid())-\(Host.bootTimeNanoseconds())\(Self.ending)"
            try FaultPoint.reach("file.create", before: "create", target)
            let descriptor = uninterrupted { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode)) }
            if descriptor < 0 && errno == EEXIST { continue }
            guard descriptor >= 0 else { throw SystemError(call: "create", subject: target, code: errno) }
            FaultPoint.reach("file.created", path)
            // Somebody who clears away may have been between the two calls: then this file is lost, and another is made.
            let isLost = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
            var information = stat()
            if !isLost, fstat(descriptor, &information) == 0, information.st_nlink == 1 {
                (self.path, self.descriptor) = (path, descriptor)
                return
            }
            close(descriptor)
        }
        throw SystemError(call: "create", subject: target, code: EEXIST)
    }

    deinit { close(descriptor) }

    static func isOne(_ name: String) -> Bool { name.contains(mark) && name.hasSuffix(ending) }

    /// Removes the temporary files beside `target` whose makers are gone.
    static func removeAbandoned(beside target: String) {
        let folder = Files.parent(of: target)
        let prefix = String(target.split(separator: "/").last ?? "") + mark
        guard let names = try? Files.list(folder) else { return }
        for name in names where name.hasPrefix(prefix) && name.hasSuffix(ending) {
            let path = "\(folder)/\(name)"
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var information = stat()
            guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
                information.st_uid == geteuid(), flock(descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            // Its maker may have renamed it by now; the name that is removed is then gone already.
            unlink(path)
        }
    }
}
