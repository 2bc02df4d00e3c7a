internal import ChangeModel
internal import Git

/// The event that a commit's message announces: its kind, and where its file must lie. The file itself is the record.
struct AnnouncedEvent {
    let commit: Commit
    let kind: EventKind
    /// Where the event's JSON lies in the commit's tree.
    let folder: String
    let fileName: String
    let height: Int
    let change: LedgerEvent.ChangeReference?
    private let trailers: Trailers

    init(_ commit: Commit) throws(LedgerError) {
        let trailers = try Trailers(message: commit.messageBytes, known: EventKind.allTrailers)
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
        change = try kind.concernsChange ? Self.change(trailers["Agentsafe-Change"] ?? "") : nil
        self.commit = commit
        self.kind = kind
        self.trailers = trailers
        self.height = height
        folder = change?.id.folder ?? "events/\(kind.rawValue)"
        fileName = LedgerEvent.fileName(height, kind.rawValue + ".json")
    }

    private static func change(_ trailer: String) throws(LedgerError) -> LedgerEvent.ChangeReference {
        let fields = trailer.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard fields.count == 2, let id = ChangeID(Substring(fields[0])), let digest = Digest(Substring(fields[1]))
        else {
            throw .notAuthentic("the change's trailer cannot be read")
        }
        return LedgerEvent.ChangeReference(id: id, digest: digest)
    }

    var path: String { "\(folder)/\(fileName)" }

    /// The digest that the message gives of the commit before.
    var previous: String? { trailers["Agentsafe-Previous"] }

    /// Reads the event off its file, and holds it against the message.
    func read(_ bytes: [UInt8]) throws(LedgerError) -> LedgerEvent {
        let evidence = Digest(of: bytes)
        guard trailers["Agentsafe-Evidence"] == evidence.description else {
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
        if let key = firstDifference(from: event, evidence) {
            throw .notAuthentic("the trailer `\(key)` does not say what the event's file says", file: path)
        }
        guard event.height == height, event.folder == folder,
            commit.messageBytes.starts(with: EventMessage.subjectPrefix(event).utf8)
        else {
            throw .notAuthentic("the subject does not name the event")
        }
        return event
    }

    /// The first trailer that does not say what the event's file says. Values have one spelling, so that what was read off
    /// the trailers is compared where that is quicker than to write what they should be.
    private func firstDifference(from event: LedgerEvent, _ evidence: Digest) -> String? {
        if event.kind == kind, event.height == height, event.change == change,
            trailers["Agentsafe-Main"] == event.main.description,
            trailers["Agentsafe-Decision"] == event.decisionTrailer
        {
            return nil
        }
        for (key, value) in EventMessage.trailers(event, previous: nil, evidence: evidence)
        where key != "Agentsafe-Previous" && trailers[key] != value {
            return key
        }
        return nil
    }

    /// The event of a commit, judged by nothing but its own form.
    static func event(of commit: Commit, in repository: Repository) throws(LedgerError) -> LedgerEvent {
        let announced = try AnnouncedEvent(commit)
        return try announced.read(try announced.file(in: repository))
    }

    /// The event's file, as the commit's own tree has it.
    func file(in repository: Repository) throws(LedgerError) -> [UInt8] {
        guard let bytes = try reading({ () throws(GitError) in try repository.file(path, in: commit.tree) }) else {
            throw .notAuthentic("the event's file is missing", file: path)
        }
        return bytes
    }
}
