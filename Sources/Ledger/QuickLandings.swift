internal import ChangeModel
internal import Git
internal import OperatingSystem

/// What the commits of a long chain are when each is judged by its own first parent, found out on all cores.
///
/// What one commit says is a function of its tree, so none of this needs the history before it. Only landings and free commits
/// are looked for. Trust commits, and whatever breaks a rule, are left to the history that goes through the chain in order:
/// it takes an answer only for a commit that follows, as first parent, the one that it accepted last.
struct QuickLandings {
    private var kinds: [ObjectID: MainCommitKind] = [:]

    static let pace = Pace(minimum: 64, stretch: 64)

    /// - Parameter chain: newest first; each commit's first parent is the next one.
    init(_ chain: [Commit], in repository: Repository, pace: Pace) {
        guard chain.count >= pace.minimum else { return }
        let portions = Portions(count: chain.count - 1, size: pace.stretch)
        nonisolated(unsafe) let original = repository
        let found = Locked<[ObjectID: MainCommitKind]>([:])
        Threads.run(portions.workers) { _ in
            guard let repository = try? original.reopened(),
                let judge = try? LandingJudge(repository, newest: chain[0].tree)
            else { return }
            while let portion = portions.next() {
                var own: [ObjectID: MainCommitKind] = [:]
                // Oldest first: each tree is made from the one before.
                for index in portion.reversed() {
                    let (commit, parent) = (chain[index], chain[index + 1])
                    guard commit.parents.first == parent.id else { continue }
                    own[commit.id] = try? judge.kind(of: commit, after: parent)
                }
                let news = own
                found.withLock { $0.merge(news) { known, _ in known } }
            }
        }
        kinds = found.withLock { $0 }
    }

    func kind(of commit: Commit, after accepted: ObjectID) -> MainCommitKind? {
        commit.parents.first == accepted ? kinds[commit.id] : nil
    }
}

/// Says what commits are, one after the other.
private final class LandingJudge {
    private let repository: Repository
    private let states: StatesByContent
    /// The newest tree of main: it tells where blobs are, and proves nothing.
    private let newest: TreeDraft
    /// A tree in memory, and the name that it has.
    private var tree: (draft: TreeDraft, id: ObjectID)?

    init(_ repository: Repository, newest: ObjectID) throws(GitError) {
        self.repository = repository
        states = StatesByContent(repository)
        self.newest = try TreeDraft(repository, root: newest)
    }

    func kind(of commit: Commit, after parent: Commit) throws -> MainCommitKind? {
        if let changes = try? announced(by: commit, after: parent) { return .landing(changes) }
        tree = nil
        return try LandingGrammar.plain(
            commit, after: parent.tree, in: repository,
            state: { () throws(LedgerError) in try states.state(of: parent) })
    }

    /// The changes that the message names, if the commit lands exactly these: its tree is the one that results when their
    /// folders, as the newest tree has them, are added to the parent's.
    private func announced(by commit: Commit, after parent: Commit) throws -> [SignedChange]? {
        let ids = Self.identifiers(in: commit.messageBytes)
        guard (1...LandingGrammar.maximumChanges).contains(ids.count) else { return nil }
        let tree =
            try self.tree.flatMap { $0.id == parent.tree ? $0.draft : nil }
            ?? TreeDraft(repository, root: parent.tree)
        self.tree = nil
        var files: [(change: ObjectID, signature: ObjectID)] = []
        for id in ids {
            guard let folder = try newest.folder(id.folder), let change = newest.blob(Change.fileName, in: folder),
                let signature = newest.blob(Change.signatureName, in: folder), try tree.folder(id.folder) == nil,
                let target = try tree.makeFolder(id.folder), tree.add(Change.fileName, blob: change, to: target),
                tree.add(Change.signatureName, blob: signature, to: target)
            else { return nil }
            files.append((change, signature))
        }
        guard try tree.id() == commit.tree else { return nil }
        let state = try states.state(of: parent)
        let changes = try zip(ids, files).map { id, files in
            try SignedChange(
                bytes: repository.blob(files.change, limit: Change.maximumSize),
                signature: repository.blob(files.signature, limit: 64 << 10), folder: id.folder,
                repository: state.repositoryID, identities: state.identities)
        }
        self.tree = (tree, commit.tree)
        return changes
    }

    /// Whatever in a message looks like a change's identifier, sorted.
    private static func identifiers(in message: ArraySlice<UInt8>) -> [ChangeID] {
        let length = 23
        var found: Set<ChangeID> = []
        var rest = message.prefix(64 << 10)
        while let start = rest.firstIndex(of: UInt8(ascii: "c")), start + length <= rest.endIndex {
            if rest[start + 1] == UInt8(ascii: "h"), rest[start + 3] == UInt8(ascii: "-"),
                let id = ChangeID(String(decoding: rest[start..<start + length], as: UTF8.self))
            {
                found.insert(id)
                rest = rest[(start + length)...]
            } else {
                rest = rest[(start + 1)...]
            }
        }
        return found.sorted()
    }
}

/// States of main, read once for all commits whose trees agree in everything that gives power.
private final class StatesByContent {
    private let repository: Repository
    private var states: [[UInt8]: MainState] = [:]
    private static let limit = 16

    init(_ repository: Repository) { self.repository = repository }

    func state(of commit: Commit) throws(LedgerError) -> MainState {
        let content = try reading { () throws(GitError) in
            try repository.rootContent(commit.tree, without: LandingGrammar.withoutPower)
        }
        if let known = states[content] { return MainState(commit, like: known) }
        let state = try MainState(repository: repository, commit: commit)
        if states.count >= Self.limit { states.removeAll() }
        states[content] = state
        return state
    }
}

/// How a chain is divided among cores.
struct Pace: Sendable {
    /// Shorter chains are not worth the threads.
    let minimum: Int
    /// How many commits one core takes at a time.
    let stretch: Int
}

/// Numbers from 0 up, handed out in portions to whoever asks next.
final class Portions: Sendable {
    private let count: Int
    private let size: Int
    private let given = Locked(0)

    /// More threads than that cost more memory than they save time.
    private static let maximumWorkers = 16

    init(count: Int, size: Int) {
        self.count = count
        self.size = size
    }

    var workers: Int { min(Threads.cores, Self.maximumWorkers, (count + size - 1) / size) }

    func next() -> Range<Int>? {
        given.withLock { given in
            guard given < count else { return nil }
            let portion = given..<min(given + size, count)
            given = portion.upperBound
            return portion
        }
    }
}
