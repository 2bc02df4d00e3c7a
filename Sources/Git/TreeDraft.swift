/// A tree that is changed in memory. What it has become has a name at any time; nothing is written unless `write` is called.
///
/// Folders are read when something in them is first asked for, so the cost is that of what is touched.
public final class TreeDraft {
    private let repository: Repository
    private let root: Folder

    /// A folder as it is in memory.
    private final class Folder {
        var tree: TreeObject
        /// The folders that were opened.
        var folders: [Substring: Folder] = [:]
        /// Contents of the files that were set here, by their blobs' names.
        var contents: [ObjectID: [UInt8]] = [:]
        /// Names of folders in `folders` that changed since `tree` was brought up to date.
        var changed: Set<Substring> = []
        /// nil: to be computed.
        var id: ObjectID?
        var isWritten: Bool

        init(_ tree: TreeObject, id: ObjectID?) {
            self.tree = tree
            self.id = id
            isWritten = id != nil
        }
    }

    /// - Parameter root: the tree to begin with; nil for none.
    public init(_ repository: Repository, root: ObjectID?) throws(GitError) {
        self.repository = repository
        self.root = Folder(try repository.treeObject(orEmpty: root), id: root)
    }

    // MARK: - Reading

    /// The folder at the end of `parts`; nil when there is none.
    private func folder(_ parts: PathParts) throws(GitError) -> Folder? {
        var current = root
        for part in parts {
            guard let next = try open(part, in: current) else { return nil }
            current = next
        }
        return current
    }

    private func open(_ name: Substring, in folder: Folder) throws(GitError) -> Folder? {
        if let known = folder.folders[name] { return known }
        guard let index = folder.tree.index(ofTree: name) else { return nil }
        let id = folder.tree.id(index)
        let opened = Folder(try repository.treeObject(id), id: id)
        folder.folders[Self.kept(name)] = opened
        return opened
    }

    /// A name that does not keep the path alive that it was cut from.
    private static func kept(_ name: Substring) -> Substring { String(name)[...] }

    /// The folder that holds the last part of `path`, and that part.
    private func parent(of path: String) throws(GitError) -> (folder: Folder, name: Substring)? {
        var parts = PathParts(path)
        var current = root
        while let part = parts.next() {
            if parts.isAtEnd { return (current, part) }
            guard let next = try open(part, in: current) else { return nil }
            current = next
        }
        return nil
    }

    /// The blob of the regular file at `path`; nil when there is none.
    public func blob(at path: String) throws(GitError) -> ObjectID? {
        guard let (folder, name) = try parent(of: path), let index = folder.tree.index(of: name),
            folder.tree[index].isFile
        else { return nil }
        return folder.tree.id(index)
    }

    /// The content of the regular file at `path`; nil when there is none.
    public func file(_ path: String, limit: Int = 16 << 20) throws(GitError) -> [UInt8]? {
        guard let (folder, name) = try parent(of: path), let index = folder.tree.index(of: name),
            folder.tree[index].isFile
        else { return nil }
        let id = folder.tree.id(index)
        if let content = folder.contents[id] { return content }
        return try repository.blob(id, limit: limit)
    }

    /// The names in a folder in git's order, up to the first that is not less than `bound`; none when there is no folder.
    public func names(in path: String, below bound: String? = nil) throws(GitError) -> [String] {
        guard let folder = try folder(PathParts(path)) else { return [] }
        try bringUpToDate(folder)
        var names: [String] = []
        for index in 0..<folder.tree.count {
            let name = folder.tree.name(index)
            if let bound, !name.utf8.lexicographicallyPrecedes(bound.utf8) { break }
            names.append(name)
        }
        return names
    }

    // MARK: - Changing

    /// Puts a file with this content at `path`, instead of whatever is there.
    public func set(_ path: String, _ content: [UInt8]) throws(GitError) {
        let id = try repository.name(of: .blob, content)
        let folder = try set(path, id)
        folder?.contents[id] = content
    }

    /// Puts a blob that the object database has at `path`, as a plain file.
    public func set(_ path: String, blob: ObjectID) throws(GitError) { try set(path, blob) }

    @discardableResult
    private func set(_ path: String, _ blob: ObjectID) throws(GitError) -> Folder? {
        var parts = PathParts(path)
        var current = root
        while let part = parts.next() {
            current.id = nil
            if parts.isAtEnd {
                current.folders[part] = nil
                current.changed.remove(part)
                current.tree.set(part, mode: TreeEntry.fileMode, id: blob)
                return current
            }
            let next: Folder
            if let opened = try open(part, in: current) {
                next = opened
            } else {
                // A file that stands in a folder's place gives way to it when the names are made.
                next = Folder(TreeObject(), id: nil)
                current.folders[Self.kept(part)] = next
            }
            current.changed.insert(Self.kept(part))
            current = next
        }
        return nil
    }

    /// Removes the file or the whole folder at `path`; what is not there needs no removing. Folders that end up empty vanish.
    public func remove(_ path: String) throws(GitError) {
        guard let (holder, name) = try parent(of: path) else { return }
        if holder.changed.contains(name) { try bringUpToDate(holder) }
        guard let index = holder.tree.index(of: name) else { return }
        holder.folders[name] = nil
        holder.tree.remove(index)
        var current = root
        for part in PathParts(path) {
            current.id = nil
            guard current !== holder, let next = current.folders[part] else { return }
            current.changed.insert(Self.kept(part))
            current = next
        }
    }

    // MARK: - Names

    /// Enters what became of the folders below.
    private func bringUpToDate(_ folder: Folder) throws(GitError) {
        for name in folder.changed {
            guard let below = folder.folders[name] else { continue }
            try bringUpToDate(below)
            if below.tree.isEmpty {
                folder.folders[name] = nil
                if let index = folder.tree.index(ofTree: name) { folder.tree.remove(index) }
            } else {
                folder.tree.set(name, mode: TreeEntry.treeMode, id: try self.name(of: below))
            }
        }
        folder.changed.removeAll()
    }

    private func name(of folder: Folder) throws(GitError) -> ObjectID {
        if let id = folder.id { return id }
        try bringUpToDate(folder)
        let id = try repository.name(of: .tree, folder.tree.content)
        folder.id = id
        folder.isWritten = false
        return id
    }

    /// The name of the tree as it is now.
    public func id() throws(GitError) -> ObjectID { try name(of: root) }

    /// The name of the folder at `path` as it is now; nil when there is none.
    public func id(of path: String) throws(GitError) -> ObjectID? {
        guard let folder = try folder(PathParts(path)) else { return nil }
        try bringUpToDate(folder)
        return folder.tree.isEmpty ? nil : try name(of: folder)
    }

    // MARK: - Writing

    /// Writes whatever the object database lacks, and returns the tree's name.
    public func write() throws(GitError) -> ObjectID {
        let id = try id()
        try write(root)
        return id
    }

    private func write(_ folder: Folder) throws(GitError) {
        for below in folder.folders.values { try write(below) }
        if !folder.contents.isEmpty {
            // What was set and then replaced is not written.
            for index in 0..<folder.tree.count {
                if let content = folder.contents[folder.tree.id(index)] { try repository.write(.blob, content) }
            }
            folder.contents = [:]
        }
        if folder.isWritten { return }
        try repository.write(.tree, folder.tree.content)
        folder.isWritten = true
    }
}
