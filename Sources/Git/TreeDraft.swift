/// A tree that is changed in memory. What it has become has a name at any time; nothing is written unless `write` is called.
///
/// Folders are read when something in them is first asked for, so the cost is that of what is touched.
public final class TreeDraft {
    private let repository: Repository
    private let root: Folder

    /// A folder of a draft, as it is in memory. Good for as long as its draft.
    public final class Folder {
        fileprivate let name: [UInt8]
        fileprivate unowned let parent: Folder?
        fileprivate var tree: TreeObject
        /// The folders below that were opened.
        fileprivate var folders: [FolderName: Folder] = [:]
        /// Contents of the files that were set here, by their blobs' names.
        fileprivate var contents: [ObjectID: [UInt8]] = [:]
        /// The folders below that changed since `tree` was brought up to date.
        fileprivate var changedFolders: [Folder] = []
        /// Whether something here or below changed since `id` was found.
        fileprivate var isChanged: Bool
        fileprivate var id: ObjectID?
        fileprivate var isWritten: Bool

        fileprivate init(_ tree: TreeObject, id: ObjectID?, name: [UInt8], below parent: Folder?) {
            self.tree = tree
            self.id = id
            self.name = name
            self.parent = parent
            isChanged = id == nil
            isWritten = id != nil
        }

        /// To be called before anything in the folder is changed.
        fileprivate func touch() {
            var current = self
            while !current.isChanged {
                current.isChanged = true
                guard let parent = current.parent else { return }
                parent.changedFolders.append(current)
                current = parent
            }
        }
    }

    /// - Parameter root: the tree to begin with; nil for none.
    public init(_ repository: Repository, root: ObjectID?) throws(GitError) {
        self.repository = repository
        self.root = Folder(try repository.treeObject(orEmpty: root), id: root, name: [], below: nil)
    }

    // MARK: - Folders

    /// The folder at `path`; nil when there is none.
    public func folder(_ path: String) throws(GitError) -> Folder? {
        var parts = PathParts(path)
        var current = root
        while let part = parts.next() {
            guard let next = try open(part, in: current) else { return nil }
            current = next
        }
        return current
    }

    /// The folder at `path`, an empty one if there is none; nil when a file stands in the way.
    public func makeFolder(_ path: String) throws(GitError) -> Folder? {
        var parts = PathParts(path)
        var current = root
        while let part = parts.next() {
            if let next = try open(part, in: current) {
                current = next
            } else if current.tree.index(of: part) == nil {
                current = make(part, in: current)
            } else {
                return nil
            }
        }
        return current
    }

    private func open(_ name: ArraySlice<UInt8>, in folder: Folder) throws(GitError) -> Folder? {
        let key = FolderName(name)
        if let known = folder.folders[key] { return known }
        guard let index = folder.tree.index(ofTree: name) else { return nil }
        let id = folder.tree.id(index)
        let opened = Folder(try repository.treeObject(id), id: id, name: Array(name), below: folder)
        folder.folders[key] = opened
        return opened
    }

    private func make(_ name: ArraySlice<UInt8>, in folder: Folder) -> Folder {
        let made = Folder(TreeObject(), id: nil, name: Array(name), below: folder)
        folder.folders[FolderName(name)] = made
        folder.touch()
        folder.changedFolders.append(made)
        return made
    }

    /// The folder that holds the last part of `path`, and that part.
    private func parent(of path: String) throws(GitError) -> (folder: Folder, name: ArraySlice<UInt8>)? {
        var parts = PathParts(path)
        var current = root
        while let part = parts.next() {
            if parts.isAtEnd { return (current, part) }
            guard let next = try open(part, in: current) else { return nil }
            current = next
        }
        return nil
    }

    // MARK: - Reading

    /// The blob of the regular file at `path`; nil when there is none.
    public func blob(at path: String) throws(GitError) -> ObjectID? {
        guard let (folder, name) = try parent(of: path) else { return nil }
        return blob(name, in: folder)
    }

    /// The blob of the regular file `name` in a folder; nil when there is none.
    public func blob(_ name: String, in folder: Folder) -> ObjectID? { blob(Array(name.utf8)[...], in: folder) }

    private func blob(_ name: ArraySlice<UInt8>, in folder: Folder) -> ObjectID? {
        guard let index = folder.tree.index(ofFile: name), folder.tree.isRegularFile(index) else { return nil }
        return folder.tree.id(index)
    }

    /// The content of the regular file at `path`; nil when there is none.
    public func file(_ path: String, limit: Int = 16 << 20) throws(GitError) -> [UInt8]? {
        guard let (folder, name) = try parent(of: path), let id = blob(name, in: folder) else { return nil }
        if let content = folder.contents[id] { return content }
        return try repository.blob(id, limit: limit)
    }

    /// The names in a folder in git's order, up to the first that is not less than `bound`; none when there is no folder.
    public func names(in path: String, below bound: String? = nil) throws(GitError) -> [String] {
        guard let folder = try folder(path) else { return [] }
        try bringUpToDate(folder)
        var names: [String] = []
        for index in 0..<folder.tree.count {
            if let bound, !folder.tree.hasName(index, below: bound) { break }
            names.append(folder.tree.name(index))
        }
        return names
    }

