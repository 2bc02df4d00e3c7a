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
        for byte in name.utf8 { hasher.combine(byte) }
    }

    public static let fileMode = "100644"
    public static let treeMode = "40000"
    public var isTree: Bool { mode == Self.treeMode }
    /// Whether it is a plain file, executable or not.
    var isFile: Bool { mode == Self.fileMode || mode == "100755" }

    static func serialise(_ entries: [TreeEntry]) -> [UInt8] {
        var tree = TreeObject()
        for entry in entries { tree.set(entry.name[...], mode: entry.mode, id: entry.id) }
        return tree.content
    }
}

/// The parts of a slash-separated path, without those that are empty.
struct PathParts: Sequence, IteratorProtocol {
    private var rest: Substring

    init(_ path: String) { rest = path[...] }

    mutating func next() -> Substring? {
        while true {
            guard !rest.isEmpty else { return nil }
            let utf8 = rest.utf8
            let end = utf8.firstIndex(of: UInt8(ascii: "/")) ?? utf8.endIndex
            let part = rest[..<end]
            rest = end == utf8.endIndex ? "" : rest[utf8.index(after: end)...]
            if !part.isEmpty { return part }
        }
    }

    var isAtEnd: Bool { rest.utf8.allSatisfy { $0 == UInt8(ascii: "/") } }
}

extension Repository {
    /// The entry at a slash-separated path below `root`; nil when there is none.
    public func entry(at path: String, in root: ObjectID) throws(GitError) -> TreeEntry? {
        var current = root
        var parts = PathParts(path)
        while let part = parts.next() {
            let tree = try treeObject(current)
            guard let index = tree.index(of: part) else { return nil }
            if parts.isAtEnd { return tree[index] }
            guard tree.isTree(index) else { return nil }
            current = tree.id(index)
        }
        return nil
    }

    /// The content of the regular file at `path`; nil when there is none.
    public func file(_ path: String, in root: ObjectID, limit: Int = 16 << 20) throws(GitError) -> [UInt8]? {
        guard let entry = try entry(at: path, in: root), entry.isFile else { return nil }
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
        let draft = try TreeDraft(self, root: root)
        // A removal never takes away what another edit puts in its place.
        for (path, blob) in edits where blob == nil { try draft.remove(path) }
        for (path, blob) in edits { if let blob { try draft.set(path, blob: blob) } }
        return try draft.write()
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
        let (before, after) = (try treeObject(orEmpty: old), try treeObject(orEmpty: new))
        try TreeObject.differences(before, after) { (left, right) throws(GitError) in
            let (left, right) = (left.map { before[$0] }, right.map { after[$0] })
            guard let entry = right ?? left else { return }
            let path = prefix + entry.name
            if entry.isTree {
                try compare(left?.id, right?.id, prefix: path + "/", depth: depth + 1, limit: limit, into: &found)
                return
            }
            found.append(TreeChange(path: path, old: left, new: right))
            guard found.count <= limit else { throw GitError(.malformed, "more than \(limit) files differ") }
        }
    }
}
