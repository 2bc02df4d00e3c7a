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

    /// Shorter chains are not worth the threads.
    private static let minimum = 64
    private static let portion = 64

    /// - Parameter chain: newest first; each commit's first parent is the next one.
    init(_ chain: [Commit], in repository: Repository) {
        guard chain.count >= Self.minimum else { return }
        let portions = Portions(count: chain.count - 1, size: Self.portion)
        nonisolated(unsafe) let original = repository
        let found = Locked<[ObjectID: MainCommitKind]>([:])
        Threads.run(portions.workers) { _ in
            guard let repository = try? original.reopened() else { return }
            let states = StatesByContent(repository)
            while let portion = portions.next() {
                var own: [ObjectID: MainCommitKind] = [:]
                for index in portion {
                    let (commit, parent) = (chain[index], chain[index + 1])
                    guard commit.parents.first == parent.id else { continue }
                    own[commit.id] = try? LandingGrammar.plain(
                        commit, after: parent.tree, in: repository,
                        state: { () throws(LedgerError) in try states.state(of: parent) })
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
