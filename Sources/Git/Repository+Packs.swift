internal import CLibgit2
internal import CryptoPrimitives

/// Packs that are taken into a repository together: libgit2 looks through all packs of a repository for each object, so that
/// thousands of small ones are slow.
public struct PackBatch: Sendable {
    private var body: [UInt8] = []
    private var held: Set<ObjectID> = []

    public init() {}

    /// Bytes that wait.
    public var size: Int { body.count }
    public var isEmpty: Bool { held.isEmpty }

    public mutating func add(_ pack: StoredPack) {
        // An object that stands in a pack twice is an error to libgit2.
        for object in pack.objects where held.insert(object.id).inserted { body += pack.bytes[object.range] }
    }

    fileprivate var bytes: [UInt8]? {
        let content = StoredPack.head(count: held.count) + body
        return SHA1().hash([], content) { content + Array($0) }
    }
}

extension Repository {
    /// Makes the objects of a batch the repository's own. libgit2 computes their names anew, and looks for collisions.
    public func receive(_ batch: PackBatch) throws(GitError) {
        guard !batch.isEmpty else { return }
        guard let bytes = batch.bytes else {
            throw GitError(.failed, "OpenSSL has no SHA-1, which git names objects by; check its configuration")
        }
        var writer: UnsafeMutablePointer<git_odb_writepack>?
        try check(git_odb_write_pack(&writer, database, nil, nil), "git_odb_write_pack")
        guard let writer, let append = writer.pointee.append, let commit = writer.pointee.commit else { return }
        defer { writer.pointee.free?(writer) }
        var progress = git_indexer_progress()
        try check(bytes.withUnsafeBytes { append(writer, $0.baseAddress, $0.count, &progress) }, "git_odb_write_pack")
        try check(commit(writer, &progress), "git_odb_write_pack")
        try check(git_odb_refresh(database), "git_odb_refresh")
    }
}
