internal import CLibgit2
internal import OperatingSystem

/// What outlives the loss of the machine's power, and from when on.
extension Repository {
    /// Lets this process write objects and references without waiting for the disk, for good: for repositories that may be
    /// lost, as those of a benchmark.
    public static func forgoDurability() { durability.withLock { $0 = false } }

    /// Whether what this process writes must outlive the machine's power. Held while libgit2's own setting is moved, which the
    /// whole process has in common.
    private static let durability = Locked(true)

    static var isDurable: Bool { durability.withLock { $0 } }

    /// Has libgit2 sync the references of a repository that was just opened, and nothing else: it asks once for those, and
    /// with each object for the objects, whose files ``Repository/sync()`` syncs many at a time.
    static func syncReferences(of handle: OpaquePointer) throws(GitError) {
        let status = durability.withLock { isDurable in
            _ = agentsafe_git_enable_fsync(isDurable ? 1 : 0)
            defer { _ = agentsafe_git_enable_fsync(0) }
            var references: OpaquePointer?
            defer { git_refdb_free(references) }
            return git_repository_refdb(&references, handle)
        }
        try check(status, "git_repository_refdb")
    }

    /// Lets all that was written outlive the machine's power. What is pushed or kept under a reference has to, first.
    ///
    /// - Returns: how many objects' files were synced; what git has packed meanwhile it has synced itself.
    @discardableResult
    public func sync() throws(GitError) -> Int {
        guard !unsynced.isEmpty else { return 0 }
        do {
            let count = try Files.sync(files: unsynced.map(looseFile))
            Files.syncDirectory(commonDirectory + "objects")
            unsynced = []
            return count
        } catch {
            throw GitError(.failed, error.description)
        }
    }

    private func looseFile(_ id: ObjectID) -> String {
        let name = id.description
        return "\(commonDirectory)objects/\(name.prefix(2))/\(name.dropFirst(2))"
    }

    /// A machine that lost its power between a write and its sync may have left a file without content, which git and libgit2
    /// then take for the object. It would stand in the way of the same object for ever.
    ///
    /// - Returns: whether there was one, and the object is to be written once more.
    func removeEmptyFile(of id: ObjectID) -> Bool {
        let path = looseFile(id)
        return Files.size(path) == 0 && (try? Files.remove(path)) != nil
    }
}
