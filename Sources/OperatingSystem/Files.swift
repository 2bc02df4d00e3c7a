#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A system call that failed: which, on what, and why.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    public let call: String
    public let subject: String
    public let code: Int32

    public init(call: String, subject: String, code: Int32) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    public var reason: String { String(cString: strerror(code)) }
    public var description: String { "cannot \(call) `\(subject)`: \(reason)" }
}

/// Files on the local disk, by path. Paths are absolute or relative to the process; callers resolve against `Host`.
public enum Files {
    public enum Kind: Sendable { case file, directory, symbolicLink, other }

    /// Reads at most `limit` bytes; a larger file is an error, never a part of itself.
    public static func read(_ path: String, limit: Int = 16 << 20) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(call: "open", subject: path, code: errno) }
        defer { close(descriptor) }
        return try read(descriptor: descriptor, name: path, limit: limit)
    }

    /// Reads standard input to its end.
    public static func readStandardInput(limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        try read(descriptor: 0, name: "standard input", limit: limit)
    }

    private static func read(descriptor: Int32, name: String, limit: Int) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let capacity = buffer.count
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &buffer, capacity)
            #else
                let count = Darwin.read(descriptor, &buffer, capacity)
            #endif
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError(call: "read", subject: name, code: errno)
            }
            content.append(contentsOf: buffer[..<count])
            if content.count > limit { throw SystemError(call: "read", subject: name, code: EFBIG) }
        }
    }

    /// Writes a temporary file beside `path`, syncs it, and renames it over `path`: readers see the old content or the new.
    public static func writeAtomically(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        let temporary = "\(path).\(getpid()).tmp"
        do throws(SystemError) {
            try write(temporary, content, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: mode)
            guard rename(temporary, path) == 0 else {
                throw SystemError(call: "rename to", subject: path, code: errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        syncDirectory(parent(of: path))
    }

    /// Creates a file that must not exist yet.
    public static func create(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        try write(path, content, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: mode)
    }

    /// Adds to the end of a file, which is made if it is missing.
    public static func append(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        try write(path, content, flags: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode: mode)
    }

    private static func write(_ path: String, _ content: [UInt8], flags: Int32, mode: UInt32) throws(SystemError) {
        let descriptor = open(path, flags, mode_t(mode))
        guard descriptor >= 0 else { throw SystemError(call: "create", subject: path, code: errno) }
        defer { close(descriptor) }
        try write(descriptor: descriptor, content, name: path)
        guard fsync(descriptor) == 0 else { throw SystemError(call: "sync", subject: path, code: errno) }
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

    /// Runs `body` while this process alone holds the lock file at `path`; waits for whoever holds it now.
    public static func withLock<Value>(
        _ path: String, _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600))
        guard descriptor >= 0 else { throw SystemError(call: "open", subject: path, code: errno) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw SystemError(call: "lock", subject: path, code: errno) }
        }
        return try body()
    }

    /// Best effort: not every file system can sync a directory.
    private static func syncDirectory(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Creates `path` and what is missing above it.
    public static func createDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if mkdir(path, mode_t(mode)) == 0 { return }
        switch errno {
        case EEXIST:
            if kind(path, followingLinks: true) == .directory { return }
            throw SystemError(call: "create folder", subject: path, code: EEXIST)
        case ENOENT where path.contains("/") && parent(of: path) != path:
            try createDirectory(parent(of: path), mode: mode)
            guard mkdir(path, mode_t(mode)) == 0 || errno == EEXIST else {
                throw SystemError(call: "create folder", subject: path, code: errno)
            }
        default:
            throw SystemError(call: "create folder", subject: path, code: errno)
        }
    }

    /// The names in a folder, sorted by their bytes, without `.` and `..`.
    public static func list(_ path: String) throws(SystemError) -> [String] {
        guard let handle = opendir(path) else { throw SystemError(call: "list", subject: path, code: errno) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What stands at `path`, or nil for nothing.
    public static func kind(_ path: String, followingLinks: Bool = false) -> Kind? {
        var information = stat()
        guard (followingLinks ? stat(path, &information) : lstat(path, &information)) == 0 else { return nil }
        switch information.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK: return .symbolicLink
        default: return .other
        }
    }

    /// The permission bits, or nil when nothing stands at `path`.
    public static func permissions(_ path: String) -> UInt32? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return UInt32(information.st_mode & 0o7777)
    }

    public static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 else { throw SystemError(call: "remove", subject: path, code: errno) }
    }

    /// Removes a folder and all below it; links are removed, not followed. A missing folder is no error.
    public static func removeTree(_ path: String) throws(SystemError) {
        switch kind(path) {
        case nil: return
        case .directory:
            for name in try list(path) { try removeTree(path + "/" + name) }
            guard rmdir(path) == 0 else { throw SystemError(call: "remove", subject: path, code: errno) }
        default: try remove(path)
        }
    }

    /// Makes a new empty folder that only this user can read, under `parent`.
    public static func temporaryDirectory(in parent: String, prefix: String) throws(SystemError) -> String {
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(call: "create folder", subject: parent, code: errno) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
}
