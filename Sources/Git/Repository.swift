internal import CLibgit2
internal import CryptoPrimitives
internal import OperatingSystem

/// One local repository: its objects, references and settings. Talks to no network; see `RemoteConnection`.
///
/// Not thread-safe: use one from one thread.
public final class Repository {
    let handle: OpaquePointer
    let database: OpaquePointer
    private var treeCache: [ObjectID: TreeObject] = [:]
    /// Bytes in `treeCache`.
    private var treeCacheSize = 0
    private static let treeCacheLimit = 64 << 20
    private let borrowed: BorrowedObjects?
    /// Objects that were written, and whose files may not outlive the machine's power yet.
    var unsynced: [ObjectID] = []
    private let hasher = SHA1()

    /// Opens the repository that holds `path`, searching upwards as git does.
    ///
    /// - Parameters:
    ///   - gitDirectory: the repository itself, where it need not be searched for.
    ///   - borrowed: folders of objects that are read besides the repository's own, and what is written then; nil: none.
    /// - Throws: `GitError` for no repository, and for the kinds whose history cannot be judged: shallow and partial clones
    ///   (objects are missing), SHA-256 repositories (libgit2 cannot read them).
    public init(
        containing path: String, gitDirectory: String? = nil, borrowing borrowed: BorrowedObjects? = nil
    ) throws(GitError) {
        _ = Self.initialise
        var handle: OpaquePointer?
        let status =
            gitDirectory.map { git_repository_open(&handle, $0) }
            ?? git_repository_open_ext(&handle, path, 0, nil)
        guard status == 0, let handle else {
            throw Self.openingError(status, gitDirectory ?? path, mayBeAbove: gitDirectory == nil)
        }
        self.handle = handle
        self.borrowed = borrowed
        var database: OpaquePointer?
        let databaseStatus = git_repository_odb(&database, handle)
        guard databaseStatus == 0, let database else {
            let error = GitError.last("git_repository_odb", databaseStatus)
            git_repository_free(handle)
            throw error
        }
        self.database = database
        try Self.syncReferences(of: handle)
        if git_repository_is_shallow(handle) == 1 {
            throw GitError(
                .unsupported,
                "this clone is shallow, so history cannot be judged; run `git fetch --unshallow` (in CI: `fetch-depth: 0`)"
            )
        }
        // Which of the two git writes depends on its version.
        let promisors = try configurations(matching: "^remote\\..*\\.promisor$")
        if try configuration("extensions.partialclone") != nil || promisors.contains(where: { $0.value != "false" }) {
            throw GitError(
                .unsupported, "this clone is partial, so objects are missing; clone again without `--filter`")
        }
        if let borrowed { try borrow(borrowed) }
    }

    /// The same repository with handles of its own, for another thread. What this one holds in memory alone is not there.
    public func reopened() throws(GitError) -> Repository {
        try Repository(containing: gitDirectory, gitDirectory: gitDirectory, borrowing: borrowed)
    }

    deinit {
        git_odb_free(database)
        git_repository_free(handle)
    }

    /// The `.git` folder, with a trailing slash.
    public var gitDirectory: String { String(cString: git_repository_path(handle)) }
    /// The work tree's folder with a trailing slash, or nil for a bare repository.
    public var workTree: String? { git_repository_workdir(handle).map { String(cString: $0) } }
    /// Where `git -C` should start.
    public var commandDirectory: String { workTree ?? gitDirectory }

    // MARK: - Settings

    /// The value of a git setting, with the user's and the system's files taken into account.
    public func configuration(_ name: String) throws(GitError) -> String? {
        var snapshot: OpaquePointer?
        try check(git_repository_config_snapshot(&snapshot, handle), "git_repository_config_snapshot")
        defer { git_config_free(snapshot) }
        var value: UnsafePointer<CChar>?
        let status = git_config_get_string(&value, snapshot, name)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try check(status, "git_config_get_string")
        return value.map { String(cString: $0) }
    }

    /// All settings whose name matches `pattern` (a POSIX regular expression), in file order.
    public func configurations(matching pattern: String) throws(GitError) -> [(name: String, value: String)] {
        var snapshot: OpaquePointer?
        try check(git_repository_config_snapshot(&snapshot, handle), "git_repository_config_snapshot")
        defer { git_config_free(snapshot) }
        var iterator: OpaquePointer?
        try check(git_config_iterator_glob_new(&iterator, snapshot, pattern), "git_config_iterator_glob_new")
        defer { git_config_iterator_free(iterator) }
        var found: [(name: String, value: String)] = []
        var entry: UnsafeMutablePointer<git_config_entry>?
        while true {
            let status = git_config_next(&entry, iterator)
            if status == GIT_ITEROVER.rawValue { return found }
            try check(status, "git_config_next")
            guard let entry else { return found }
            found.append((String(cString: entry.pointee.name), entry.pointee.value.map { String(cString: $0) } ?? ""))
        }
    }

