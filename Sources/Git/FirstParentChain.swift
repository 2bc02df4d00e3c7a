/// The names on a first-parent chain, read with as little work as can be; the commits' bytes are kept as far as memory is
/// granted, so that nobody need unpack them again.
public struct FirstParentChain: Sendable {
    /// Newest first. The last is where the walk was to end, or a root, or a commit that could not be read so far.
    public private(set) var ids: [ObjectID] = []
    private var contents: [[UInt8]?] = []

    /// Bytes of commits that are kept.
    private static let memory = 128 << 20

    /// Walks from `tip` to `start`, or to the root where `start` is nil or not on the chain.
    public init(_ repository: Repository, from tip: ObjectID, downTo start: ObjectID?) throws(GitError) {
        var kept = 0
        var next: ObjectID? = tip
        while let id = next {
            let raw = try repository.commitContent(id)
            ids.append(id)
            kept += raw.count
            contents.append(kept <= Self.memory ? raw : nil)
            next = id == start ? nil : try Self.firstParent(raw, of: id)
        }
    }

    /// What follows the tree, if it is a parent. Whatever has another form is for the whole reader to judge.
    private static func firstParent(_ raw: [UInt8], of id: ObjectID) throws(GitError) -> ObjectID? {
        // `tree <40 digits>\nparent <40 digits>\n`
        let (start, end) = (46 + 7, 46 + 7 + 40)
        let isUsual = raw.count > end && raw[46..<start].elementsEqual("parent ".utf8) && raw[45] == UInt8(ascii: "\n")
        guard isUsual, raw[end] == UInt8(ascii: "\n"),
            let parent = raw.withUnsafeBufferPointer({
                ObjectID(digits: UnsafeBufferPointer(rebasing: $0[start..<end]))
            })
        else { return try Commit(id: id, raw: raw).parents.first }
        return parent
    }

    /// One commit of the chain, by its place in `ids`.
    public func commit(_ index: Int, in repository: Repository) throws(GitError) -> Commit {
        guard let raw = contents[index] else { return try repository.commit(ids[index]) }
        return try Commit(id: ids[index], raw: raw)
    }
}
