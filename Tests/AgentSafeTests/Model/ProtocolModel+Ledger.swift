/// What may be recorded.
extension ProtocolModel {
    /// The ledger with what landed on main up to a commit entered.
    func entered(_ ledger: ModelLedger, through position: Int) -> ModelLedger {
        var ledger = ledger
        guard position > ledger.main else { return ledger }
        for landedAt in ledger.main + 1...position {
            for landing in main[landedAt].landings {
                ledger.pending[landing.change] = .init(
                    landedAt: landedAt, approval: landing.approval, expires: changes[landing.change]?.expires ?? 0)
            }
        }
        return ledger
    }

    mutating func record(
        _ event: WalkOperation.Event, by key: ModelKey, as name: ModelActor, naming: WalkOperation.Naming
    ) -> WalkResult {
        guard isSayable(event, naming) else { return .idle }
        let named = naming == .newest ? position : 0
        guard named >= ledger.main else { return .refused }
        let registry = main[named].registry
        let at = max(clock, ledger.at)
        guard key.owner == name, registry.isValid(key, at: at), maySign(event, name, registry) else { return .refused }
        var next = entered(ledger, through: named)
        if case .trust = event {
        } else {
            guard ledger.trustVersion == registry.version else { return .refused }
        }
        guard accept(event, by: name, named: named, at: at, in: &next) else { return .refused }
        let subject = if case .vote(let number) = event { ballots[number]?.change } else { event.change }
        if let subject, let change = changes[subject] {
            next.records[subject, default: .init()].versions.insert(change.version)
        }
        next.height += 1
        next.at = at
        next.main = named
        // What waits goes with the hour after the one in which it expired, but for what is claimed.
        next.pending = next.pending.filter { $0.value.expires / 3600 >= at / 3600 || next.claims[$0.key] != nil }
        ledger = next
        return .accepted
    }

    /// Whether the event speaks of what is there to be spoken of.
    private func isSayable(_ event: WalkOperation.Event, _ naming: WalkOperation.Naming) -> Bool {
        if case .vote(let number) = event {
            return ballots[number].flatMap { changes[$0.change] }.map { isReadable($0, naming) } ?? false
        }
        if case .mergeVote(let number) = event,
            !main.contains(where: { $0.landings.contains { $0.change == number && $0.approval != nil } })
        {
            return false
        }
        guard let number = event.change else { return true }
        guard let change = changes[number], isReadable(change, naming) else { return false }
        if case .claim = event { return plan(change, main[naming == .newest ? position : 0].policy) != nil }
        return true
    }

    private func isReadable(_ change: ModelChange, _ naming: WalkOperation.Naming) -> Bool {
        isGenuine(change, by: main[naming == .newest ? position : 0].registry, evenRevoked: true)
            && isGenuine(change, by: tip.registry, evenRevoked: true)
    }

    private func maySign(_ event: WalkOperation.Event, _ actor: ModelActor, _ registry: ModelRegistry) -> Bool {
        guard let identity = registry.identities[actor] else { return false }
        switch event {
        case .trust, .decision, .vote, .mergeVote:
            return identity.kind == .service && !identity.roles.isDisjoint(with: [.gate, .runner])
        case .claim, .prepared, .execution, .aborted:
            return identity.kind == .service && identity.roles.contains(.runner)
        case .resolution:
            return identity.kind == .person && !identity.roles.isDisjoint(with: [.approver, .admin])
        }
    }

    private func accept(
        _ event: WalkOperation.Event, by actor: ModelActor, named: Int, at: Int64, in ledger: inout ModelLedger
    ) -> Bool {
        switch event {
        case .trust(let skips):
            guard !skips, ledger.trustVersion < main[named].registry.version else { return false }
            ledger.trustVersion += 1
            return true
        case .decision(let number, let lies):
            guard let change = changes[number], !lies else { return false }
            return acceptDecision(change, named: named, in: &ledger)
        case .vote(let number):
            guard let vote = ballots[number], let change = changes[vote.change],
                isKnown(change, named: named, in: ledger),
                isGood(vote, on: change, by: main[named].registry, at: at), vote.at <= at + Self.skew
            else { return false }
            ledger.records[change.number, default: .init()].votes.append(vote)
            return true
        case .mergeVote(let number):
            guard let approval = ledger.pending[number]?.approval, main[named].registry.isValid(approval.key, at: at)
            else { return false }
            ledger.records[number, default: .init()].merges.append(approval)
            return true
        case .claim(let number, let lease, let lie):
            guard lie == .none, let change = changes[number] else { return false }
            return acceptClaim(change, by: actor, lease: lease, named: named, at: at, in: &ledger)
        case .prepared, .execution, .aborted, .resolution:
            return acceptContinuation(event, by: actor, named: named, at: at, in: &ledger)
        }
    }

