internal import ChangeModel
internal import Git

/// Judges events one by one: each by itself, its predecessor and main, and so by everything before it, if that was accepted.
struct EventJudge {
    let repository: Repository
    let main: MainHistory
    /// The reader's clock; events beyond it, and a small skew, are refused.
    let now: Timestamp

    /// Judges `commit` as the one that follows `previous`. Whatever is wrong is said here.
    func judge(_ commit: Commit, after previous: AcceptedEvent) throws(LedgerError) -> LedgerEvent {
        guard commit.parents == [previous.commit.id] else {
            throw .notAuthentic("the ledger is linear: one parent a commit")
        }
        let announced = try AnnouncedEvent(commit)
        let event = try announced.read(try announced.file(in: repository))
        do throws(LedgerError) {
            let state = try checkPlace(of: event, announced, after: previous)
            let change = try Self.change(of: event, commit: commit, by: state, in: repository)
            var next = try LedgerState(repository: repository, tree: previous.commit.tree)
            try next.land(try main.landings(after: previous.event.main, through: event.main))
            try EventRules(event: event, change: change, main: state, history: main, state: next).check()
            try next.apply(event, change: change, by: state)
            try EventTree.check(commit, event, previous: previous.commit.tree, state: next, repository: repository)
        } catch {
            throw error.about(event.path)
        }
        return event
    }

    /// What makes an event the next one: height, chain, time, main, and a signature of somebody with the right to record it.
    ///
    /// - Returns: main as of the commit that the event names.
    func checkPlace(
        of event: LedgerEvent, _ announced: AnnouncedEvent, after previous: AcceptedEvent
    ) throws(LedgerError) -> MainState {
        guard event.height == previous.event.height + 1 else {
            throw .notAuthentic("height \(event.height) follows height \(previous.event.height)")
        }
        guard announced.previous == Digest(of: previous.commit.raw).description else {
            throw .notAuthentic("the chain is broken: it does not name its predecessor's digest")
        }
        guard event.at >= previous.event.at else {
            throw .notAuthentic("it is dated \(event.at), before its predecessor (\(previous.event.at))")
        }
        guard event.at <= now + clockSkew else {
            throw .notAuthentic(
                "it is dated \(event.at), which is in the future: the clock here says \(now)",
                advice:
                    "set this clock if it is wrong; if it is right, that of `\(event.by)` was not, and the ledger can "
                    + "be read again when that time has come")
        }
        guard let position = main.position(of: event.main), let before = main.position(of: previous.event.main),
            position >= before
        else {
            throw .notAuthentic(
                "it names main commit \(event.main.short), which is older than its predecessor's or not on main")
        }
        let state = try main.state(of: event.main)
        try Self.checkSignature(announced.commit, event, by: state)
        return state
    }

    static func checkSignature(_ commit: Commit, _ event: LedgerEvent, by state: MainState) throws(LedgerError) {
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
    static func change(
        of event: LedgerEvent, commit: Commit, by state: MainState, in repository: Repository
    ) throws(LedgerError) -> SignedChange? {
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