    /// Whether one of the folders in the folder `path` has something at `name` below it.
    public func holds(_ name: String, inAnyFolderOf path: String) throws(GitError) -> Bool {
        guard let folder = try folder(path) else { return false }
        try bringUpToDate(folder)
        for index in 0..<folder.tree.count where folder.tree.isTree(index) {
            guard var current = try open(folder.tree.nameBytes(index)[...], in: folder) else { continue }
            var parts = PathParts(name)
            while let part = parts.next() {
                let below = try open(part, in: current)
                if parts.isAtEnd, below != nil || current.tree.index(of: part) != nil { return true }
                guard let below else { break }
                current = below
            }
        }
        return false
    }

    // MARK: - Changing

    /// Puts a file with this content at `path`, instead of whatever is there.
    public func set(_ path: String, _ content: [UInt8]) throws(GitError) {
        let id = try repository.name(of: .blob, content)
        try set(path, id)?.contents[id] = content
    }

    /// Puts a blob that the object database has at `path`, as a plain file, instead of whatever is there.
    public func set(_ path: String, blob: ObjectID) throws(GitError) { try set(path, blob) }

    /// Puts a blob into a folder, where nothing of that name is yet.
    ///
    /// - Returns: false, and nothing was changed, if there is.
    public func add(_ name: String, blob: ObjectID, to folder: Folder) -> Bool {
        let name = Array(name.utf8)[...]
        guard folder.tree.index(of: name) == nil, folder.folders[FolderName(name)] == nil else { return false }
        folder.touch()
        folder.tree.set(name, mode: TreeEntry.fileMode, id: blob)
        return true
    }

    @discardableResult
    private func set(_ path: String, _ blob: ObjectID) throws(GitError) -> Folder? {
        var parts = PathParts(path)
        var current = root
        while let part = parts.next() {
            if parts.isAtEnd {
                if current.folders[FolderName(part)] != nil { try removeFolder(part, from: current) }
                current.touch()
                current.tree.set(part, mode: TreeEntry.fileMode, id: blob)
                return current
            }
            if let opened = try open(part, in: current) {
                current = opened
            } else {
                // A file that stands in the folder's place gives way to it when the names are made.
                current = make(part, in: current)
            }
        }
        return nil
    }

    private func removeFolder(_ name: ArraySlice<UInt8>, from folder: Folder) throws(GitError) {
        try bringUpToDate(folder)
        folder.folders[FolderName(name)] = nil
        if let index = folder.tree.index(ofTree: name) { folder.tree.remove(index) }
    }

    /// Removes the file or the whole folder at `path`; what is not there needs no removing. Folders that end up empty vanish.
    public func remove(_ path: String) throws(GitError) {
        guard let (holder, name) = try parent(of: path) else { return }
        if holder.folders[FolderName(name)] != nil { try bringUpToDate(holder) }
        guard let index = holder.tree.index(of: name) else { return }
        holder.touch()
        holder.folders[FolderName(name)] = nil
        holder.tree.remove(index)
    }

    // MARK: - Names

    /// Enters what became of the folders below.
    private func bringUpToDate(_ folder: Folder) throws(GitError) {
        if folder.changedFolders.isEmpty { return }
        let changed = folder.changedFolders
        folder.changedFolders.removeAll(keepingCapacity: true)
        for below in changed {
            let key = FolderName(below.name[...])
            // Meanwhile it may have been removed, or replaced.
            guard folder.folders[key] === below else { continue }
            try bringUpToDate(below)
            if below.tree.isEmpty {
                folder.folders[key] = nil
                if let index = folder.tree.index(ofTree: below.name[...]) { folder.tree.remove(index) }
            } else {
                folder.tree.set(below.name[...], mode: TreeEntry.treeMode, id: try name(of: below))
            }
        }
    }

    private func name(of folder: Folder) throws(GitError) -> ObjectID {
        if !folder.isChanged, let id = folder.id { return id }
        try bringUpToDate(folder)
        let id = try repository.name(of: .tree, folder.tree.content)
        if id != folder.id { folder.isWritten = false }
        folder.id = id
        folder.isChanged = false
        return id
    }

    /// The name of the tree as it is now.
    public func id() throws(GitError) -> ObjectID { try name(of: root) }

    /// The name of the folder at `path` as it is now; nil when there is none.
    public func id(of path: String) throws(GitError) -> ObjectID? {
        _ = try id()
        guard let folder = try folder(path), !folder.tree.isEmpty else { return nil }
        return try name(of: folder)
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

/// A folder's name as a key: compared and hashed as a few words instead of as a text.
private struct FolderName: Hashable {
    private var words: SIMD4<UInt64> = .zero
    private let count: Int
    /// What does not fit.
    private let rest: [UInt8]

    init(_ name: ArraySlice<UInt8>) {
        count = name.count
        var words = SIMD4<UInt64>.zero
        name.withUnsafeBytes { bytes in
            withUnsafeMutableBytes(of: &words) {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(32)))
            }
        }
        self.words = words
        rest = count > 32 ? Array(name.dropFirst(32)) : []
    }
}
