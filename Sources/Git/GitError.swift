internal import CLibgit2

/// A Git operation that failed.
public struct GitError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case noRepository
        /// The object or reference does not exist.
        case missing
        /// The repository is of a kind that cannot be judged (shallow, partial, SHA-256) or that git refuses.
        case unsupported
        /// Bytes that are no object of the kind they should be.
        case malformed
        /// The remote said no, or did not answer.
        case remote
        case failed
    }

    public let code: Code
    /// What happened, and what to do about it.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// libgit2's own words for the call that just failed. They hold only until the next call.
    static func last(_ function: String, _ status: Int32) -> GitError {
        let text = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) } ?? "status \(status)"
        let advice =
            status == GIT_ELOCKED.rawValue
            ? "; another git is writing, or one was killed and left its lock file: if none is at work here, remove that file"
            : ""
        return GitError(status == GIT_ENOTFOUND.rawValue ? .missing : .failed, "\(function): \(text)\(advice)")
    }
}

/// Throws libgit2's words unless `status` is 0.
func check(_ status: Int32, _ function: String) throws(GitError) {
    if status < 0 { throw GitError.last(function, status) }
}
