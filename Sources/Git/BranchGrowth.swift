/// What commits bring to a branch that only ever moves on, asked for step by step along its first-parent chain.
///
/// A step brings the commits that are reached from its end without passing a commit of the chain up to its beginning; and of
/// each of them, whatever its tree has, at some path, that its first parent's tree has not at the same path. Together with all
/// earlier steps that is everything that is reached from the branch. What lies on branches that were merged may come twice.
public final class BranchGrowth {
    private let repository: Repository
    /// The chain up to where the last step ended, as far as it was looked at.
    private var chain: Set<ObjectID> = []
    /// The oldest of `chain`; nil when it is a root.
    private var oldest: ObjectID?
    private var end: ObjectID?
    private var trees: [ObjectID: [Entry]] = [:]
    private var treesSize = 0

    /// What a step may reach: what agents wrote to branches that people merged is among it.
    private static let maximumObjects = 2_000_000
    private static let treeMemory = 32 << 20

    public init(_ repository: Repository) { self.repository = repository }

    /// The objects that come with the step.
    ///
    /// - Parameters:
    ///   - base: where the branch stood; nil: it did not exist.
    ///   - tip: where it stands after the step.
    /// - Throws: `GitError` of code `malformed` when `tip` does not lead to `base` by first parents.
    public func objects(from base: ObjectID?, to tip: ObjectID) throws(GitError) -> Set<ObjectID> {
        if base == nil || base != end {
            chain = base.map { [$0] } ?? []
            oldest = base
        }
        end = tip
        if base == tip { return [] }
        var found: Set<ObjectID> = []
        var pairs: Set<Pair> = []
        var others: [ObjectID] = []
        var next: ObjectID? = tip
        var path: [ObjectID] = []
        while let id = next, id != base {
            let commit = try links(of: id)
            path.append(id)
            try add(id, commit, to: &found, &pairs)
            others += commit.parents.dropFirst()
            next = commit.parents.first
        }
        guard next == base else {
            throw GitError(.malformed, "\(tip.short) does not contain \(base?.short ?? ""), which went before")
        }
        while let id = others.popLast() {
            if found.contains(id) { continue }
            if try isOnChain(id) { continue }
            let commit = try links(of: id)
            try add(id, commit, to: &found, &pairs)
            others += commit.parents
        }
        if base == nil { oldest = nil }
        chain.formUnion(path)
        return found
    }

    /// Whether the branch had passed a commit before the step began.
    private func isOnChain(_ id: ObjectID) throws(GitError) -> Bool {
        if chain.contains(id) { return true }
        while let last = oldest {
            oldest = try links(of: last).parents.first
            if let oldest {
                chain.insert(oldest)
                if oldest == id { return true }
            }
        }
        return false
    }

    private typealias Links = (tree: ObjectID, parents: [ObjectID])

    /// What a commit leads to, whatever else it says: on a merged branch may lie what no rule has looked at.
    private func links(of id: ObjectID) throws(GitError) -> Links {
        let raw = try repository.commitContent(id, limit: 64 << 20)
        func object(_ name: StaticString, at start: Int) -> ObjectID? {
            let (digits, end) = (start + name.utf8CodeUnitCount, start + name.utf8CodeUnitCount + 2 * ObjectID.size)
            guard end < raw.count, raw[end] == UInt8(ascii: "\n"),
                raw[start..<digits].elementsEqual(
                    UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            else { return nil }
            return raw.withUnsafeBufferPointer { ObjectID(digits: UnsafeBufferPointer(rebasing: $0[digits..<end])) }
        }
        guard let tree = object("tree ", at: 0) else { throw GitError(.malformed, "commit \(id) names no tree") }
        var (parents, position): ([ObjectID], Int) = ([], 46)
        while let parent = object("parent ", at: position) {
            parents.append(parent)
            position += 48
        }
        return (tree, parents)
    }

    private func add(
        _ id: ObjectID, _ commit: Links, to found: inout Set<ObjectID>, _ pairs: inout Set<Pair>
    ) throws(GitError) {
        found.insert(id)
        let before = try commit.parents.first.map { (id) throws(GitError) in try links(of: id).tree }
        // Not by recursion: somebody may have nested folders ten thousand deep.
        var waiting = [Pair(new: commit.tree, old: before)]
        while let pair = waiting.popLast() {
            guard pair.new != pair.old, pairs.insert(pair).inserted else { continue }
            guard found.count + pairs.count <= Self.maximumObjects else {
                throw GitError(.unsupported, "commit \(id.short) brings more than \(Self.maximumObjects) objects")
            }
            found.insert(pair.new)
            let old = try pair.old.map { (id) throws(GitError) in try entries(id) } ?? []
            var known: [ArraySlice<UInt8>: Entry] = [:]
            for entry in old { known[entry.name] = entry }
            for entry in try entries(pair.new) where entry.kind != .commit {
                let same = known[entry.name].flatMap { $0.kind == entry.kind ? $0.id : nil }
                if entry.kind == .tree {
                    waiting.append(Pair(new: entry.id, old: same))
                } else if entry.id != same {
                    found.insert(entry.id)
                }
            }
        }
    }

    private struct Pair: Hashable {
        let new: ObjectID
        let old: ObjectID?
    }

    private struct Entry {
        let name: ArraySlice<UInt8>
        /// `commit`: a submodule, whose commit lies elsewhere.
        let kind: ObjectKind
        let id: ObjectID
    }

    /// A tree's entries, with any mode that a git has ever written.
    private func entries(_ tree: ObjectID) throws(GitError) -> [Entry] {
        if let known = trees[tree] { return known }
        let malformed = GitError(.malformed, "tree \(tree) cannot be read")
        let object = try repository.read(tree)
        guard object.kind == .tree else { throw malformed }
        var entries: [Entry] = []
        var rest = object.content[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                let zero = rest[space...].firstIndex(of: 0), rest.endIndex - zero > ObjectID.size,
                let mode = Int(String(decoding: rest[..<space], as: UTF8.self), radix: 8)
            else { throw malformed }
            let kind: ObjectKind =
                switch mode & 0o170000 {
                case 0o040000: .tree
                case 0o160000: .commit
                default: .blob
                }
            let id = ObjectID(bytes: rest[(zero + 1)...].prefix(ObjectID.size))
            entries.append(Entry(name: rest[(space + 1)..<zero], kind: kind, id: id))
            rest = rest[(zero + 1 + ObjectID.size)...]
        }
        treesSize += object.content.count + 100
        if treesSize > Self.treeMemory {
            trees.removeAll()
            treesSize = object.content.count + 100
        }
        trees[tree] = entries
        return entries
    }
}
