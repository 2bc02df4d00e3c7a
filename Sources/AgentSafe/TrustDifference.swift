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
        let options = [
            "-p", "-r", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--full-index",
            "--unified=3",
        ]
        let text = try runGit(
            ["diff-tree"] + options + [old.description, new.description, "--", ".", ":(exclude)trust"],
            environment: ["GIT_LITERAL_PATHSPECS": "0", "GIT_DIFF_OPTS": ""])
        // By bytes: to Swift a line feed after a carriage return is no line feed.
        let all = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        let counts = Self.counts(all)
        var (lines, omitted) = ([String](), 0)
        for line in all {
            if lines.count < TrustDifference.maximumLines, line.count <= TrustDifference.maximumLineLength {
                lines.append(String(decoding: line, as: UTF8.self))
            } else {
                omitted += 1
            }
        }
        let files = changes.filter { !$0.path.hasPrefix("trust/") }.map { change in
            let pair = "\(change.old?.id ?? .zero)..\(change.new?.id ?? .zero)"
            let count = counts[pair] ?? (0, 0)
            return TrustDifference.File(path: change.path, added: count.added, removed: count.removed)
        }
        return TrustDifference(
            files: files, lines: lines, omitted: omitted,
            command: "git diff --text \(old.short) \(new.short) -- . ':(exclude)trust'")
    }

    /// Lines added and removed, by the blobs before and after. `--numstat` would not do: it believes attributes.
    private static func counts(
        _ lines: some Sequence<Substring.UTF8View.SubSequence>
    ) -> [String: (added: Int, removed: Int)] {
        var counts: [String: (added: Int, removed: Int)] = [:]
        var pair: String?
        // How many lines of the hunk are still to come: what stands in a file cannot pretend to be a header.
        var (oldLeft, newLeft) = (0, 0)
        for line in lines {
            let text = Substring(line)
            if oldLeft > 0 || newLeft > 0 {
                let isOld = text.utf8.first != UInt8(ascii: "+")
                let isNew = text.utf8.first != UInt8(ascii: "-")
                if text.utf8.first == UInt8(ascii: "\\") { continue }
                if isOld { oldLeft -= 1 }
                if isNew { newLeft -= 1 }
                if let pair, !isOld { counts[pair, default: (0, 0)].added += 1 }
                if let pair, !isNew { counts[pair, default: (0, 0)].removed += 1 }
            } else if text.hasPrefix("index ") {
                let blobs = String(text.dropFirst(6).prefix { $0 != " " })
                // Files that change alike have one entry, for each of them.
                pair = counts[blobs] == nil ? blobs : nil
            } else if text.hasPrefix("@@ -") {
                let ranges = text.dropFirst(3).split(separator: " ").prefix(2).map(Self.length)
                (oldLeft, newLeft) = (ranges.first ?? 0, ranges.last ?? 0)
            }
        }
        return counts
    }

    /// The length in `-3,7` or `+3`, which stands for 1.
    private static func length(_ range: Substring) -> Int {
        let fields = range.split(separator: ",")
        return fields.count == 2 ? Int(fields[1]) ?? 0 : 1
    }
}
