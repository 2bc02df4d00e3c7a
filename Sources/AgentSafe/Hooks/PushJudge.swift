internal import ChangeModel
internal import Git
internal import Ledger

/// Judges the references of one push, before any of them moves. Writes nothing but the marks, and those only of what was
/// there before.
final class PushJudge {
    let repository: Repository
    let now: Timestamp
    /// Where main and ledger stand, and where the push would take them.
    let main: Movement
    let ledger: Movement
    /// What the push would make of each reference; nil: it goes away.
    let pushed: [String: ObjectID?]
    private let needsLedger: Bool
    private var verifiedMain: Result<MainHistory, AgentSafeError>?
    private var verifiedLedger: LedgerHistory?
    private var history: ServerHistory?
    var castVotes: [ChangeID: Int] = [:]

    struct Movement {
        let old: ObjectID?
        let new: ObjectID?

        /// The commits that a push adds to a branch which only ever moves on.
        func brought(to branch: String, in repository: Repository) throws(AgentSafeError) -> Set<ObjectID> {
            guard let new, new != old else { return [] }
            let path = try FirstParentPath(from: new, to: old, in: repository)
            if !path.arrives, let old {
                throw try FirstParentPath.refusal(of: new, after: old, branch: branch, in: repository)
            }
            return path.new
        }
    }

    private let updates: [(update: ReferenceUpdate, kind: PushedReference)]
    private(set) var report = PushReport()

    init(repository: Repository, push: PushRequest, now: Timestamp) throws(AgentSafeError) {
        self.repository = repository
        self.now = now
        pushed = Dictionary(uniqueKeysWithValues: push.updates.map { ($0.name, $0.new) })
        main = try Self.movement("refs/heads/main", pushed, repository)
        ledger = try Self.movement("refs/heads/ledger", pushed, repository)
        var known: [(update: ReferenceUpdate, kind: PushedReference)] = []
        for update in push.updates {
            do {
                known.append((update, try Self.recognise(update, in: repository)))
            } catch {
                report.refuse(update.name, error)
            }
        }
        // Whatever the order of the lines: first what the rest is judged by.
        updates = known.filter { $0.kind == .main } + known.filter { $0.kind != .main }
        needsLedger = known.contains { update, kind in
            if case .vote = kind { update.new == nil } else { kind == .ledger }
        }
    }

    private static func movement(
        _ name: String, _ pushed: [String: ObjectID?], _ repository: Repository
    ) throws(AgentSafeError) -> Movement {
        let old = try git { () throws(GitError) in try repository.reference(name) }
        return Movement(old: old, new: pushed[name] ?? old)
    }

    /// What a reference is, if it may be moved by a push at all.
    private static func recognise(
        _ update: ReferenceUpdate, in repository: Repository
    ) throws(AgentSafeError) -> PushedReference {
        let kind = try PushedReference(update.name)
        if let target = try git({ () throws(GitError) in try repository.symbolicTarget(update.name) }) {
            throw AgentSafeError(.notAuthentic, "on this server it stands for `\(target)`; push that")
        }
        if kind == .other { return kind }
        // The first name on the line is the client's word, and git does not always hold it against the reference.
        let standing = try git { () throws(GitError) in try repository.reference(update.name) }
        guard standing == update.old else {
            throw AgentSafeError(
                .failed,
                "it is at \(standing?.short ?? "nothing"), not at \(update.old?.short ?? "nothing"): somebody was faster; fetch, "
                    + "and push again")
        }
        return kind
    }

    /// Judges everything.
    func judge() {
        var skipped = 0
        var mainRefused = false
        for (update, kind) in updates where kind != .other {
            if mainRefused {
                skipped += 1
                continue
            }
            do {
                try judge(update, kind)
            } catch {
                report.refuse(update.name, error)
                mainRefused = kind == .main
            }
        }
        if skipped > 0 {
            report.notes.append("\(skipped) more references of the push are judged once `refs/heads/main` is accepted")
        }
    }

    private func judge(_ update: ReferenceUpdate, _ kind: PushedReference) throws(AgentSafeError) {
        switch kind {
        case .main:
            guard update.new != nil else {
                throw AgentSafeError(.notAuthentic, "nobody deletes `main`, by which everything is judged")
            }
            _ = try mainHistory()
        case .ledger:
            guard let new = update.new else {
                throw AgentSafeError(.notAuthentic, "nobody deletes `ledger`: nothing recorded is ever lost")
            }
            _ = try ledgerHistory(through: new)
        case .change(let id): if let new = update.new { try judgeChange(id, at: new) }
        case .vote(let name): try judgeVote(name, update)
        case .other: break
        }
    }

    func note(_ text: String) { report.notes.append(text) }

    /// Moves the marks to what the references hold, as far as it was proved on the way.
    func keepMarks() throws(AgentSafeError) {
        guard let history, case .success(let proved)? = verifiedMain else { return }
        let reached = try history.marks(
            main: proved, at: main.old, ledger: verifiedLedger, at: ledger.old)
        if let reached, reached != history.marks { try reached.write(repository, genesis: history.genesis) }
    }

    // MARK: - What all are judged by

    func serverHistory() throws(AgentSafeError) -> ServerHistory {
        if let history { return history }
        let found = try ServerHistory(repository: repository, now: now)
        history = found
        return found
    }

    /// main as it will be after the push, verified.
    func mainHistory() throws(AgentSafeError) -> MainHistory {
        if let verifiedMain { return try verifiedMain.get() }
        let result: Result<MainHistory, AgentSafeError>
        do throws(AgentSafeError) {
            let history = try serverHistory()
            guard let tip = main.new else {
                throw AgentSafeError(
                    .failed,
                    "there is no branch `main` here yet, and by main all is judged; push `main` first, or at once with this"
                )
            }
            let brought = try main.brought(to: "main", in: repository)
            result = .success(try history.mainHistory(through: tip, forLedger: needsLedger, brought: brought))
        } catch {
            result = .failure(error)
        }
        verifiedMain = result
        return try result.get()
    }

    func mainState() throws(AgentSafeError) -> MainState {
        let main = try mainHistory()
        return try AgentSafe.ledger { () throws(LedgerError) in try main.tipState() }
    }

    /// The ledger up to `tip`, verified.
    func ledgerHistory(through tip: ObjectID) throws(AgentSafeError) -> LedgerHistory {
        if let verifiedLedger, verifiedLedger.contains(tip) { return verifiedLedger }
        let main = try mainHistory()
        let brought = tip == ledger.new ? try ledger.brought(to: "ledger", in: repository) : []
        let found = try serverHistory().ledgerHistory(through: tip, main: main, brought: brought)
        verifiedLedger = found
        return found
    }
}
