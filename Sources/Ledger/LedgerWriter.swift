public import ChangeModel
public import Git
public import SSHSignature

/// An event that is about to be recorded.
public struct EventDraft: Sendable {
    public var kind: EventKind
    public var change: SignedChange?
    public var body: JSONValue
    /// Files with the event's height before their name: `before.json`, `after.json`, `rollback.yaml`.
    public var files: [String: [UInt8]]
    /// Whether `change.yaml` and its signature are copied along.
    public var copiesChange: Bool
    public var headline: String
    public var notes: [String]
    /// Whether the writer makes the decision in it at the event's own place.
    public var derivesDecision = false

    public init(
        kind: EventKind, change: SignedChange?, body: JSONValue, files: [String: [UInt8]] = [:],
        copiesChange: Bool = false, headline: String, notes: [String] = []
    ) {
        self.kind = kind
        self.change = change
        self.body = body
        self.files = files
        self.copiesChange = copiesChange
        self.headline = headline
        self.notes = notes
    }
}

extension EventDraft {
    /// The draft from which a commit that nobody else saw was made, to make it again on a newer tip.
    public init(
        remaking event: LedgerEvent, from commit: ObjectID, in repository: Repository
    ) throws(LedgerError) {
        let commit = try reading { () throws(GitError) in try repository.commit(commit) }
        var files: [String: [UInt8]] = [:]
        for path in event.files.keys {
            guard let bytes = try reading({ () throws(GitError) in try repository.file(path, in: commit.tree) }),
                let dash = path.lastIndex(of: "-")
            else { throw .notAuthentic("the waiting event lacks a file", file: path) }
            files[String(path[path.index(after: dash)...])] = bytes
        }
        let prefix = EventMessage.subjectPrefix(event)
        let notes = commit.message.split(separator: "\n").filter { $0.hasPrefix("    ") }.map {
            String($0.dropFirst(4))
        }
        self.init(
            kind: event.kind, change: nil, body: event.body, files: files,
            headline: String(commit.subject.dropFirst(prefix.count)), notes: notes)
    }
}

/// Makes the commits of the ledger. Whatever it makes is judged by the readers' own rules before anyone else sees it.
public struct LedgerWriter {
    public let history: LedgerHistory
    public let signer: any Signer
    /// The identity whose key signs, as main names it.
    public let identity: String
    /// `Name <email>` of the commits.
    public let person: String

    public init(history: LedgerHistory, signer: any Signer, identity: String, person: String) {
        self.history = history
        self.signer = signer
        self.identity = identity
        self.person = person
    }

    /// Appends events on the verified tip, in the local object database only.
    ///
    /// - Parameter at: the writer's clock; never before the tip's own time.
    /// - Returns: the new tip, which is the old one if no draft had to be recorded after all.
    @discardableResult
    public func append(_ drafts: [EventDraft], main: ObjectID, at: Timestamp) throws(LedgerError) -> ObjectID {
        // A vote on what the ledger did not take has to wait until the change lands.
        var untaken: Set<ChangeID> = []
        for draft in drafts {
            if draft.kind == .vote, let change = draft.change, untaken.contains(change.change.id) { continue }
            let tip = history.tip
            let moment = max(at, tip.event.at)
            guard let raw = try build(draft, after: tip, main: main, at: moment) else {
                if try draft.isHomeless(state: history.currentState()), let change = draft.change {
                    untaken.insert(change.change.id)
                }
                continue
            }
            let id = try reading { () throws(GitError) in try history.repository.write(.commit, raw) }
            // However far the writer's clock was set back: what it follows was accepted.
            try history.accept(try reading { () throws(GitError) in try history.repository.commit(id) }, now: moment)
        }
        return history.tip.commit.id
    }

    private func build(
        _ draft: EventDraft, after tip: AcceptedEvent, main: ObjectID, at: Timestamp
    ) throws(LedgerError) -> [UInt8]? {
        var state = try LedgerState(repository: history.repository, tree: tip.commit.tree)
        try state.land(try history.main.landings(after: tip.event.main, through: main))
        guard let draft = try draft.decided(state: state, main: history.main.state(of: main), at: at) else {
            return nil
        }
        return try Self.build(
            draft, height: tip.event.height + 1, previous: tip.commit, state: state,
            main: main, mainState: try history.main.state(of: main), at: at, by: identity, person: person,
            signer: signer, repository: history.repository)
    }

    /// The ledger's first commit: an orphan that names the repository, main's genesis and the protocol's version.
    public static func genesis(
        repositoryID: String, main: ObjectID, at: Timestamp, by identity: String, person: String, signer: any Signer,
        repository: Repository
    ) throws(LedgerError) -> ObjectID {
        let draft = EventDraft(
            kind: .genesis, change: nil,
            body: [
                "repository": .string(repositoryID), "main": .string(main.description),
                "protocol": .integer(LedgerHistory.protocolVersion),
            ], headline: "the ledger of \(repositoryID)")
        let raw = try build(
            draft, height: 0, previous: nil,
            state: try LedgerState(repository: repository, tree: nil), main: main, mainState: nil,
            at: at, by: identity, person: person, signer: signer, repository: repository)
        return try reading { () throws(GitError) in try repository.write(.commit, raw) }
    }

    private static func build(
        _ draft: EventDraft, height: Int, previous: Commit?, state: LedgerState, main: ObjectID, mainState: MainState?,
        at: Timestamp,
        by identity: String, person: String, signer: any Signer, repository: Repository
    ) throws(LedgerError) -> [UInt8] {
        var state = state
        let folder = draft.change?.change.id.folder ?? "events/\(draft.kind.rawValue)"
        var files: [String: [UInt8]] = [:]
        for (name, bytes) in draft.files { files["\(folder)/\(LedgerEvent.fileName(height, name))"] = bytes }
        if draft.copiesChange, let change = draft.change {
            files["\(folder)/\(Change.fileName)"] = change.bytes
            files["\(folder)/\(Change.signatureName)"] = change.signature
        }
        let event = LedgerEvent(
            kind: draft.kind, height: height, at: at, main: main, by: identity,
            change: draft.change.map { .init(id: $0.change.id, digest: $0.digest) }, body: draft.body,
            files: files.mapValues { Digest(of: $0) })
        let evidence = event.json.evidenceBytes
        files[event.path] = evidence
        try state.apply(event, change: draft.change, by: mainState)
        let tree = try reading { () throws(GitError) -> ObjectID in
            let draft = try TreeDraft(repository, root: previous?.tree)
            try state.enter(into: draft)
            for (path, bytes) in files { try draft.set(path, bytes) }
            return try draft.write()
        }
        let message = EventMessage.text(
            event, headline: draft.headline, notes: draft.notes, previous: previous.map { Digest(of: $0.raw) },
            evidence: Digest(of: evidence))
        return try CommitDraft(
            tree: tree, parents: previous.map { [$0.id] } ?? [], person: person, time: at.seconds, message: message
        ).sign(with: signer)
    }
}

extension CommitDraft {
    /// The whole commit object, with an SSHSIG of `signer` in its `gpgsig` header (namespace `git`).
    public func sign(with signer: any Signer) throws(LedgerError) -> [UInt8] {
        do {
            return signed(try signer.sign(payload, namespace: "git").armored)
        } catch {
            throw .refused("cannot sign: \(error)")
        }
    }
}
