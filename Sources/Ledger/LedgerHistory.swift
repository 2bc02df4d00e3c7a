public import ChangeModel
public import Git

/// One accepted commit of the ledger.
public struct AcceptedEvent: Sendable {
    public let commit: Commit
    public let event: LedgerEvent
}

/// The ledger from an accepted commit to a tip, every event judged by the protocol's rules.
public final class LedgerHistory {
    public let repository: Repository
    public let main: MainHistory
    public private(set) var tip: AcceptedEvent
    /// How many events of each kind this reader verified.
    public private(set) var verified: [EventKind: Int] = [:]
    /// The events that were accepted one by one since, oldest first: those that a writer made.
    public private(set) var appended: [AcceptedEvent] = []
    private var members: Set<ObjectID> = []

    /// Verifies from `start`, or from the very beginning.
    ///
    /// - Parameters:
    ///   - start: a ledger commit that was accepted earlier; nil: the ledger's genesis, by the digest that main pins.
    ///   - now: the reader's clock; events beyond it, and a small skew, are refused.
    public convenience init(
        repository: Repository, main: MainHistory, tip: ObjectID, start: ObjectID?, now: Timestamp,
        progress: (Int) -> Void = { _ in }
    ) throws(LedgerError) {
        try self.init(
            chain: LedgerChain(from: tip, downTo: start), repository: repository, main: main, now: now,
            progress: progress)
    }

    /// As above, for a chain that another thread began to walk while main was verified.
    public convenience init(
        chain: LedgerChain, repository: Repository, main: MainHistory, now: Timestamp,
        progress: (Int) -> Void = { _ in }
    ) throws(LedgerError) {
        try self.init(
            chain: chain, repository: repository, main: main, now: now, pace: QuickEvents.pace, progress: progress)
    }

    init(
        chain: LedgerChain, repository: Repository, main: MainHistory, now: Timestamp, pace: Pace,
        progress: (Int) -> Void = { _ in }
    ) throws(LedgerError) {
        self.repository = repository
        self.main = main
        let (tip, start) = (chain.tip, chain.start)
        let chain = try chain.walked(in: repository)
        let first = try reading { () throws(GitError) in try chain.commit(chain.ids.count - 1, in: repository) }
        if let start, first.id != start {
            throw .notAuthentic(
                VerificationFailure(
                    branch: "ledger", commit: tip,
                    reason: "it does not contain \(start.short), which was accepted before: "
                        + "the ledger was rewound or replaced, or this clone is stale",
                    advice: "run `git fetch`; if that changes nothing, find out who pushed, and bring the accepted "
                        + "ledger back"))
        }
        do throws(LedgerError) {
            if start == nil {
                self.tip = try Self.genesis(first, main: main, repository: repository)
                verified[.genesis] = 1
            } else {
                let event = try AnnouncedEvent.event(of: first, in: repository)
                guard main.position(of: event.main) != nil else {
                    throw .notAuthentic("the event names main commit \(event.main.short), which is not on main")
                }
                self.tip = AcceptedEvent(commit: first, event: event)
            }
        } catch {
            throw error.at(branch: "ledger", commit: first.id)
        }
        members.insert(first.id)
        try follow(
            chain, QuickEvents(chain, main: main, in: repository, now: now, pace: pace, progress: progress), now: now,
            progress: progress)
    }

    /// Goes through the chain in order, from the event after the first one on.
    private func follow(
        _ chain: FirstParentChain, _ quick: QuickEvents, now: Timestamp, progress: (Int) -> Void
    ) throws(LedgerError) {
        let judge = EventJudge(repository: repository, main: main, now: now)
        let count = chain.ids.count - 1
        var number = 0
        while number < count {
            let known = quick.known(from: number)
            if known.isEmpty {
                try follow(chain, number, judge)
                number += 1
                progress(number)
                continue
            }
            for kind in known {
                number += 1
                verified[kind, default: 0] += 1
                members.insert(chain.ids[count - number])
            }
            let commit = try reading { () throws(GitError) in try chain.commit(count - number, in: repository) }
            tip = AcceptedEvent(commit: commit, event: try AnnouncedEvent.event(of: commit, in: repository))
        }
    }