    /// Whether readers can find the change: on the main commit that the event names, or in the ledger's own copy.
    private func isKnown(_ change: ModelChange, named: Int, in ledger: ModelLedger) -> Bool {
        main[named].landed.contains(change.number) || ledger.records[change.number]?.copy == change.version
    }

    private func acceptDecision(_ change: ModelChange, named: Int, in ledger: inout ModelLedger) -> Bool {
        var record = ledger.records[change.number] ?? .init()
        // The first decision brings the change's files along; nothing recorded is ever replaced.
        if record.copy == nil { record.copy = change.version }
        guard main[named].landed.contains(change.number) || record.copy == change.version else { return false }
        let isRollback = isRollback(change, in: ledger)
        record.decisions.insert(
            .init(version: change.version, answer: answer(change, by: main[named], isRollback: isRollback)))
        ledger.records[change.number] = record
        return true
    }

    private func acceptClaim(
        _ change: ModelChange, by actor: ModelActor, lease: Int64, named: Int, at: Int64, in ledger: inout ModelLedger
    ) -> Bool {
        let record = ledger.records[change.number] ?? .init()
        guard ledger.pending[change.number] != nil, ledger.claims[change.number] == nil,
            ledger.lockHolder(change.target) == nil, !record.hasExecution, lease > 0, lease <= Self.longestLease
        else { return false }
        guard isAuthorized(change, named: named, at: at, in: ledger) else { return false }
        ledger.claims[change.number] = .init(
            by: actor, leaseEnd: at + lease, lock: change.target, plan: plan(change, main[named].policy))
        return true
    }

    /// Whether main and the recorded votes let the change run.
    private func isAuthorized(_ change: ModelChange, named: Int, at: Int64, in ledger: ModelLedger) -> Bool {
        let record = ledger.records[change.number] ?? .init()
        let registry = main[named].registry
        let votes = adding(
            record.merges, to: recordedVotes(change, in: ledger, by: registry, at: at), by: registry, at: at)
        guard
            case .authorized = judge(
                change, by: main[named], votes: votes, isRollback: isRollback(change, in: ledger), at: at)
        else { return false }
        return true
    }

    private func acceptContinuation(
        _ event: WalkOperation.Event, by actor: ModelActor, named: Int, at: Int64, in ledger: inout ModelLedger
    ) -> Bool {
        guard let number = event.change, let change = changes[number], var claim = ledger.claims[number] else {
            return false
        }
        switch event {
        case .prepared(_, let lease, let pair, let isOtherClaim):
            guard !isOtherClaim, !claim.isPrepared, claim.by == actor, at <= claim.leaseEnd,
                at + lease >= claim.leaseEnd, lease <= Self.longestLease,
                // The last word before the target is changed.
                isAuthorized(change, named: named, at: at, in: ledger),
                plan(change, main[named].policy) == claim.plan
            else { return false }
            claim.isPrepared = true
            claim.leaseEnd = at + lease
            ledger.claims[number] = claim
            ledger.records[number, default: .init()].pair = pair
        case .execution(_, let succeeds, let isOtherClaim):
            guard !isOtherClaim, claim.isPrepared, claim.by == actor else { return false }
            close(change, as: succeeds ? .succeeded : .failed, in: &ledger)
            ledger.records[number]?.hasExecution = true
        case .aborted:
            guard !claim.isPrepared, claim.by == actor || at > claim.leaseEnd else { return false }
            ledger.claims[number] = nil
        case .resolution(_, let outcome):
            guard claim.isPrepared, at > claim.leaseEnd else { return false }
            close(change, as: outcome, in: &ledger)
        default: return false
        }
        return true
    }

