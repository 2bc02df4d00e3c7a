internal import ChangeModel
internal import Git

/// Judges a stretch of the ledger by deriving what each commit's tree must be, instead of reading what it is.
///
/// The tree before an event, the event, its files and the landings determine the tree after it; when the derived name is the
/// one in the commit, nothing can have been added, changed or removed besides. Blobs are looked up in the newest tree of the
/// ledger, since what is recorded stays: where that is not so, or anything else does not fit, `EventJudge` reads the commit's
/// own tree and says what is wrong. So this accepts nothing that `EventJudge` would refuse, and refuses nothing by itself.
final class QuickJudge {
    private let judge: EventJudge
    /// The newest tree: it tells where blobs are, and proves nothing.
    private let newest: TreeDraft
    /// The tree as of `previous`, in memory; nil where it must be read again.
    private var tree: TreeDraft?
    private(set) var previous: AcceptedEvent
    private var memory = LedgerMemory()

    /// - Parameters:
    ///   - tip: the newest tree of the ledger.
    ///   - previous: the accepted event that the stretch follows.
    init(_ judge: EventJudge, tip: ObjectID, after previous: AcceptedEvent) throws(LedgerError) {
        self.judge = judge
        self.previous = previous
        newest = try reading { () throws(GitError) in try TreeDraft(judge.repository, root: tip) }
    }

    /// Judges the next commit.
    func accept(_ commit: Commit) throws(LedgerError) -> LedgerEvent {
        var derived = try? derive(commit)
        if derived == nil {
            // Whatever was done to it halfway.
            tree = nil
            memory = LedgerMemory()
            derived = try judge.judge(commit, after: previous)
        }
        guard let event = derived else { throw .notAuthentic("the event cannot be judged") }
        previous = AcceptedEvent(commit: commit, event: event)
        return event
    }

    /// The event, if everything about it holds; nil, or an error of whatever kind, is no answer.
    private func derive(_ commit: Commit) throws -> LedgerEvent? {
        guard commit.parents == [previous.commit.id] else { return nil }
        let announced = try AnnouncedEvent(commit)
        guard let place = try newest.folder(announced.folder), let file = newest.blob(announced.fileName, in: place)
        else { return nil }
        let event = try announced.read(try judge.repository.blob(file, limit: 16 << 20))
        let main = try judge.checkPlace(of: event, announced, after: previous)
        let tree = try self.tree ?? TreeDraft(judge.repository, root: previous.commit.tree)
        self.tree = tree
        let change = try change(of: event, in: tree, by: main)
        var state = LedgerState(tree, memory: memory)
        try state.land(try judge.main.landings(after: previous.event.main, through: event.main))
        try EventRules(event: event, change: change, main: main, history: judge.main, state: state).check()
        try state.apply(event, change: change, by: main)
        guard let folder = try tree.makeFolder(announced.folder), tree.add(announced.fileName, blob: file, to: folder)
        else { return nil }
        for (path, digest) in event.files {
            guard let name = EventTree.fileName(path, of: event, in: announced.folder),
                let blob = try blob(name, digest, change, in: place), tree.add(name, blob: blob, to: folder)
            else { return nil }
        }
        try state.enter(into: tree)
        guard try tree.id() == commit.tree else { return nil }
        state.remember()
        memory[file] = event
        return event
    }

    /// The blob of a file that an event lists, if its content is the listed one.
    private func blob(
        _ name: String, _ digest: Digest, _ change: SignedChange?, in place: TreeDraft.Folder
    ) throws -> ObjectID? {
        if let change, name == Change.fileName {
            // The ledger's own copy of a change is the change that the event is about.
            return digest == change.digest ? try judge.repository.name(of: .blob, change.bytes) : nil
        }
        if let change, name == Change.signatureName, digest == Digest(of: change.signature) {
            return try judge.repository.name(of: .blob, change.signature)
        }
        guard let blob = newest.blob(name, in: place),
            Digest(of: try judge.repository.blob(blob, limit: 16 << 20)) == digest
        else { return nil }
        return blob
    }

    /// The change that an event is about: as it landed, or, before that, as the ledger has it or gets it with this event.
    private func change(of event: LedgerEvent, in tree: TreeDraft, by main: MainState) throws -> SignedChange? {
        guard let reference = event.change else { return nil }
        if let landed = judge.main.landed(reference.id, by: main) {
            guard landed.digest == reference.digest else { throw QuickJudge.NoAnswer() }
            return landed
        }
        guard !judge.main.mayHaveLanded(reference.id, by: main) else { throw QuickJudge.NoAnswer() }
        let folder = reference.id.folder
        let files = try [Change.fileName, Change.signatureName].map { name -> [UInt8] in
            let path = "\(folder)/\(name)"
            if let known = try tree.file(path) { return known }
            guard event.files[path] != nil, let blob = try newest.blob(at: path) else { throw QuickJudge.NoAnswer() }
            return try judge.repository.blob(blob, limit: 16 << 20)
        }
        let change = try SignedChange(
            bytes: files[0], signature: files[1], folder: folder, repository: main.repositoryID,
            identities: main.identities, evenRevoked: true)
        guard change.digest == reference.digest else { throw QuickJudge.NoAnswer() }
        return change
    }

    private struct NoAnswer: Error {}
}

/// What was read of one tree of the ledger, while it changes event by event, so that it is not read again.
final class LedgerMemory {
    /// Files of the state by their paths; nil: there is none.
    var values: [String: JSONValue?] = [:]
    private var events: [ObjectID: LedgerEvent] = [:]
    private static let limit = 1000

    /// Events by the blobs that they were read from.
    subscript(blob: ObjectID) -> LedgerEvent? {
        get { events[blob] }
        set {
            if events.count >= Self.limit { events.removeAll(keepingCapacity: true) }
            events[blob] = newValue
        }
    }
}
