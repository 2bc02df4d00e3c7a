/// One entry of a tree object.
public struct TreeEntry: Hashable, Sendable {
    /// Octal text as it stands in the tree: `100644`, `100755`, `120000`, `40000`, `160000`.
    public let mode: String
    public let name: String
    public let id: ObjectID

    public init(mode: String, name: String, id: ObjectID) {
        self.mode = mode
        self.name = name
        self.id = id
    }

    /// Names are bytes to git. Swift's own comparison would take two Unicode forms of one name for the same.
    public static func == (left: TreeEntry, right: TreeEntry) -> Bool {
        left.mode == right.mode && left.id == right.id && left.name.utf8.elementsEqual(right.name.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(mode)
        hasher.combine(FileName(name))
    }

    public static let fileMode = "100644"
    public static let treeMode = "40000"
    public var isTree: Bool { mode == Self.treeMode }

    /// The name of the tree without entries.
    private static let emptyTree = ObjectID("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

    /// Git sorts trees as if their names ended in a slash.
    private var sortKey: [UInt8] { Array(name.utf8) + (isTree ? [UInt8(ascii: "/")] : []) }

    /// Parses a tree object (gitformat: mode, space, name, NUL, 20 bytes). Refuses what `git fsck --strict` would: names
    /// that are empty, `.`, `..`, `.git`, hold a slash or invalid UTF-8, unknown modes, and entries out of order.
    static func parse(_ content: [UInt8], of id: ObjectID) throws(GitError) -> [TreeEntry] {
        var entries: [TreeEntry] = []
        var position = 0
        func malformed(_ why: String) -> GitError { GitError(.malformed, "tree \(id): \(why)") }
        while position < content.count {
            guard let space = content[position...].firstIndex(of: UInt8(ascii: " ")),
                let end = content[space...].firstIndex(of: 0), end + 21 <= content.count
            else { throw malformed("an entry is cut short") }
            let mode = String(decoding: content[position..<space], as: UTF8.self)
            guard ["100644", "100755", "120000", "40000", "160000"].contains(mode) else {
                throw malformed("mode `\(mode.prefix(12))` is not one of git's")
            }
            guard let name = String(validating: content[space + 1..<end], as: UTF8.self) else {
                throw malformed("a name is not valid UTF-8")
            }
            guard !name.isEmpty, name != ".", name != "..", !isGitFolder(name), !name.utf8.contains(UInt8(ascii: "/"))
            else { throw malformed("`\(name.prefix(40))` is no name for a file") }
            let entry = TreeEntry(
                mode: mode, name: name, id: ObjectID(bytes: Array(content[end + 1..<end + 21])))
            if let last = entries.last, !last.sortKey.lexicographicallyPrecedes(entry.sortKey) {
                throw malformed("entries are out of order")
            }
            if entry.isTree {
                // A file of the same name sorts before; what stands between them starts with that name.
                for other in entries.reversed() {
                    guard other.name.utf8.starts(with: name.utf8) else { break }
                    guard other.name.utf8.count > name.utf8.count else { throw malformed("a name stands there twice") }
                }
            }
            // Git itself never writes one, and a comparison of files would not see it.
            guard entry.id != emptyTree else { throw malformed("`\(name.prefix(40))` is an empty folder") }
            entries.append(entry)
            position = end + 21
        }
        return entries
    }

    /// Whether some file system takes `name` for `.git`, as git's own check has it: in any case, by its short name on
    /// Windows or with an ending that Windows drops, or with characters that macOS drops.
    private static func isGitFolder(_ name: String) -> Bool {
        // A cheap look first: nearly no name comes further.
        guard let first = name.utf8.first,
            first == UInt8(ascii: ".") || first | 0x20 == UInt8(ascii: "g") || first >= 0x80
        else { return false }
        let ignored: [ClosedRange<UInt32>] = [0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF...0xFEFF]
        let kept = name.lowercased().unicodeScalars.filter { scalar in !ignored.contains { $0.contains(scalar.value) } }
        for forbidden in [".git", "git~1"] where kept.starts(with: forbidden.unicodeScalars) {
            let ending = kept.dropFirst(forbidden.unicodeScalars.count).drop { $0 == " " || $0 == "." }
            if ending.isEmpty || ending.first == ":" || ending.first == "\\" { return true }
        }
        return false
    }

    static func serialise(_ entries: [TreeEntry]) -> [UInt8] {
        var content: [UInt8] = []
        for entry in entries.sorted(by: { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }) {
            content.append(contentsOf: entry.mode.utf8)
            content.append(UInt8(ascii: " "))
            content.append(contentsOf: entry.name.utf8)
            content.append(0)
            content.append(contentsOf: entry.id.bytes)
        }
        return content
    }
}

/// A name as git compares names: by its bytes.
private struct FileName: Hashable {
    let bytes: [UInt8]

    init(_ name: some StringProtocol) { bytes = Array(name.utf8) }
}

extension Repository {
    /// The entry at a slash-separated path below `root`; nil when there is none.
    public func entry(at path: String, in root: ObjectID) throws(GitError) -> TreeEntry? {
        var current = root
        let segments = path.split(separator: "/")
        for (index, segment) in segments.enumerated() {
            guard let entry = try tree(current).first(where: { $0.name.utf8.elementsEqual(segment.utf8) }) else {
                return nil
            }
            if index == segments.count - 1 { return entry }
            guard entry.isTree else { return nil }
            current = entry.id
        }
        return nil
    }

    /// The content of the regular file at `path`; nil when there is none.
    public func file(_ path: String, in root: ObjectID, limit: Int = 16 << 20) throws(GitError) -> [UInt8]? {
        guard let entry = try entry(at: path, in: root), entry.mode == TreeEntry.fileMode || entry.mode == "100755"
        else { return nil }
        return try blob(entry.id, limit: limit)
    }

    /// The entries of the folder at `path`; empty when there is none.
    public func folder(_ path: String, in root: ObjectID) throws(GitError) -> [TreeEntry] {
        guard let entry = try entry(at: path, in: root), entry.isTree else { return [] }
        return try tree(entry.id)
    }

    /// Writes `content` into a blob and returns its name.
    public func writeBlob(_ content: [UInt8]) throws(GitError) -> ObjectID { try write(.blob, content) }

    /// The tree that `root` becomes when each path gets its blob, or goes away for nil. Folders that end up empty vanish.
    public func edit(_ root: ObjectID?, _ edits: [String: ObjectID?]) throws(GitError) -> ObjectID {
        var grouped: [FileName: [String: ObjectID?]] = [:]
        var entries: [FileName: TreeEntry] = [:]
        if let root { for entry in try tree(root) { entries[FileName(entry.name)] = entry } }
        for (path, blob) in edits {
            if let slash = path.firstIndex(of: "/") {
                let rest = String(path[path.index(after: slash)...])
                grouped[FileName(path[..<slash]), default: [:]][rest] = blob
            } else {
                entries[FileName(path)] = blob.map { TreeEntry(mode: TreeEntry.fileMode, name: path, id: $0) }
            }
        }
        for (name, inner) in grouped {
            let below = entries[name].flatMap { $0.isTree ? $0.id : nil }
            // What is not there needs no removing: a file in the folder's place stays.
            if below == nil, inner.values.allSatisfy({ $0 == nil }) { continue }
            let edited = try edit(below, inner)
            let text = String(decoding: name.bytes, as: UTF8.self)
            let entry = TreeEntry(mode: TreeEntry.treeMode, name: text, id: edited)
            entries[name] = try tree(edited).isEmpty ? nil : entry
        }
        return try write(.tree, TreeEntry.serialise(Array(entries.values)))
    }
}

/// One path whose blob differs between two trees.
public struct TreeChange: Hashable, Sendable {
    public let path: String
    public let old: TreeEntry?
    public let new: TreeEntry?
}

extension Repository {
    /// The differing files between two trees, sorted by path. Equal subtrees are not opened. Refuses more than `limit`.
    public func changes(
        from old: ObjectID?, to new: ObjectID?, limit: Int = 100_000
    ) throws(GitError) -> [TreeChange] {
        var found: [TreeChange] = []
        try compare(old, new, prefix: "", depth: 0, limit: limit, into: &found)
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private func compare(
        _ old: ObjectID?, _ new: ObjectID?, prefix: String, depth: Int, limit: Int, into found: inout [TreeChange]
    ) throws(GitError) {
        if old == new { return }
        guard depth < 64 else { throw GitError(.malformed, "folders are nested deeper than 64 levels at `\(prefix)`") }
        var before: [FileName: TreeEntry] = [:]
        if let old { for entry in try tree(old) { before[FileName(entry.name)] = entry } }
        for entry in try new.map({ (id) throws(GitError) in try tree(id) }) ?? [] {
            let previous = before.removeValue(forKey: FileName(entry.name))
            if previous == entry { continue }
            try compareEntry(previous, entry, path: prefix + entry.name, depth: depth, limit: limit, into: &found)
        }
        for entry in before.values {
            try compareEntry(entry, nil, path: prefix + entry.name, depth: depth, limit: limit, into: &found)
        }
    }

    private func compareEntry(
        _ old: TreeEntry?, _ new: TreeEntry?, path: String, depth: Int, limit: Int, into found: inout [TreeChange]
    ) throws(GitError) {
        let oldTree = old.flatMap { $0.isTree ? $0.id : nil }
        let newTree = new.flatMap { $0.isTree ? $0.id : nil }
        let oldFile = old.flatMap { $0.isTree ? nil : $0 }
        let newFile = new.flatMap { $0.isTree ? nil : $0 }
        if oldTree != nil || newTree != nil {
            try compare(oldTree, newTree, prefix: path + "/", depth: depth + 1, limit: limit, into: &found)
        }
        if oldFile != newFile {
            found.append(TreeChange(path: path, old: oldFile, new: newFile))
            guard found.count <= limit else {
                throw GitError(.malformed, "more than \(limit) files differ")
            }
        }
    }
}
