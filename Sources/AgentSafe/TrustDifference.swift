internal import Git
internal import Ledger
internal import OperatingSystem

/// What a trust commit changes, as people read it: taken from the trees themselves, never from what the commit says of itself.
public struct TrustDifference: Sendable {
    public struct File: Sendable {
        public let path: String
        /// Lines added and removed.
        public let added: Int
        public let removed: Int
    }

    public let files: [File]
    /// A unified diff. Text from outside: it is made visible where it is shown.
    public let lines: [String]
    /// How many lines are not shown, for there are too many or they are too long.
    public let omitted: Int
    /// Shows all of it with stock git.
    public let command: String

    static let maximumLines = 2000
    static let maximumLineLength = 2000
}

extension Workspace {
    /// The difference that admins sign, without the statements about it.
    func difference(
        _ changes: [TreeChange], from old: ObjectID, to new: ObjectID
    ) throws(AgentSafeError) -> TrustDifference {
        // Plumbing, so that no setting changes what is shown; as text, so that no attribute hides a file.
        let what = [old.description, new.description, "--", ".", ":(exclude)trust"]
        let plain = ["-r", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"]
        let variables = ["GIT_LITERAL_PATHSPECS": "0", "GIT_DIFF_OPTS": ""]
        let counts = Self.counts(
            try runGit(["diff-tree", "--numstat", "-z"] + plain + what, environment: variables))
        let text = try runGit(["diff-tree", "-p", "--unified=3"] + plain + what, environment: variables)
        var (lines, omitted) = ([String](), 0)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if lines.count < TrustDifference.maximumLines, line.utf8.count <= TrustDifference.maximumLineLength {
                lines.append(String(line))
            } else {
                omitted += 1
            }
        }
        let files = changes.filter { !$0.path.hasPrefix("trust/") }.map { change in
            let count = counts[change.path] ?? (0, 0)
            return TrustDifference.File(path: change.path, added: count.added, removed: count.removed)
        }
        return TrustDifference(
            files: files, lines: lines, omitted: omitted,
            command: "git diff --text \(old.short) \(new.short) -- . ':(exclude)trust'")
    }

    /// Reads `git diff-tree --numstat -z`: `<added> TAB <removed> TAB <path> NUL`.
    private static func counts(_ text: String) -> [String: (added: Int, removed: Int)] {
        var counts: [String: (added: Int, removed: Int)] = [:]
        for record in text.split(separator: "\0") {
            let fields = record.split(separator: "\t", maxSplits: 2)
            guard fields.count == 3, let added = Int(fields[0]), let removed = Int(fields[1]) else { continue }
            counts[String(fields[2])] = (added, removed)
        }
        return counts
    }
}