    /// Writes a setting into the repository's own file.
    public func setConfiguration(_ name: String, _ value: String) throws(GitError) {
        var configuration: OpaquePointer?
        try check(git_repository_config(&configuration, handle), "git_repository_config")
        defer { git_config_free(configuration) }
        var local: OpaquePointer?
        try check(git_config_open_level(&local, configuration, GIT_CONFIG_LEVEL_LOCAL), "git_config_open_level")
        defer { git_config_free(local) }
        try check(git_config_set_string(local, name, value), "git_config_set_string")
    }

    // MARK: - Objects

    /// The raw bytes of an object, held against its name.
    ///
    /// By SHA-1 alone: whether somebody made a collision was looked for when the object came in, by git and by libgit2.
    public func read(_ id: ObjectID, limit: Int = 64 << 20) throws(GitError) -> RawObject {
        var identifier = id.native
        // The header tells the size before anything is unpacked: a few packed bytes can stand for gigabytes.
        var (announced, kind) = (0, GIT_OBJECT_INVALID)
        let found = git_odb_read_header(&announced, &kind, database, &identifier)
        if found == GIT_ENOTFOUND.rawValue { throw GitError(.missing, "object \(id) is missing") }
        try check(found, "git_odb_read_header")
        guard announced <= limit else { throw GitError(.malformed, "object \(id) is larger than \(limit) bytes") }
        var object: OpaquePointer?
        try check(git_odb_read(&object, database, &identifier), "git_odb_read")
        defer { git_odb_object_free(object) }
        let size = git_odb_object_size(object)
        guard let kind = ObjectKind(git_odb_object_type(object)) else {
            throw GitError(.malformed, "object \(id) is of no known kind")
        }
        let content = Array(UnsafeRawBufferPointer(start: git_odb_object_data(object), count: size))
        guard try name(of: kind, content) == id else {
            throw GitError(.malformed, "object \(id) is damaged: its content has another name; run `git fsck`")
        }
        return RawObject(kind: kind, content: content)
    }

    public func contains(_ id: ObjectID) -> Bool {
        var identifier = id.native
        return git_odb_exists(database, &identifier) == 1
    }

    /// Writes an object, which outlives the machine's power from the next ``sync()`` or ``setReference(_:to:from:message:)``.
    @discardableResult
    public func write(_ kind: ObjectKind, _ content: [UInt8]) throws(GitError) -> ObjectID {
        var identifier = git_oid()
        try faultPoint("object.write", "git_odb_write", "\(kind) of \(content.count) bytes")
        defer { FaultPoint.reach("object.stands", "\(kind)") }
        try check(git_odb_write(&identifier, database, content, content.count, kind.native), "git_odb_write")
        let id = ObjectID(identifier)
        guard borrowed == nil else { return id }
        if removeEmptyFile(of: id) {
            try check(git_odb_write(&identifier, database, content, content.count, kind.native), "git_odb_write")
        }
        if Self.isDurable { unsynced.append(id) }
        return id
    }

    public func blob(_ id: ObjectID, limit: Int = 64 << 20) throws(GitError) -> [UInt8] {
        let object = try read(id, limit: limit)
        guard object.kind == .blob else { throw GitError(.malformed, "object \(id) is no blob") }
        return object.content
    }

    public func tree(_ id: ObjectID) throws(GitError) -> [TreeEntry] { try treeObject(id).entries }

    func treeObject(_ id: ObjectID) throws(GitError) -> TreeObject {
        if let cached = treeCache[id] { return cached }
        let object = try read(id)
        guard object.kind == .tree else { throw GitError(.malformed, "object \(id) is no tree") }
        let tree = try TreeObject(checking: object.content, of: id)
        treeCacheSize += object.content.count + 100
        if treeCacheSize > Self.treeCacheLimit {
            treeCache.removeAll()
            treeCacheSize = object.content.count + 100
        }
        treeCache[id] = tree
        return tree
    }

    func treeObject(orEmpty id: ObjectID?) throws(GitError) -> TreeObject {
        guard let id else { return TreeObject() }
        return try treeObject(id)
    }

    /// The name that an object has or would have. Nothing is written.
    ///
    /// By OpenSSL's SHA-1, which is many times as fast as libgit2's and does not look for collisions, as that does.
    public func name(of kind: ObjectKind, _ content: [UInt8]) throws(GitError) -> ObjectID {
        let header = Array("\(kind.name) \(content.count)\0".utf8)
        guard let id = hasher.hash(header, content, { ObjectID($0) }) else {
            throw GitError(.failed, "OpenSSL has no SHA-1, which git names objects by; check its configuration")
        }
        return id
    }

