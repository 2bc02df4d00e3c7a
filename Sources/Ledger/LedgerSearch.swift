public import ChangeModel
internal import Documents
public import Git

/// What to look for among the events of a ledger; every member that is given must fit.
public struct LedgerQuery: Sendable {
    public var kind: EventKind?
    /// Whoever recorded the event, proposed its change, or cast its vote.
    public var by: String?
    public var change: ChangeID?
    public var action: String?
    public var target: String?
    /// The whole of the change's external ticket.
    public var ticket: String?
    /// Both inclusive.
    public var since: Timestamp?
    public var until: Timestamp?
    /// Text anywhere in the event's file or in its change, in any case of letters.
    public var text: String?

    public init() {}
}

/// An event that was looked for, with the change that it is about as it was then.
public struct FoundEvent: Sendable {
    public let accepted: AcceptedEvent
    /// nil for an event about no change, and where the change's file was replaced since.
    public let change: Change?

    public var json: JSONValue {
        var json = accepted.event.json
        json["commit"] = .string(accepted.commit.id.description)
        json["ticket"] = change?.ticket.map { .string($0) }
        return json
    }
}

extension LedgerHistory {
    /// The newest events that fit, newest first, read back from the verified tip.
    ///
    /// - Parameters:
    ///   - limit: the most events to return.
    ///   - effort: the most events to look at.
    ///   - main: main's newest tree, in which landed changes lie.
    /// - Returns: `isComplete` is false when the effort ended before the ledger did.
    public func search(
        _ query: LedgerQuery, limit: Int, effort: Int, main tree: ObjectID
    ) throws(LedgerError) -> (found: [FoundEvent], isComplete: Bool) {
        var found: [FoundEvent] = []
        var changes: [LedgerEvent.ChangeReference: Change?] = [:]
        var current: Commit? = tip.commit
        var looked = 0
        while let commit = current, found.count < limit {
            guard looked < effort else { return (found, false) }
            looked += 1
            let event = try Self.event(of: commit, in: repository)
            // Time never decreases along the ledger.
            if let since = query.since, event.at < since { break }
            if query.fits(event) {
                var change: Change?
                if let reference = event.change {
                    if let known = changes[reference] {
                        change = known
                    } else {
                        change = try self.change(reference, main: tree)
                        changes.updateValue(change, forKey: reference)
                    }
                }
                if query.fits(event, change) {
                    found.append(FoundEvent(accepted: AcceptedEvent(commit: commit, event: event), change: change))
                }
            }
            current = try commit.parents.first.map { (id) throws(LedgerError) in
                try reading { () throws(GitError) in try repository.commit(id) }
            }
        }
        return (found, true)
    }

    /// The events above a height, oldest first, each with its change.
    ///
    /// - Parameter effort: the most events to look at.
    /// - Returns: nil when there are more than that.
    public func events(
        above height: Int, effort: Int, main tree: ObjectID
    ) throws(LedgerError) -> [FoundEvent]? {
        var found: [FoundEvent] = []
        var current: Commit? = tip.commit
        while let commit = current {
            let event = try Self.event(of: commit, in: repository)
            if event.height <= height { break }
            guard found.count < effort else { return nil }
            found.append(
                FoundEvent(
                    accepted: AcceptedEvent(commit: commit, event: event),
                    change: try event.change.flatMap { (reference) throws(LedgerError) in
                        try change(reference, main: tree)
                    }))
            current = try commit.parents.first.map { (id) throws(LedgerError) in
                try reading { () throws(GitError) in try repository.commit(id) }
            }
        }
        return found.reversed()
    }

    private static func event(of commit: Commit, in repository: Repository) throws(LedgerError) -> LedgerEvent {
        try AnnouncedEvent.event(of: commit, in: repository)
    }

    /// The change with exactly these bytes, as it landed or as the ledger keeps it.
    public func change(
        _ reference: LedgerEvent.ChangeReference, main tree: ObjectID
    ) throws(LedgerError) -> Change? {
        let path = "\(reference.id.folder)/\(Change.fileName)"
        for tree in [tree, tip.commit.tree] {
            let bytes = try reading { () throws(GitError) in try repository.file(path, in: tree) }
            guard let bytes, Digest(of: bytes) == reference.digest else { continue }
            return try? ChangeDocument.parse(SourceFile(name: path, bytes: bytes))
        }
        return nil
    }
}

extension LedgerQuery {
    /// What the event alone can tell.
    func fits(_ event: LedgerEvent) -> Bool {
        (kind.map { $0 == event.kind } ?? true) && (change.map { $0 == event.change?.id } ?? true)
            && (until.map { event.at <= $0 } ?? true) && (event.change != nil || action == nil && target == nil)
            && (event.change != nil || ticket == nil)
    }

    func fits(_ event: LedgerEvent, _ change: Change?) -> Bool {
        if let ticket, change?.ticket != ticket { return false }
        let isMeant = (change?.steps ?? []).contains {
            (action ?? $0.action) == $0.action && (target ?? $0.target) == $0.target
        }
        if action != nil || target != nil, !isMeant { return false }
        if let by, ![event.by, change?.proposer, event.voter].contains(by) { return false }
        guard let text else { return true }
        let wanted = text.lowercased()
        if event.json.canonicalText.lowercased().contains(wanted) { return true }
        guard let change else { return false }
        let told = [change.summary, change.proposer, change.reason, change.ticket ?? ""]
        return told.contains { $0.lowercased().contains(wanted) }
    }
}

extension LedgerEvent {
    /// Whose vote the event records.
    var voter: String? {
        guard kind == .vote, let vote = RecordedVote(self) else { return nil }
        switch vote.form {
        case .statement(let signed): return signed.statement.voter
        case .merge(_, let approval): return approval.voter
        }
    }
}