    private func follow(_ chain: FirstParentChain, _ number: Int, _ judge: EventJudge) throws(LedgerError) {
        let index = chain.ids.count - 2 - number
        do throws(LedgerError) {
            let commit = try reading { () throws(GitError) in try chain.commit(index, in: repository) }
            enter(AcceptedEvent(commit: commit, event: try judge.judge(commit, after: tip)))
        } catch {
            // A writer is refused such an event; where a reader finds it, somebody recorded it all the same.
            guard case .refused(let reason) = error else { throw error.at(branch: "ledger", commit: chain.ids[index]) }
            let commit = try? chain.commit(index, in: repository)
            let file = commit.flatMap { try? AnnouncedEvent.event(of: $0, in: repository).path }
            throw LedgerError.notAuthentic(
                VerificationFailure(branch: "ledger", commit: chain.ids[index], file: file, reason: reason))
        }
    }

    private func enter(_ event: AcceptedEvent) {
        tip = event
        verified[event.event.kind, default: 0] += 1
        members.insert(event.commit.id)
    }

    /// The state as of the tip.
    public var state: LedgerState {
        get throws(LedgerError) { try LedgerState(repository: repository, tree: tip.commit.tree) }
    }

    /// The record of one change as of the tip.
    public func record(of id: ChangeID) throws(LedgerError) -> ChangeRecord {
        try ChangeRecord(id, in: tip.commit.tree, of: repository)
    }

    /// The state with what has landed since the tip's event entered, and main's newest state: what a runner works on.
    public func currentState() throws(LedgerError) -> LedgerState {
        var state = try state
        try state.land(try main.landings(after: tip.event.main, through: main.tip))
        return state
    }

    /// Whether a commit is one that this reader verified, or the one that it started from.
    public func contains(_ commit: ObjectID) -> Bool { members.contains(commit) }

    /// The newest events, newest first, read back from the verified tip.
    public func newest(_ limit: Int) throws(LedgerError) -> [AcceptedEvent] {
        var found: [AcceptedEvent] = []
        var current: Commit? = tip.commit
        while let commit = current, found.count < limit {
            found.append(AcceptedEvent(commit: commit, event: try AnnouncedEvent.event(of: commit, in: repository)))
            current = try commit.parents.first.map { (id) throws(LedgerError) in
                try reading { () throws(GitError) in try repository.commit(id) }
            }
        }
        return found
    }

    /// The event that a commit carries, judged by nothing but its own form.
    public static func event(at commit: ObjectID, in repository: Repository) throws(LedgerError) -> LedgerEvent {
        try AnnouncedEvent.event(
            of: try reading { () throws(GitError) in try repository.commit(commit) }, in: repository)
    }

    /// The height that a commit's own message gives it; nothing else of the commit is looked at.
    public static func announcedHeight(of commit: Commit) throws(LedgerError) -> Int {
        try AnnouncedEvent(commit).height
    }

    /// Judges `commit` as the next one, and moves the tip to it.
    public func accept(_ commit: Commit, now: Timestamp) throws(LedgerError) {
        do throws(LedgerError) {
            let event = try EventJudge(repository: repository, main: main, now: now).judge(commit, after: tip)
            enter(AcceptedEvent(commit: commit, event: event))
            appended.append(tip)
        } catch {
            throw error.at(branch: "ledger", commit: commit.id)
        }
    }

    // MARK: - The first event

    private static func genesis(
        _ commit: Commit, main: MainHistory, repository: Repository
    ) throws(LedgerError) -> AcceptedEvent {
        let pinned = try main.tipState().configuration.ledgerGenesis
        guard Digest(of: commit.raw) == pinned else {
            throw .notAuthentic("it is not the ledger genesis that main pins in `ledger.genesis`")
        }
        let event = try AnnouncedEvent.event(of: commit, in: repository)
        guard event.kind == .genesis, event.height == 0, let first = main.commits.first,
            case .genesis = first.kind, event.main == first.commit.id,
            event.body["main"]?.stringValue == first.commit.id.description,
            event.body["protocol"]?.integerValue == protocolVersion,
            event.body["repository"]?.stringValue == (try main.tipState().repositoryID)
        else { throw .notAuthentic("the ledger's first event is not the genesis of this repository") }
        try EventJudge.checkSignature(commit, event, by: try main.state(of: event.main))
        var state = try LedgerState(repository: repository, tree: nil)
        try state.apply(event, change: nil, by: nil)
        try EventTree.check(commit, event, previous: nil, state: state, repository: repository)
        return AcceptedEvent(commit: commit, event: event)
    }

    /// The version of the protocol that the ledger's genesis records.
    public static let protocolVersion: Int64 = 1
}
