internal import CLibgit2

extension Repository {
    // libgit2 wants its initialiser before any other call; it counts, and is never undone.
    static let initialise: Void = {
        git_libgit2_init()
        // `Repository.read` does it, several times as fast.
        _ = agentsafe_git_enable_strict_hash_verification(0)
    }()

    /// Makes an empty repository whose first branch is `main`.
    ///
    /// - Parameter isBare: without a work tree; `path` is then the repository itself.
    public static func create(at path: String, isBare: Bool = false) throws(GitError) -> Repository {
        _ = initialise
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags = UInt32(GIT_REPOSITORY_INIT_MKDIR.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue)
        if isBare { options.flags |= UInt32(GIT_REPOSITORY_INIT_BARE.rawValue) }
        var handle: OpaquePointer?
        let status = "main".withCString { name in
            options.initial_head = name
            return git_repository_init_ext(&handle, path, &options)
        }
        try check(status, "git_repository_init_ext")
        git_repository_free(handle)
        return try Repository(containing: path)
    }

    /// What to tell a person whose repository libgit2 would not open; to be called before any other call of libgit2.
    static func openingError(_ status: Int32, _ path: String, mayBeAbove: Bool) -> GitError {
        let text = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) } ?? "status \(status)"
        let found = mayBeAbove ? discover(path) : nil
        if status == GIT_ENOTFOUND.rawValue, found == nil {
            guard mayBeAbove else {
                return GitError(
                    .noRepository, "no Git repository at `\(path)`, which GIT_DIR names; unset or correct it")
            }
            return GitError(
                .noRepository,
                "no Git repository at `\(path)` or above; change into one, or make one with `agentsafe init`")
        }
        // libgit2 says "not found" of another owner's repository too, while no `safe.directory` is set anywhere.
        if status == GIT_EOWNER.rawValue || status == GIT_ENOTFOUND.rawValue {
            let folder = found ?? path
            return GitError(
                .unsupported,
                "the repository at `\(folder)` belongs to somebody else; if that is right, run "
                    + "`git config --global --add safe.directory \(folder)`")
        }
        if text.contains("objectformat") {
            return GitError(
                .unsupported, "SHA-256 repositories cannot be read; make the repository with `--object-format=sha1`")
        }
        // libgit2 itself refuses the extension that some versions of git set.
        if text.contains("partialclone") {
            return GitError(
                .unsupported, "this clone is partial, so objects are missing; clone again without `--filter`")
        }
        if text.contains("relativeworktrees") {
            return GitError(
                .unsupported,
                "worktrees with relative paths cannot be read; run `git config --unset extensions.relativeWorktrees` "
                    + "and `git worktree repair`")
        }
        return GitError(.unsupported, "cannot open the repository at `\(path)`: \(text)")
    }

    /// The folder of the repository that holds `path`, whoever owns it, as `safe.directory` wants it; nil when there is none.
    private static func discover(_ path: String) -> String? {
        var buffer = git_buf()
        guard git_repository_discover(&buffer, path, 0, nil) == 0, let pointer = buffer.ptr else { return nil }
        defer { git_buf_dispose(&buffer) }
        var folder = String(cString: pointer)
        for ending in ["/", "/.git"] where folder.hasSuffix(ending) { folder.removeLast(ending.count) }
        return folder
    }
}