    private func close(_ change: ModelChange, as outcome: ModelOutcome, in ledger: inout ModelLedger) {
        ledger.claims[change.number] = nil
        ledger.pending[change.number] = nil
        ledger.records[change.number, default: .init()].outcome = outcome
        // What never reached the target leaves the execution before it the latest.
        if outcome != .notApplied { ledger.last[change.target] = .init(change: change.number) }
    }

    // MARK: - A whole run

    /// A runner records what is owed, claims the change, and goes on to where it dies.
    mutating func run(_ number: Int, by key: ModelKey, until stage: WalkOperation.Stage, pair: Int) -> WalkResult {
        guard let change = changes[number], isLanded(number), tip.registry.isValid(key, at: clock) else { return .idle }
        guard maySign(.aborted(number), key.owner, tip.registry) else { return .idle }
        guard entered(ledger, through: position).pending[number] != nil, ledger.claims[number] == nil,
            ledger.lockHolder(change.target) == nil
        else { return .idle }
        guard case .authorized = standing(of: change) else { return .refused }
        var events = owedTrust + owed(change)
        events.append(.claim(number, lease: 900, lie: .none))
        if stage != .claim { events.append(.prepared(number, lease: 900, pair: pair, isOtherClaim: false)) }
        if stage == .executed || stage == .failed {
            events.append(.execution(number, succeeds: stage == .executed, isOtherClaim: false))
        }
        var next = self
        for event in events where next.record(event, by: key, as: key.owner, naming: .newest) != .accepted {
            return .refused
        }
        self = next
        return .accepted
    }

    private var owedTrust: [WalkOperation.Event] {
        Array(repeating: .trust(skips: false), count: tip.registry.version - ledger.trustVersion)
    }

    /// Records the trust commits that have no event yet.
    mutating func recordTrust(by key: ModelKey) {
        for event in owedTrust { _ = record(event, by: key, as: key.owner, naming: .newest) }
    }

    /// Records what is owed to a change that does not run.
    mutating func refuse(_ number: Int, by key: ModelKey) {
        guard let change = changes[number] else { return }
        for event in owedTrust + owed(change) { _ = record(event, by: key, as: key.owner, naming: .newest) }
    }

    /// The decision, once for each version and answer; the votes that count and are not recorded; and an approval by merge.
    private func owed(_ change: ModelChange) -> [WalkOperation.Event] {
        let ledger = entered(ledger, through: position)
        let record = ledger.records[change.number] ?? .init()
        let isRollback = isRollback(change, in: ledger)
        let decision = ModelLedger.Decision(
            version: change.version, answer: answer(change, by: tip, isRollback: isRollback))
        var events: [WalkOperation.Event] =
            record.decisions.contains(decision) ? [] : [.decision(change.number, lies: false)]
        let votes = ballots.values.filter { $0.change == change.number && counts($0, on: change, at: clock) }
        var known = record.votes
        for vote in votes.sorted(by: { $0.number < $1.number }) where !known.contains(where: { $0.isSame(vote) }) {
            // Of an agent's withdrawals one is enough.
            if tip.registry.identities[vote.voter]?.kind == .agent,
                known.contains(where: { $0.kind == .withdraw && $0.voter == vote.voter })
            {
                continue
            }
            events.append(.vote(vote.number))
            known.append(vote)
        }
        let spoken =
            recordedVotes(change, in: ledger, by: tip.registry, at: clock).map { ($0.voter, $0.rejector) }
            + votes.map { ($0.voter, $0.rejector) }
        if record.merges.isEmpty, let approval = ledger.pending[change.number]?.approval,
            tip.registry.isValid(approval.key, at: clock),
            !spoken.contains(where: { $0.0 == approval.voter && $0.1 == nil })
        {
            events.append(.mergeVote(change.number))
        }
        return events
    }
}

extension ModelVote {
    /// Whether two votes are one statement.
    func isSame(_ other: ModelVote) -> Bool {
        var copy = other
        (copy.number, copy.isInPlace, copy.key) = (number, isInPlace, key)
        return copy == self
    }
}
