internal import ChangeModel
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

    func check() throws(LedgerError) {
        guard let members = event.body.objectValue,
            event.kind.bodyMembers.contains(where: { $0.count == members.count && $0.allSatisfy { members[$0] != nil } }
            )
        else {
            throw .notAuthentic("the event's members are not those of a \(event.kind.rawValue)")
        }
        // A revocation is in force from its event on: nothing else may name a main commit that follows it.
        let recorded = try state.trustVersion()
        guard event.kind == .trust || recorded == main.identities.trustVersion else {
            throw .notAuthentic(
                "the event names main at trust version \(main.identities.trustVersion), and the ledger has recorded "
                    + "version \(recorded) only")
        }
        switch event.kind {
        case .genesis: throw .notAuthentic("a second genesis")
        case .trust: try checkTrust()
        case .decision: try checkDecision()
        case .vote: try checkVote()
        case .claim: try checkClaim()
        case .prepared, .execution, .aborted: try checkContinuation()
        case .resolution: try checkResolution()
        case .preview: try checkPreview()
        }
    }

    func requireChange() throws(LedgerError) -> SignedChange {
        guard let change else { throw .notAuthentic("the event names no change") }
        return change
    }

    private func checkTrust() throws(LedgerError) {
        let version = try state.trustVersion() + 1
        let owed = history.trustCommit(version: version)
        guard version <= main.identities.trustVersion, let owed, event.body == TrustEvent.body(owed) else {
            throw .notAuthentic("the event does not record the next trust commit, which is version \(version)")
        }
    }

    /// A recorded decision must be the one that the engine gives at the named commit and instant.
    private func checkDecision() throws(LedgerError) {
        let change = try requireChange()
        let judgement = try Judgement(
            change, main: main, past: try state.past(of: change, main: main, at: event.at), now: event.at)
        try checkEngine()
        guard judgement.isRecordable, try state.hasRoom(for: change.account(at: event.at), at: event.at) else {
            throw .refused(
                "the ledger takes no more denied changes of `\(change.change.proposer)` now: \(judgement.decision.reason)"
            )
        }
        guard event.body["proposer"]?.stringValue == change.change.proposer else {
            throw .notAuthentic("the recorded proposer is not the change's")
        }
        guard event.body["decision"] == judgement.decision.json else {
            throw .notAuthentic("the recorded decision is not the one that main's policy gives")
        }
        guard event.body["plan"] == (judgement.plan.map { .string($0.digest.description) } ?? .null) else {
            throw .notAuthentic("the recorded plan is not the one that follows from main")
        }
    }

    /// What another engine decided cannot be decided again, and is not taken on trust.
    private func checkEngine() throws(LedgerError) {
        guard let engine = event.body["engine"]?.stringValue, engine == PolicyEngine.version else {
            throw .notAuthentic(
                "the decision was made by engine version \(event.body["engine"]?.canonicalText.prefix(40) ?? "none"), and this "
                    + "is version \(PolicyEngine.version)",
                advice: "verify it with a version of agentsafe that knows that engine")
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
            guard let entry = try state.pending(change.change), entry.landed == commit, entry.approval == approval,
                event.body == RecordedVote.body(approval, commit: commit)
            else { throw .notAuthentic("no landing on main is the approval that the event records") }
            guard let owner = main.identities.owner(ofKey: approval.key), owner.identity.id == approval.voter,
                owner.key.isValid(at: event.at)
            else { throw .notAuthentic("the key that signed the merge is not valid at \(event.at)") }
        }
    }

    private func checkClaim() throws(LedgerError) {
        let change = try requireChange()
        guard let entry = try state.pending(change.change), entry.digest == change.digest else {
            throw .refused(
                "\(change.change.id) is not waiting on main: it was executed, it expired, or it never landed")
        }
        if let claim = try state.claim(change.change.id) {
            throw .refused("\(change.change.id) is claimed already, by `\(claim.by)` until \(claim.leaseEnd)")
        }
        for lock in event.locks {
            if let holder = try state.lockHolder(lock) { throw .refused("the target is locked by \(holder)") }
        }
        let record = try state.record(of: change.change.id)
        guard !record.events.contains(where: { $0.kind == .execution }) else {
            throw .refused("\(change.change.id) was executed already")
        }
        let judgement = try Judgement(
            change, main: main, recorded: record.votes, past: try state.past(of: change, main: main, at: event.at),
            now: event.at)
        guard case .authorized(let authorized) = judgement.authorization else {
            throw .notAuthentic("the change was claimed, but neither the policy nor the recorded votes allow it")
        }
        guard event.locks == authorized.plan.locks, event.plan == authorized.plan.digest else {
            throw .notAuthentic("the claim's plan or locks are not those that follow from main")
        }
        try checkEngine()
        guard event.body["decision"] == authorized.decision.json,
            event.body["approved_by"] == .strings(authorized.approvedBy),
            event.body["steps"] == authorized.plan.recordedSteps
        else { throw .notAuthentic("the claim's decision, approvals or steps are not those that follow from main") }
        guard event.body["break_glass"] == authorized.brokenGlass?.json else {
            throw .notAuthentic("the claim does not say what follows from the recorded votes about breaking the glass")
        }
        guard let end = event.leaseEnd, end > event.at, end <= event.at + .seconds(24 * 3600),
            let nonce = event.body["nonce"]?.stringValue, nonce.utf8.count == 32, Hexadecimal.bytes(nonce) != nil
        else { throw .notAuthentic("the claim lacks its lease or its 128 random bits") }
        guard event.body["trust_remote"].map({ $0 == .bool(true) }) ?? true else {
            throw .notAuthentic("`trust_remote` is true, or is not there")
        }
        try checkTicket(record)
    }

    /// A ticket serves for one claim, and a claim that was given back has used it up. That it was genuine is for the runner to
    /// say: the ledger holds its digest alone.
    private func checkTicket(_ record: ChangeRecord) throws(LedgerError) {
        guard let member = event.body["ticket"] else {
            guard !main.configuration.requiresTicket else {
                throw .refused("nothing runs here without an execution ticket: `tickets.require` in agentsafe.yaml")
            }
            return
        }
        guard let ticket = member.stringValue.flatMap({ Digest($0) }) else {
            throw .notAuthentic("`ticket` is the digest of an execution ticket, or is not there")
        }
        guard !record.events.contains(where: { $0.kind == .claim && $0.ticket == ticket }) else {
            throw .refused("the execution ticket was used for an earlier claim; have a new one issued")
        }
    }

    /// The last word before the target is changed: the change must still be allowed, by main as this event names it, and
    /// the record must hold what undoes it.
    private func checkPrepared(_ change: SignedChange, _ claim: OpenClaim) throws(LedgerError) {
        let record = try state.record(of: change.change.id)
        let judgement = try Judgement(
            change, main: main, recorded: record.votes, past: try state.past(of: change, main: main, at: event.at),
            now: event.at)
        guard case .authorized(let authorized) = judgement.authorization,
            authorized.plan.locks == claim.locks,
            authorized.plan.digest == record.last(.claim)?.plan
        else { throw .refused("\(change.change.id) is not allowed any more, or its plan changed since the claim") }
        func hasFile(_ name: String) -> Bool {
            event.files["\(event.folder)/\(LedgerEvent.fileName(event.height, name))"] != nil
        }
        guard hasFile("before.json"), hasFile("rollback.yaml") == (event.body["rollback"]?.isNull == false) else {
            throw .notAuthentic(
                "a preparation comes with its before-state, and with the rollback pair where there is one")
        }
        try checkCredentials()
        try checkPrechecks(allowing: authorized.decision.advisoryPrechecks(ofStep: claim.prepared))
    }

    /// What a person found out about an unknown: it closes the claim, and nothing reopens it.
    private func checkResolution() throws(LedgerError) {
        let change = try requireChange()
        guard let claim = try state.claim(change.change.id), claim.digest == change.digest,
            event.body["claim"]?.integerValue == Int64(claim.height)
        else { throw .refused("\(change.change.id) has no open claim, so there is nothing to resolve") }
        guard claim.isPrepared else {
            throw .refused("nothing was prepared for \(change.change.id): a runner gives its claim back")
        }
        guard event.at > claim.leaseEnd else {
            throw .refused("`\(claim.by)` holds \(change.change.id) until \(claim.leaseEnd); resolve it after that")
        }
        guard event.body["outcome"]?.stringValue.flatMap(Resolution.init(rawValue:)) != nil,
            let reason = event.body["reason"]?.stringValue, Resolution.isReason(reason)
        else { throw .notAuthentic("the resolution lacks its outcome or its reason") }
    }

    private func checkContinuation() throws(LedgerError) {
        let change = try requireChange()
        guard let claim = try state.claim(change.change.id), claim.digest == change.digest,
            event.body["claim"]?.integerValue == Int64(claim.height)
        else { throw .refused("\(change.change.id) has no open claim that this event could belong to") }
        switch event.kind {
        case .prepared:
            guard event.by == claim.by else { throw .refused("the claim belongs to `\(claim.by)`") }
            try checkStep(change, claim)
            guard event.at <= claim.leaseEnd else { throw .refused("the claim's lease ended at \(claim.leaseEnd)") }
            guard let end = event.leaseEnd, end >= claim.leaseEnd, end <= event.at + .seconds(24 * 3600) else {
                throw .notAuthentic("the event lacks the lease that it renews")
            }
            try checkPrepared(change, claim)
        case .execution:
            guard claim.isPrepared, event.by == claim.by else {
                throw .refused("the claim is not prepared, or belongs to `\(claim.by)`")
            }
            guard event.outcome == "succeeded" || event.outcome == "failed" else {
                throw .notAuthentic("the execution has no outcome")
            }
            guard event.body["changed"]?.boolValue != nil else {
                throw .notAuthentic("the execution does not say whether it changed anything")
            }
            try checkExecutedSteps(change, claim)
        default:
            guard !claim.isPrepared else { throw .refused("a prepared claim cannot be aborted") }
            guard event.by == claim.by || event.at > claim.leaseEnd else {
                throw .refused("the claim belongs to `\(claim.by)` until \(claim.leaseEnd)")
            }
        }
    }
}
