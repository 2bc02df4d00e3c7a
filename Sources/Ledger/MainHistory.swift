public import ChangeModel
public import Git

/// One accepted commit of `main`.
public struct AcceptedCommit: Sendable {
    public let commit: Commit
    public let kind: MainCommitKind
    /// The foreign commits between the accepted one before and this adoption of them, oldest first; of all others none.
    public let skipped: [SkippedCommit]
}

/// `main`'s first-parent chain from an accepted commit to a tip, judged commit by commit.
///
/// Foreign commits that admins adopted are on the chain and not in the history: see `AcceptedCommit.skipped`.
public final class MainHistory {
    public let repository: Repository
    /// Oldest first; the first is the commit that was accepted before, or the pinned genesis.
    public private(set) var commits: [AcceptedCommit] = []
    private var positions: [ObjectID: Int] = [:]
    /// Where what gives power changed, oldest first: from each position on, up to the next, all states say the same.
    private var epochs: [Int] = []
    /// States at the positions of `epochs`, as far as they were read.
    private var states: [Int: MainState] = [:]
    private var landingPlaces: [ChangeID: (position: Int, index: Int)] = [:]
    private var trustCommits: [Int: Int] = [:]

    /// Verifies from `start` to `tip`.
    ///
    /// - Parameters:
    ///   - start: a commit that was accepted earlier, or `genesis` itself.
    ///   - genesis: the pinned root.
    public convenience init(
        repository: Repository, tip: ObjectID, start: ObjectID, genesis: ObjectID,
        progress: (Int) -> Void = { _ in }
    ) throws(LedgerError) {
        try self.init(
            repository: repository, tip: tip, start: start, genesis: genesis, pace: QuickLandings.pace,
            progress: progress)
    }

    init(
        repository: Repository, tip: ObjectID, start: ObjectID, genesis: ObjectID, pace: Pace,
        progress: (Int) -> Void = { _ in }
    ) throws(LedgerError) {
        self.repository = repository
        let chain: [Commit]
        do throws(LedgerError) {
            chain = try repository.firstParents(from: tip, downTo: start)
        } catch {
            // Nobody can tell what comes before a commit that cannot be read, so nobody can adopt it either.
            throw error.at(branch: "main", commit: tip).advising("reset the remote's main to a commit before that one")
        }
        if let oldest = chain.last?.id, oldest != start {
            if start == genesis {
                throw .notAuthentic(
                    VerificationFailure(
                        branch: "main", commit: oldest,
                        reason: "history begins here, not at the pinned genesis \(genesis.short)",
                        advice: "check the remote, and the pin in `git config agentsafe.genesis`"))
            }
            throw .notAuthentic(
                VerificationFailure(
                    branch: "main", commit: tip,
                    reason: "it does not contain \(start.short), which was accepted before: main was rewound or "
                        + "replaced, or this clone is stale",
                    advice: "run `git fetch`; if that changes nothing, find out who pushed, and reset the "
                        + "remote's main to \(start.short) or a descendant"))
        }
        let known = QuickLandings(chain, in: repository, pace: pace)
        // The newest comes first: the oldest is taken off the end.
        var rest = chain[...]
        while let commit = rest.popLast() {
            do throws(LedgerError) {
                if commit.id == genesis {
                    let state = try LandingGrammar.checkGenesis(commit, in: repository)
                    append(commit, .genesis)
                    states[0] = state
                } else if commits.isEmpty {
                    append(commit, .free)
                } else {
                    try follow(commit, before: &rest, known)
                }
            } catch {
                throw error.at(branch: "main", commit: commit.id)
            }
            progress(commits.count)
        }
    }

    private func append(_ commit: Commit, _ kind: MainCommitKind, skipping skipped: [SkippedCommit] = []) {
        let position = commits.count
        positions[commit.id] = position
        switch kind {
        case .landing(let changes):
            for (index, change) in changes.enumerated() { landingPlaces[change.change.id] = (position, index) }
        case .trust(let version, _): trustCommits[version] = position
        case .genesis, .free: break
        }
        if position == 0 || kind.givesPower { epochs.append(position) }
        commits.append(AcceptedCommit(commit: commit, kind: kind, skipped: skipped))
    }

    /// Takes in the next commit; when it is foreign, the adoption of it among those that come after.
    private func follow(
        _ commit: Commit, before rest: inout ArraySlice<Commit>, _ known: QuickLandings
    ) throws(LedgerError) {
        if let kind = known.kind(of: commit, after: tip) { return append(commit, kind) }
        let accepted = try state(of: tip)
        do throws(LedgerError) {
            append(commit, try LandingGrammar.classify(commit, after: accepted, in: repository))
        } catch {
            guard case .notAuthentic(let failure) = error else { throw error }
            try adopt(commit, failure.asForeign, after: accepted, among: &rest)
        }
    }

