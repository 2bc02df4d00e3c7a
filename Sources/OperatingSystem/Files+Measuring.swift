#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What tells two states of a file from one another without reading it.
public struct FileStamp: Hashable, Sendable {
    public let inode: UInt64
    public let size: Int64
    /// When the content changed: seconds since 1970, and nanoseconds.
    public let seconds: Int64
    public let nanoseconds: Int64
}

extension Files {
    /// The stamp of what stands at `path`, links followed; nil for nothing.
    public static func stamp(_ path: String) -> FileStamp? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        #if canImport(Glibc)
            let time = information.st_mtim
        #else
            let time = information.st_mtimespec
        #endif
        return FileStamp(
            inode: UInt64(information.st_ino), size: Int64(information.st_size), seconds: Int64(time.tv_sec),
            nanoseconds: Int64(time.tv_nsec))
    }

    /// Bytes of all files below a folder, links not followed. Stops, with what it has, once they are more than `limit`.
    public static func totalSize(below folder: String, stoppingAbove limit: Int) throws(SystemError) -> Int {
        var total = 0
        for name in try list(folder) {
            let path = folder + "/" + name
            var information = stat()
            guard lstat(path, &information) == 0 else {
                throw SystemError(call: "look at", subject: path, code: errno)
            }
            if information.st_mode & S_IFMT == S_IFDIR {
                total += try totalSize(below: path, stoppingAbove: limit - total)
            } else {
                total += Int(information.st_size)
            }
            if total > limit { break }
        }
        return total
    }

    /// Sets the permission bits, whatever the process's mask says.
    public static func setPermissions(_ path: String, _ bits: UInt32) throws(SystemError) {
        guard chmod(path, mode_t(bits)) == 0 else {
            throw SystemError(call: "set the permissions of", subject: path, code: errno)
        }
    }

    /// Gives a file another name in its folder or file system. What stands there already is replaced.
    public static func move(_ path: String, to other: String) throws(SystemError) {
        guard rename(path, other) == 0 else { throw SystemError(call: "rename", subject: path, code: errno) }
    }
}
