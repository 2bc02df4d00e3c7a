public import ChangeModel
public import Git

/// What the ledger holds about one change: the events in its folder, in order of height. Read from a verified tip's tree,
/// without walking history.
public struct ChangeRecord: Sendable {
    public let id: ChangeID
    public let events: [LedgerEvent]

    /// The most events of one change that are read; the protocol itself needs fewer than ten, and votes come on top.
    static let maximumEvents = 2000

    public init(_ id: ChangeID, in tree: ObjectID, of repository: Repository) throws(LedgerError) {
        try self.init(id, in: try reading { () throws(GitError) in try TreeDraft(repository, root: tree) })
    }

    init(_ id: ChangeID, in tree: TreeDraft) throws(LedgerError) {
        self.id = id
        let folder = id.folder
        let names = try reading { () throws(GitError) in try tree.names(in: folder) }
        guard names.count <= Self.maximumEvents else {
            throw .refused("\(id) has more than \(Self.maximumEvents) files in the ledger")
        }
        var events: [LedgerEvent] = []
        for name in names {
            let path = "\(folder)/\(name)"
            guard let kind = Self.kind(ofFile: name),
                let bytes = try reading({ () throws(GitError) in try tree.file(path, limit: 4 << 20) })
            else { continue }
            let event = try LedgerEvent(parsing: bytes)
            guard event.kind == kind, event.change?.id == id else {
                throw .notAuthentic("the event is not the one that its name says", file: path)
            }
            events.append(event)
        }
        self.events = events.sorted { $0.height < $1.height }
    }

    /// `000042-claim.json` → claim; nil for the files that events add.
    private static func kind(ofFile name: String) -> EventKind? {
        guard name.hasSuffix(".json"), let dash = name.firstIndex(of: "-"), name[..<dash].allSatisfy(\.isNumber) else {
            return nil
        }
        return EventKind(rawValue: String(name[name.index(after: dash)...].dropLast(5)))
    }

    public func last(_ kind: EventKind) -> LedgerEvent? { events.last { $0.kind == kind } }

    /// The recorded votes; a merge approval is one whose `merge` member names the landing.
    public var votes: [RecordedVote] {
        events.filter { $0.kind == .vote }.compactMap(RecordedVote.init)
    }
}

/// One `vote` event: a statement with its signature, or a landing that was an approval.
public struct RecordedVote: Sendable {
    public enum Form: Sendable {
        case statement(SignedVote)
        case merge(commit: ObjectID, approval: MergeApproval)
    }

    public let form: Form
    /// The event's time, which is the vote's.
    public let at: Timestamp

    init?(_ event: LedgerEvent) {
        at = event.at
        if let text = event.body["statement"]?.stringValue, let signature = event.body["signature"]?.stringValue,
            let vote = SignedVote(text: text, signature: signature)
        {
            form = .statement(vote)
        } else if let commit = event.body["merge"]?.stringValue.flatMap({ ObjectID($0) }),
            let voter = event.body["by"]?.stringValue, let key = event.body["key"]?.stringValue,
            let plan = event.body["plan"]?.stringValue.flatMap({ Digest($0) })
        {
            form = .merge(commit: commit, approval: MergeApproval(voter: voter, key: key, plan: plan))
        } else {
            return nil
        }
    }

    public static func body(_ vote: SignedVote) -> JSONValue {
        ["statement": .string(vote.statement.text), "signature": .string(vote.signatureText)]
    }

    public static func body(_ approval: MergeApproval, commit: ObjectID) -> JSONValue {
        [
            "merge": .string(commit.description), "by": .string(approval.voter), "key": .string(approval.key),
            "plan": .string(approval.plan.description),
        ]
    }
}
