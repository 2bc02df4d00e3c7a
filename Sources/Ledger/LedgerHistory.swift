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
    /// The events that this reader verified, oldest first.
    public private(set) var verified: [AcceptedEvent] = []
    public private(set) var signatures = 0
    private var members: Set<ObjectID> = []

    /// Verifies from `start`, or from the very beginning.
    ///
    /// - Parameters:
    ///   - start: a ledger commit that was accepted earlier; nil: the ledger's genesis, by the digest that main pins.
    ///   - now: the reader's clock; events beyond it, and a small skew, are refused.
    public init(
        repository: Repository, main: MainHistory, tip: ObjectID, start: ObjectID?, now: Timestamp,
        progress: (Int) -> Void = { _ in }
    ) throws(LedgerError) {
        self.repository = repository
        self.main = main
        let chain = try repository.firstParents(from: tip, downTo: start)
        let first = chain[chain.count - 1]
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
                verified.append(self.tip)
                signatures += 1
            } else {
                let event = try Self.event(of: first, repository: repository)
                guard main.position(of: event.main) != nil else {
                    throw .notAuthentic("the event names main commit \(event.main.short), which is not on main")
                }
                self.tip = AcceptedEvent(commit: first, event: event)
            }
        } catch {
            throw error.at(branch: "ledger", commit: first.id)
        }
        members.insert(first.id)
        for commit in chain.dropLast().reversed() {
            do throws(LedgerError) {
                try accept(commit, now: now)
            } catch {
                // A writer is refused such an event; where a reader finds it, somebody recorded it all the same.
                guard case .refused(let reason) = error else { throw error }
                let file = try? Self.event(of: commit, repository: repository).path
                throw LedgerError.notAuthentic(
                    VerificationFailure(branch: "ledger", commit: commit.id, file: file, reason: reason))
            }
            progress(verified.count)
        }
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
            found.append(AcceptedEvent(commit: commit, event: try Self.event(of: commit, repository: repository)))
            current = try commit.parents.first.map { (id) throws(LedgerError) in
                try reading { () throws(GitError) in try repository.commit(id) }
            }
        }
        return found
    }

    /// The event that a commit carries, judged by nothing but its own form.
    public static func event(at commit: ObjectID, in repository: Repository) throws(LedgerError) -> LedgerEvent {
        try event(
            of: try reading { () throws(GitError) in try repository.commit(commit) }, repository: repository)
    }

    /// Judges `commit` as the next one, and moves the tip to it.
    public func accept(_ commit: Commit, now: Timestamp) throws(LedgerError) {
        do throws(LedgerError) {
            let event = try judge(commit, now: now)
            tip = AcceptedEvent(commit: commit, event: event)
            verified.append(tip)
            members.insert(commit.id)
            signatures += 1
        } catch {
            throw error.at(branch: "ledger", commit: commit.id)
        }
    }

    // MARK: - One event

    private static func event(of commit: Commit, repository: Repository) throws(LedgerError) -> LedgerEvent {
        let trailers = try Trailers(message: commit.message, known: EventKind.allTrailers)
        guard let kind = trailers["Agentsafe-Event"].flatMap(EventKind.init(rawValue:)) else {
            throw .notAuthentic(
                "it is no event of the ledger", advice: "only the gate and the runner may push to the ledger")
        }
        guard trailers.entries.map(\.key) == kind.trailers else {
            throw .notAuthentic(
                "the trailers of a \(kind.rawValue) event are \(kind.trailers.joined(separator: ", ")), in that order")
        }
        guard commit.extraHeaders.isEmpty else {
            throw .notAuthentic("the commit has headers that the protocol does not know")
        }
        guard let height = trailers["Agentsafe-Height"].flatMap({ Int($0) }), (0...999_999_999).contains(height),
            trailers["Agentsafe-Height"] == String(height)
        else { throw .notAuthentic("the height is no number") }
        var folder = "events/\(kind.rawValue)"
        if kind.concernsChange {
            let fields = (trailers["Agentsafe-Change"] ?? "").split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count == 2, let id = ChangeID(fields[0]), Digest(fields[1]) != nil else {
                throw .notAuthentic("the change's trailer cannot be read")
            }
            folder = id.folder
        }
        let path = "\(folder)/\(LedgerEvent.fileName(height, kind.rawValue + ".json"))"
        guard let bytes = try reading({ () throws(GitError) in try repository.file(path, in: commit.tree) }) else {
            throw .notAuthentic("the event's file is missing", file: path)
        }
        guard trailers["Agentsafe-Evidence"] == Digest(of: bytes).description else {
            throw .notAuthentic("the file is not the one that the commit's trailer names by digest", file: path)
        }
        let event: LedgerEvent
        do {
            event = try LedgerEvent(parsing: bytes)
        } catch {
            if case .notAuthentic(var failure) = error {
                failure.file = path
                throw .notAuthentic(failure)
            }
            throw error
        }
        let expected = EventMessage.trailers(event, previous: nil, evidence: Digest(of: bytes))
        for (key, value) in expected where key != "Agentsafe-Previous" && trailers[key] != value {
            throw .notAuthentic("the trailer `\(key)` does not say what the event's file says", file: path)
        }
        guard event.path == path, commit.subject.hasPrefix(EventMessage.subjectPrefix(event)) else {
            throw .notAuthentic("the subject does not name the event")
        }
        return event
    }

    private static func genesis(
        _ commit: Commit, main: MainHistory, repository: Repository
    ) throws(LedgerError) -> AcceptedEvent {
        let pinned = try main.tipState().configuration.ledgerGenesis
        guard Digest(of: commit.raw) == pinned else {
            throw .notAuthentic("it is not the ledger genesis that main pins in `ledger.genesis`")
        }
        let event = try event(of: commit, repository: repository)
        guard event.kind == .genesis, event.height == 0, let first = main.commits.first,
            case .genesis = first.kind, event.main == first.commit.id,
            event.body["main"]?.stringValue == first.commit.id.description,
            event.body["protocol"]?.integerValue == protocolVersion,
            event.body["repository"]?.stringValue == (try main.tipState().repositoryID)
        else { throw .notAuthentic("the ledger's first event is not the genesis of this repository") }
        try checkSignature(commit, event, by: try main.state(of: event.main))
        var state = try LedgerState(repository: repository, tree: nil)
        try state.apply(event, change: nil)
        try EventTree.check(commit, event, previous: nil, state: state, repository: repository)
        return AcceptedEvent(commit: commit, event: event)
    }

    /// The version of the protocol that the ledger's genesis records.
    public static let protocolVersion: Int64 = 1

    private func judge(_ commit: Commit, now: Timestamp) throws(LedgerError) -> LedgerEvent {
        let previous = tip
        guard commit.parents == [previous.commit.id] else {
            throw .notAuthentic("the ledger is linear: one parent a commit")
        }
        let event = try Self.event(of: commit, repository: repository)
        do throws(LedgerError) {
            try check(event, of: commit, after: previous, now: now)
        } catch {
            throw error.about(event.path)
        }
        return event
    }

    private func check(
        _ event: LedgerEvent, of commit: Commit, after previous: AcceptedEvent, now: Timestamp
    ) throws(LedgerError) {
        guard event.height == previous.event.height + 1 else {
            throw .notAuthentic("height \(event.height) follows height \(previous.event.height)")
        }
        let trailers = try Trailers(message: commit.message, known: EventKind.allTrailers)
        guard trailers["Agentsafe-Previous"] == Digest(of: previous.commit.raw).description else {
            throw .notAuthentic("the chain is broken: it does not name its predecessor's digest")
        }
        guard event.at >= previous.event.at else {
            throw .notAuthentic("it is dated \(event.at), before its predecessor (\(previous.event.at))")
        }
        guard event.at <= now + clockSkew else {
            throw .notAuthentic(
                "it is dated \(event.at), which is in the future: the clock here says \(now)",
                advice: "set this clock if it is wrong; if it is right, that of `\(event.by)` was not, and the ledger can be read "
                    + "again when that time has come")
        }
        guard let position = main.position(of: event.main), let before = main.position(of: previous.event.main),
            position >= before
        else {
            throw .notAuthentic(
                "it names main commit \(event.main.short), which is older than its predecessor's or not on main")
        }
        let state = try main.state(of: event.main)
        try Self.checkSignature(commit, event, by: state)
        let change = try change(of: event, commit: commit, by: state)
        var next = try LedgerState(repository: repository, tree: previous.commit.tree)
        try next.land(try main.landings(after: previous.event.main, through: event.main))
        try EventRules(event: event, change: change, main: state, history: main, state: next).check()
        try next.apply(event, change: change)
        try EventTree.check(commit, event, previous: previous.commit.tree, state: next, repository: repository)
    }

    static func checkSignature(
        _ commit: Commit, _ event: LedgerEvent, by state: MainState
    ) throws(LedgerError) {
        let signatory = try state.identities.signatory(of: commit)
        guard signatory.identity.id == event.by else {
            throw .notAuthentic("the event says `\(event.by)`, but `\(signatory.identity.id)` signed it")
        }
        guard event.kind.maySign(signatory.identity) else {
            throw .notAuthentic("`\(signatory.identity.id)` has no role that may record a \(event.kind.rawValue)")
        }
        guard signatory.key.isValid(at: event.at) else {
            throw .notAuthentic("the key of `\(signatory.identity.id)` is not valid at \(event.at)")
        }
    }

    /// The change that an event is about: on main at the commit it names, or, before landing, in the ledger's own copy.
    private func change(of event: LedgerEvent, commit: Commit, by state: MainState) throws(LedgerError) -> SignedChange?
    {
        guard let reference = event.change else { return nil }
        var change = try SignedChange.read(
            reference.id, in: state.tree, of: repository, by: state, evenRevoked: true)
        if change == nil {
            let folder = reference.id.folder
            let files = try [Change.fileName, Change.signatureName].map { (name) throws(LedgerError) -> [UInt8] in
                guard
                    let bytes = try reading({ () throws(GitError) in
                        try repository.file("\(folder)/\(name)", in: commit.tree)
                    })
                else { throw .notAuthentic("the change is neither on main nor copied into the ledger", file: folder) }
                return bytes
            }
            change = try SignedChange(
                bytes: files[0], signature: files[1], folder: folder, repository: state.repositoryID,
                identities: state.identities, evenRevoked: true)
        }
        guard change?.digest == reference.digest else {
            throw .notAuthentic("\(reference.id) has another digest than the event names")
        }
        return change
    }
}
