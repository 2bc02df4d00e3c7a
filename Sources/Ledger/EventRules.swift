internal import ChangeModel
internal import Git
internal import PolicyEngine

/// What each event may say, given everything before it. Used by every appender on its own events, and by every reader.
struct EventRules {
    let event: LedgerEvent
    /// The change the event is about, verified by the identities of the event's main commit.
    let change: SignedChange?
    let main: MainState
    let history: MainHistory
    /// The state before the event, with the landings between the two main commits entered.
    let state: LedgerState
    /// The ledger's tree before the event.
    let previousTree: ObjectID

    private var repository: Repository { state.repository }

    func check() throws(LedgerError) {
        switch event.kind {
        case .genesis: throw .notAuthentic("a second genesis")
        case .trust: try checkTrust()
        case .decision: try checkDecision()
        case .vote: try checkVote()
        case .claim: try checkClaim()
        case .prepared, .execution, .aborted: try checkContinuation()
        }
    }

    private func requireChange() throws(LedgerError) -> SignedChange {
        guard let change else { throw .notAuthentic("the event names no change") }
        return change
    }

    private func checkTrust() throws(LedgerError) {
        guard let commit = event.body["commit"]?.stringValue.flatMap({ ObjectID($0) }),
            let position = history.position(of: commit), let limit = history.position(of: event.main), position <= limit
        else { throw .notAuthentic("the trust commit is not on main before the event's main commit") }
        guard case .trust(let version, _) = history.commits[position].kind else {
            // The oldest commit of a partly verified chain was accepted earlier, and its kind is not known here.
            guard position == 0 else { throw .notAuthentic("main commit \(commit.short) is no trust commit") }
            return
        }
        guard event.body["version"]?.integerValue == Int64(version) else {
            throw .notAuthentic("the event names another trust version")
        }
    }

    /// A recorded decision must be the one that the engine gives at the named commit and instant.
    private func checkDecision() throws(LedgerError) {
        let change = try requireChange()
        let judgement = try Judgement(change, main: main, now: event.at)
        guard event.body["engine"]?.stringValue == PolicyEngine.version else { return }
        guard event.body["decision"] == judgement.decision.json else {
            throw .notAuthentic("the recorded decision is not the one that main's policy gives")
        }
        guard event.body["plan"] == (judgement.plan.map { .string($0.digest.description) } ?? .null) else {
            throw .notAuthentic("the recorded plan is not the one that follows from main")
        }
    }

    private func checkVote() throws(LedgerError) {
        let change = try requireChange()
        guard let vote = RecordedVote(event) else { throw .notAuthentic("the event carries no vote that can be read") }
        switch vote.form {
        case .statement(let signed):
            _ = try signed.verified(
                for: change, repository: main.repositoryID, identities: main.identities, at: event.at)
            guard signed.statement.at <= event.at + clockSkew else {
                throw .notAuthentic("the vote is dated after the event that records it")
            }
            guard event.body == RecordedVote.body(signed) else {
                throw .notAuthentic("the event's members are not those of a vote")
            }
        case .merge(let commit, let approval):
            guard let entry = try state.pending(change.change.id), entry.landed == commit, entry.approval == approval,
                event.body == RecordedVote.body(approval, commit: commit)
            else { throw .notAuthentic("no landing on main is the approval that the event records") }
        }
    }

    private func checkClaim() throws(LedgerError) {
        let change = try requireChange()
        guard let entry = try state.pending(change.change.id), entry.digest == change.digest else {
            throw .refused("\(change.change.id) is not waiting on main: it was executed, it expired, or it never landed")
        }
        if let claim = try state.claim(change.change.id) {
            throw .refused("\(change.change.id) is claimed already, by `\(claim.by)` until \(claim.leaseEnd)")
        }
        for lock in event.locks {
            if let holder = try state.lockHolder(lock) { throw .refused("the target is locked by \(holder)") }
        }
        let record = try ChangeRecord(change.change.id, in: previousTree, of: repository)
        guard !record.events.contains(where: { $0.kind == .execution }) else {
            throw .refused("\(change.change.id) was executed already")
        }
        let judgement = try Judgement(change, main: main, recorded: record.votes, now: event.at)
        guard case .authorized(let authorized) = judgement.authorization else {
            throw .notAuthentic("the change was claimed, but neither the policy nor the recorded votes allow it")
        }
        guard event.locks == [authorized.plan.target.lockKey], event.plan == authorized.plan.digest else {
            throw .notAuthentic("the claim's plan or locks are not those that follow from main")
        }
        guard event.body["engine"]?.stringValue != PolicyEngine.version
                || event.body["decision"] == authorized.decision.json
        else { throw .notAuthentic("the claim's decision is not the one that main's policy gives") }
        guard let end = event.leaseEnd, end > event.at, end <= event.at + .seconds(24 * 3600),
            let nonce = event.body["nonce"]?.stringValue, nonce.utf8.count == 32, Hexadecimal.bytes(nonce) != nil
        else { throw .notAuthentic("the claim lacks its lease or its 128 random bits") }
    }

    private func checkContinuation() throws(LedgerError) {
        let change = try requireChange()
        guard let claim = try state.claim(change.change.id), claim.digest == change.digest,
            event.body["claim"]?.integerValue == Int64(claim.height)
        else { throw .refused("\(change.change.id) has no open claim that this event could belong to") }
        switch event.kind {
        case .prepared:
            guard !claim.isPrepared, event.by == claim.by else {
                throw .refused("the claim is prepared already, or belongs to `\(claim.by)`")
            }
            guard event.at <= claim.leaseEnd else { throw .refused("the claim's lease ended at \(claim.leaseEnd)") }
            guard let end = event.leaseEnd, end >= claim.leaseEnd, end <= event.at + .seconds(24 * 3600) else {
                throw .notAuthentic("the event lacks the lease that it renews")
            }
        case .execution:
            guard claim.isPrepared, event.by == claim.by else {
                throw .refused("the claim is not prepared, or belongs to `\(claim.by)`")
            }
            guard event.outcome == "succeeded" || event.outcome == "failed" else {
                throw .notAuthentic("the execution has no outcome")
            }
        default:
            guard !claim.isPrepared else { throw .refused("a prepared claim cannot be aborted") }
            guard event.by == claim.by || event.at > claim.leaseEnd else {
                throw .refused("the claim belongs to `\(claim.by)` until \(claim.leaseEnd)")
            }
        }
    }
}
