internal import Git
internal import OperatingSystem

extension Workspace {
    /// Runs `git` for what touches the work tree, which is git's own business.
    func runGit(_ arguments: [String], environment: [String: String] = [:]) throws(AgentSafeError) -> String {
        let result = try tryGit(arguments, environment: environment)
        guard result.status == 0 else {
            throw AgentSafeError(.failed, "git \(arguments.first ?? "") failed: \(Self.words(result))")
        }
        return result.outputText
    }

    private func tryGit(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws(AgentSafeError) -> ProgramResult {
        let variables = host.environment.merging(environment) { _, new in new }
        let connection = RemoteConnection(directory: repository.commandDirectory, url: "", environment: variables)
        return try git { () throws(GitError) in try connection.git(arguments) }
    }

    private static func words(_ result: ProgramResult) -> String {
        result.errorText.split(separator: "\n").filter { !$0.hasPrefix("hint:") }.prefix(6)
            .map { $0.drop { $0 == "\t" } }.joined(separator: " ")
    }

    /// Throws when `advanceLocalMain` would fail: before anything is pushed, and without touching a file.
    func checkLocalMain(canMoveTo commit: ObjectID) throws(AgentSafeError) {
        guard let old = try git({ () throws(GitError) in try repository.reference("refs/heads/main") }) else { return }
        guard try git({ () throws(GitError) in try repository.mergeBases(old, commit) }) == [old] else {
            throw AgentSafeError(
                .failed,
                "the local branch `main` has commits that the verified main lacks; push them, or move them to another branch, "
                    + "and try again")
        }
        guard try isMainCheckedOut() else { return }
        _ = try tryGit(["update-index", "-q", "--refresh"])
        let result = try tryGit(["read-tree", "-n", "-m", "-u", "HEAD", commit.description])
        guard result.status == 0 else {
            throw AgentSafeError(
                .failed,
                "your uncommitted edits are in the way (\(Self.words(result))); commit, stash or restore them, and try again"
            )
        }
    }

    private func isMainCheckedOut() throws(AgentSafeError) -> Bool {
        guard repository.workTree != nil else { return false }
        return try git { () throws(GitError) in try repository.headBranch() } == "refs/heads/main"
    }

    /// Moves the local branch `main` forward to `commit`, and the work tree with it where main is checked out. Uncommitted
    /// work is never overwritten: git refuses.
    func advanceLocalMain(to commit: ObjectID) throws(AgentSafeError) {
        let old = try git { () throws(GitError) in try repository.reference("refs/heads/main") }
        if old == nil {
            try git { () throws(GitError) in
                try repository.setReference("refs/heads/main", to: commit, from: nil, message: "agentsafe")
            }
        } else if try isMainCheckedOut() {
            _ = try runGit(["merge", "--ff-only", "--quiet", commit.description])
        } else if try tryGit(["branch", "--force", "main", commit.description]).status != 0 {
            notify("warning: `main` is checked out in another work tree and stays behind; run `git pull` there")
        }
    }
}
