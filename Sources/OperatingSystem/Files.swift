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
    /// Something stands there already.
    public var isExisting: Bool { code == EEXIST }
    /// The file, or the list, has more than its reader takes.
    public var isTooLarge: Bool { code == EFBIG }
    public var reason: String { String(cString: strerror(code)) }
    public var description: String { "cannot \(call) `\(subject)`: \(reason)" }
}

/// Files on the local disk, by path. Paths are absolute or relative to the process; callers resolve against `Host`.
public enum Files {
    public enum Kind: Sendable { case file, directory, symbolicLink, other }

    /// Reads at most `limit` bytes; a larger file is an error, never a part of itself.
    public static func read(_ path: String, limit: Int = 16 << 20) throws(SystemError) -> [UInt8] {
        let descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC) }
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

    /// Reads a file that others may have laid there: no link is followed, and nothing but a plain file is opened for long, for a
    /// pipe would never answer.
    ///
    /// - Throws: `SystemError`; its code is `ELOOP` for a link and `EINVAL` for what is no file.
    public static func readPlain(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard descriptor >= 0 else { throw SystemError(call: "open", subject: path, code: errno) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw SystemError(call: "read", subject: path, code: errno) }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw SystemError(call: "read", subject: path, code: EINVAL)
        }
        return try read(descriptor: descriptor, name: path, limit: limit)
    }

    /// Creates `path` and what is missing above it.
    public static func createDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        try FaultPoint.reach("folder.create", before: "create folder", path)
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
    ///
    /// - Parameter limit: more names are an error, never a part of them.
    public static func list(_ path: String, limit: Int = .max) throws(SystemError) -> [String] {
        guard let handle = opendir(path) else { throw SystemError(call: "list", subject: path, code: errno) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
            if names.count > limit { throw SystemError(call: "list", subject: path, code: EFBIG) }
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

    /// Seconds since the content of `path` changed, by the machine's clock; nil when nothing stands there. Links are not
    /// followed.
    public static func age(_ path: String) -> Int64? {
        var information = stat()
        guard lstat(path, &information) == 0 else { return nil }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        #if canImport(Glibc)
            return Int64(time.tv_sec - information.st_mtim.tv_sec)
        #else
            return Int64(time.tv_sec - information.st_mtimespec.tv_sec)
        #endif
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
