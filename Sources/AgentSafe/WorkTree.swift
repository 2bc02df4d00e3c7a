internal import Git
internal import OperatingSystem

extension Workspace {
    /// Runs `git` for what touches the work tree, which is git's own business.
    func runGit(_ arguments: [String], environment: [String: String] = [:]) throws(AgentSafeError) -> String {
        let variables = host.environment.merging(environment) { _, new in new }
        let connection = RemoteConnection(directory: repository.commandDirectory, url: "", environment: variables)
        let result = try git { () throws(GitError) in try connection.git(arguments) }
        guard result.status == 0 else {
            let words = result.errorText.split(separator: "\n").filter { !$0.hasPrefix("hint:") }.prefix(6)
            throw AgentSafeError(.failed, "git \(arguments.first ?? "") failed: \(words.joined(separator: " "))")
        }
        return result.outputText
    }

    /// Moves the local branch `main` forward to `commit`, and the work tree with it where main is checked out. Uncommitted
    /// work is never overwritten: git refuses.
    func advanceLocalMain(to commit: ObjectID) throws(AgentSafeError) {
        let old = try git { () throws(GitError) in try repository.reference("refs/heads/main") }
        let isCheckedOut = try git { () throws(GitError) in try repository.headBranch() } == "refs/heads/main"
        if isCheckedOut, repository.workTree != nil, old != nil {
            _ = try runGit(["merge", "--ff-only", "--quiet", commit.description])
            return
        }
        try git { () throws(GitError) in
            try repository.setReference("refs/heads/main", to: commit, from: old, message: "agentsafe")
        }
    }
}
