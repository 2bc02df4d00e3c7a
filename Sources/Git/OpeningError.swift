internal import CLibgit2

extension GitError {
    static let partialClone = GitError(
        .unsupported, "this clone is partial, so objects are missing; clone again without `--filter`")

    /// Why a repository cannot be opened, by libgit2's status and words for the call that just failed.
    static func opening(_ status: Int32, _ path: String, gitDirectory: String?) -> GitError {
        let text = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) } ?? "status \(status)"
        // libgit2 1.5 says "not found" of the setting `safe.directory`, which it asked because of a foreign owner.
        let isForeign = status == GIT_EOWNER.rawValue || text.contains("safe.directory")
        if status == GIT_ENOTFOUND.rawValue, !isForeign {
            if let gitDirectory {
                return GitError(
                    .noRepository, "no Git repository at `\(gitDirectory)`, which GIT_DIR names; unset or correct it")
            }
            return GitError(
                .noRepository,
                "no Git repository at `\(path)` or above; change into one, or make one with `agentsafe init`")
        }
        if isForeign {
            return GitError(
                .unsupported,
                "the repository at `\(path)` belongs to somebody else; if that is right, run "
                    + "`git config --global --add safe.directory \(path)`")
        }
        if text.contains("objectformat") {
            return GitError(
                .unsupported, "SHA-256 repositories cannot be read; make the repository with `--object-format=sha1`")
        }
        if text.contains("partialclone") { return .partialClone }
        if text.contains("relativeworktrees") {
            return GitError(
                .unsupported,
                "worktrees with relative paths cannot be read; run `git config --unset extensions.relativeWorktrees` "
                    + "and `git worktree repair`")
        }
        return GitError(.unsupported, "cannot open the repository at `\(path)`: \(text)")
    }
}