    public func commit(_ id: ObjectID, limit: Int = 4 << 20) throws(GitError) -> Commit {
        try Commit(id: id, raw: try commitContent(id, limit: limit))
    }

    func commitContent(_ id: ObjectID, limit: Int = 4 << 20) throws(GitError) -> [UInt8] {
        let object = try read(id, limit: limit)
        guard object.kind == .commit else { throw GitError(.malformed, "object \(id) is no commit") }
        return object.content
    }

    // MARK: - References

    /// What a reference points at in the end, or nil when there is none. Full names: `refs/heads/main`.
    public func reference(_ name: String) throws(GitError) -> ObjectID? {
        var identifier = git_oid()
        let status = git_reference_name_to_id(&identifier, handle, name)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        if status == GIT_EINVALIDSPEC.rawValue { return nil }
        try check(status, "git_reference_name_to_id")
        return ObjectID(identifier)
    }

    /// All references below `prefix`, sorted by name.
    public func references(under prefix: String) throws(GitError) -> [(name: String, id: ObjectID)] {
        var iterator: OpaquePointer?
        try check(git_reference_iterator_glob_new(&iterator, handle, prefix + "*"), "git_reference_iterator_glob_new")
        defer { git_reference_iterator_free(iterator) }
        var found: [(name: String, id: ObjectID)] = []
        var name: UnsafePointer<CChar>?
        while true {
            let status = git_reference_next_name(&name, iterator)
            if status == GIT_ITEROVER.rawValue { break }
            try check(status, "git_reference_next_name")
            guard let name else { break }
            let text = String(cString: name)
            if let id = try reference(text) { found.append((text, id)) }
        }
        return found.sorted { $0.name < $1.name }
    }

    /// The full name of the branch that is checked out; nil when HEAD is detached.
    public func headBranch() throws(GitError) -> String? { try symbolicTarget("HEAD") }

    /// What git would take `text` for: a branch, a remote's branch, a tag, or an object name. Never an option.
    public func resolve(_ text: String) throws(GitError) -> ObjectID? {
        if text.hasPrefix("-") { return nil }
        var object: OpaquePointer?
        let status = git_revparse_single(&object, handle, text + "^{commit}")
        if status == GIT_ENOTFOUND.rawValue || status == GIT_EINVALIDSPEC.rawValue
            || status == GIT_EAMBIGUOUS.rawValue || status == GIT_EPEEL.rawValue
        {
            return nil
        }
        try check(status, "git_revparse_single")
        defer { git_object_free(object) }
        return git_object_id(object).map { ObjectID($0.pointee) }
    }

    /// Commits of a branch that are looked at one by one.
    private static let shortBranch = 8

    /// All best common ancestors of two commits.
    public func mergeBases(_ one: ObjectID, _ other: ObjectID) throws(GitError) -> [ObjectID] {
        // A branch on top of the other commit: libgit2 would first read, and sum up, a commit graph of all history.
        var commit = other
        for _ in 0..<Self.shortBranch {
            if commit == one { return [one] }
            let parents = try self.commit(commit).parents
            guard parents.count == 1 else { break }
            commit = parents[0]
        }
        var (first, second) = (one.native, other.native)
        var bases = git_oidarray()
        let status = git_merge_bases(&bases, handle, &first, &second)
        if status == GIT_ENOTFOUND.rawValue { return [] }
        try check(status, "git_merge_bases")
        defer { git_oidarray_dispose(&bases) }
        return (0..<bases.count).map { ObjectID(bases.ids[$0]) }
    }
}

/// What an object is.
public enum ObjectKind: Sendable {
    case blob, tree, commit, tag

    init?(_ native: git_object_t) {
        switch native {
        case GIT_OBJECT_BLOB: self = .blob
        case GIT_OBJECT_TREE: self = .tree
        case GIT_OBJECT_COMMIT: self = .commit
        case GIT_OBJECT_TAG: self = .tag
        default: return nil
        }
    }

    /// As git writes it before an object's size.
    var name: String {
        switch self {
        case .blob: "blob"
        case .tree: "tree"
        case .commit: "commit"
        case .tag: "tag"
        }
    }

    var native: git_object_t {
        switch self {
        case .blob: GIT_OBJECT_BLOB
        case .tree: GIT_OBJECT_TREE
        case .commit: GIT_OBJECT_COMMIT
        case .tag: GIT_OBJECT_TAG
        }
    }
}

public struct RawObject: Sendable {
    public let kind: ObjectKind
    public let content: [UInt8]
}

extension ObjectID {
    init(_ native: git_oid) {
        self = withUnsafeBytes(of: native.id) { ObjectID($0) }
    }

    var native: git_oid {
        var identifier = git_oid()
        withUnsafeMutableBytes(of: &identifier.id) { target in withBytes { target.copyMemory(from: $0) } }
        return identifier
    }
}
