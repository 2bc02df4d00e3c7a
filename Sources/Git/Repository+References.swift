internal import CLibgit2
internal import OperatingSystem

extension Repository {
    /// Below it lies what this program alone writes, each time under a lock that ends with its process.
    static let ownReferences = "refs/agentsafe/"

    /// The folder that all work trees of this repository share, with a trailing slash.
    public var commonDirectory: String { String(cString: git_repository_commondir(handle)) }

    /// Moves a reference from `old` to `new`; fails if it meanwhile points elsewhere. `old` nil: it must not exist.
    public func setReference(
        _ name: String, to new: ObjectID, from old: ObjectID?, message: String
    ) throws(GitError) {
        var identifier = new.native
        var reference: OpaquePointer?
        defer { git_reference_free(reference) }
        try faultPoint("reference.set", "git_reference_create", name)
        try sync()
        let lock = try lockOwnReference(name)
        defer { withExtendedLifetime(lock) {} }
        if let old {
            var expected = old.native
            try check(
                git_reference_create_matching(&reference, handle, name, &identifier, 1, &expected, message),
                "git_reference_create_matching")
        } else {
            try check(git_reference_create(&reference, handle, name, &identifier, 0, message), "git_reference_create")
        }
        if lock != nil { syncFolders(of: name) }
        FaultPoint.reach("reference.stands", name)
    }

    /// Removes a reference; one that is not there is no error.
    public func removeReference(_ name: String) throws(GitError) {
        try faultPoint("reference.remove", "git_reference_remove", name)
        let lock = try lockOwnReference(name)
        defer { withExtendedLifetime(lock) {} }
        let status = git_reference_remove(handle, name)
        if status != GIT_ENOTFOUND.rawValue { try check(status, "git_reference_remove") }
        FaultPoint.reach("reference.gone", name)
    }

    /// Git marks a reference that it writes by a file beside it, which stays when the process is killed, and then nobody can
    /// write the reference any more. Ours are written under a lock of the system's besides: whoever has that one knows that
    /// nobody else is writing, and takes the file away.
    private func lockOwnReference(_ name: String) throws(GitError) -> FileLock? {
        guard name.hasPrefix(Self.ownReferences) else { return nil }
        do throws(SystemError) {
            let lock = try FileLock.acquire(folder: commonDirectory + "refs", waiting: true)
            let abandoned = "\(commonDirectory)\(name).lock"
            if Files.kind(abandoned) == .file { try Files.remove(abandoned) }
            return lock
        } catch {
            throw GitError(.failed, error.description)
        }
    }

    /// What is kept until a remote has it must outlive the machine's power: new folders, too. libgit2 syncs the file and the
    /// folder that it is in.
    private func syncFolders(of name: String) {
        var folder = Files.parent(of: commonDirectory + name)
        while folder.utf8.count >= commonDirectory.utf8.count {
            Files.syncDirectory(folder)
            folder = Files.parent(of: folder)
        }
    }
}

/// Fails in place of the call that follows, where a test wants that.
func faultPoint(
    _ name: StaticString, _ function: String, _ subject: @autoclosure () -> String
) throws(GitError) {
    if let code = FaultPoint.reach(name, subject(), mayFail: true) {
        throw GitError(.failed, SystemError(call: function, subject: subject(), code: code).description)
    }
}