    /// Looks for the first commit on top of a foreign one that is a trust commit when judged as if its parent were the last
    /// accepted one. Each commit is looked at once, however long the foreign part is.
    private func adopt(
        _ first: Commit, _ failure: VerificationFailure, after accepted: MainState, among rest: inout ArraySlice<Commit>
    ) throws(LedgerError) {
        var skipped = [SkippedCommit(commit: first, reason: failure.reason)]
        var attempt: String?
        while let candidate = rest.popLast() {
            do throws(LedgerError) {
                if let kind = try LandingGrammar.adoption(candidate, after: accepted, in: repository) {
                    append(candidate, kind, skipping: skipped)
                    return
                }
            } catch {
                guard case .notAuthentic(let failure) = error else { throw error }
                attempt = failure.at(branch: "main", commit: candidate.id).description
            }
            skipped.append(SkippedCommit(commit: candidate, reason: "it follows a foreign commit"))
        }
        var failure = failure.at(branch: "main", commit: first.id)
        failure.foreign = ForeignMain(
            accepted: accepted.commit, first: first.id, tip: skipped.last?.commit.id ?? first.id, count: skipped.count,
            attempt: attempt)
        failure.advice =
            "reset the remote's main to \(accepted.commit.short), the last accepted commit, or have the admins adopt what "
            + "follows it"
        throw .notAuthentic(failure)
    }

    public var tip: ObjectID { commits[commits.count - 1].commit.id }

    /// The state of the newest commit.
    public func tipState() throws(LedgerError) -> MainState { try state(of: tip) }

    /// Where a commit stands on the chain; nil when it is not on the verified part.
    public func position(of commit: ObjectID) -> Int? { positions[commit] }

    /// The foreign commits that an accepted commit adopts; of most none.
    public func skipped(by commit: ObjectID) -> [SkippedCommit] {
        positions[commit].map { commits[$0].skipped } ?? []
    }

    /// What an accepted commit says. Commits that left everything that gives power alone share what was read of it.
    public func state(of commit: ObjectID) throws(LedgerError) -> MainState {
        guard let position = positions[commit] else {
            throw .notAuthentic("main commit \(commit.short) is not on main's verified first-parent chain")
        }
        let epoch = epochs[epochs.partitioningIndex { $0 > position } - 1]
        let state: MainState
        if let known = states[epoch] {
            state = known
        } else {
            state = try MainState(repository: repository, commit: commits[epoch].commit)
            states[epoch] = state
        }
        return position == epoch ? state : MainState(commits[position].commit, like: state)
    }

    /// The changes landed after `old` up to and including `new`, in landing order, with the commit that landed each.
    public func landings(after old: ObjectID, through new: ObjectID) throws(LedgerError) -> [Landing] {
        guard let first = positions[old], let last = positions[new], first <= last else {
            throw .notAuthentic(
                "main commits \(old.short) and \(new.short) are not in order on main's first-parent chain")
        }
        var landings: [Landing] = []
        for position in first..<last {
            let accepted = commits[position + 1]
            guard case .landing(let changes) = accepted.kind else { continue }
            let approval = try mergeApproval(accepted, changes)
            landings += changes.map { Landing(change: $0, commit: accepted.commit.id, approval: approval) }
        }
        return landings
    }

    /// The commit that brought a trust version; nil when it is not on the verified part of the chain.
    public func trustCommit(version: Int) -> TrustEvent? {
        trustCommits[version].map { TrustEvent(commit: commits[$0].commit.id, version: version) }
    }

    // MARK: - For readers on other threads

    /// The same history for another thread, which reads with a repository of its own.
    init(_ other: MainHistory, reading repository: Repository) {
        self.repository = repository
        // Copies, not shares: threads that count references to the same arrays wait for one another.
        commits = other.commits.map { $0 }
        positions.reserveCapacity(commits.count)
        for (position, accepted) in commits.enumerated() { positions[accepted.commit.id] = position }
        epochs = other.epochs.map { $0 }
        landingPlaces = Dictionary(uniqueKeysWithValues: other.landingPlaces.map { ($0.key, $0.value) })
        trustCommits = Dictionary(uniqueKeysWithValues: other.trustCommits.map { ($0.key, $0.value) })
    }

    /// The change that had landed by `main`, with its proposer as `main` knows them; nil also when that cannot be said from
    /// what was verified here.
    func landed(_ id: ChangeID, by main: MainState) -> SignedChange? {
        guard let (position, index) = landingPlaces[id], let until = positions[main.commit], position <= until,
            case .landing(let changes) = commits[position].kind
        else { return nil }
        return changes[index].requalified(by: main)
    }

    /// Whether a change with this identifier may lie on main as of `main`. What is not known is not ruled out.
    func mayHaveLanded(_ id: ChangeID, by main: MainState) -> Bool {
        guard case .genesis = commits[0].kind, let until = positions[main.commit] else { return true }
        return landingPlaces[id].map { $0.position <= until } ?? false
    }
}

extension Array {
    /// The first index whose element, and all after it, fulfil `belongs`; the elements must be so partitioned.
    func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// One trust commit, as its event names it.
public struct TrustEvent: Sendable {
    public let commit: ObjectID
    public let version: Int

    public static func body(_ trust: TrustEvent) -> JSONValue {
        ["commit": .string(trust.commit.description), "version": .integer(Int64(trust.version))]
    }
}

/// One change that came onto main, and by which commit.
public struct Landing: Sendable {
    public let change: SignedChange
    public let commit: ObjectID
    /// The approver whose signed merge landed it, where the merge is an approval.
    public let approval: MergeApproval?
}
