internal import CLibgit2
internal import OperatingSystem

/// Objects that lie outside of a repository, as those of a push do until its `pre-receive` hook has accepted it
/// (githooks(5), git-receive-pack(1) "QUARANTINE ENVIRONMENT"). libgit2 reads none of the variables by which git says where.
public struct BorrowedObjects: Sendable {
    /// Folders laid out as a repository's `objects` folder is. They are read, never written.
    public var folders: [String]

    /// Whatever is written meanwhile stays in this process's memory, and goes with the ``Repository``.
    public init(folders: [String]) { self.folders = folders }
}

extension Repository {
    func borrow(_ borrowed: BorrowedObjects) throws(GitError) {
        for folder in borrowed.folders {
            // libgit2 takes a missing folder for an empty one.
            guard Files.kind(folder, followingLinks: true) == .directory else {
                throw GitError(.missing, "there is no folder of objects at `\(folder)`")
            }
            try check(git_odb_add_disk_alternate(database, folder), "git_odb_add_disk_alternate")
        }
        var memory: UnsafeMutablePointer<git_odb_backend>?
        try check(git_mempack_new(&memory), "git_mempack_new")
        // Objects go to the backend with the highest priority; libgit2's own have 1 and 2. The database frees it.
        let status = git_odb_add_backend(database, memory, 999)
        if status < 0, let memory { memory.pointee.free?(memory) }
        try check(status, "git_odb_add_backend")
    }

    /// What a symbolic reference stands for, by its full name; nil for a plain reference and for none.
    public func symbolicTarget(_ name: String) throws(GitError) -> String? {
        var reference: OpaquePointer?
        let status = git_reference_lookup(&reference, handle, name)
        if status == GIT_ENOTFOUND.rawValue || status == GIT_EINVALIDSPEC.rawValue { return nil }
        try check(status, "git_reference_lookup")
        defer { git_reference_free(reference) }
        return git_reference_symbolic_target(reference).map { String(cString: $0) }
    }

    /// A setting from the repository's own file, whatever the user's and the system's files say.
    public func localConfiguration(_ name: String) throws(GitError) -> String? {
        var (configuration, local, snapshot): (OpaquePointer?, OpaquePointer?, OpaquePointer?) = (nil, nil, nil)
        try check(git_repository_config(&configuration, handle), "git_repository_config")
        defer { git_config_free(configuration) }
        let opened = git_config_open_level(&local, configuration, GIT_CONFIG_LEVEL_LOCAL)
        if opened == GIT_ENOTFOUND.rawValue { return nil }
        try check(opened, "git_config_open_level")
        defer { git_config_free(local) }
        try check(git_config_snapshot(&snapshot, local), "git_config_snapshot")
        defer { git_config_free(snapshot) }
        var value: UnsafePointer<CChar>?
        let status = git_config_get_string(&value, snapshot, name)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try check(status, "git_config_get_string")
        return value.map { String(cString: $0) }
    }
}
