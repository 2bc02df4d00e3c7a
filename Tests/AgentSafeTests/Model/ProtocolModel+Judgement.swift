/// Policy, votes, and what follows from them.
extension ProtocolModel {
    enum Standing: Hashable {
        case authorized(isApproved: Bool)
        case awaiting
        case denied(ModelState)
    }

    /// A vote that counts.
    struct CountedVote: Hashable {
        var voter: ModelActor
        var kind: ModelVote.Kind
        var plan: ModelPlan?
        var at: Int64
        var rejector: ModelActor?
    }

    func plan(_ change: ModelChange, _ policy: ModelPolicy) -> ModelPlan? {
        guard ModelChange.replicas.contains(change.current.replicas) else { return nil }
        return ModelPlan(
            change: change.number, version: change.version, action: policy.action,
            target: policy.targets[change.target] ?? 0)
    }

    /// The policy's own answer.
    func answer(_ change: ModelChange, by commit: ModelMainCommit, isRollback: Bool) -> ModelAnswer {
        let roles = commit.registry.identities[change.proposer]?.roles ?? []
        guard ModelChange.replicas.contains(change.current.replicas) else { return .deny }
        switch change.target {
        case .prod, .pay:
            if isRollback, !roles.isDisjoint(with: [.deployer, .sre]) { return .allow }
            guard !roles.isDisjoint(with: [.deployer, .sre, .admin]) else { return .deny }
            return .approvals(change.target == .pay ? 2 : 1)
        case .staging, .stagingWeb:
            guard !roles.isDisjoint(with: [.deployer, .sre, .admin]) else { return .deny }
            return switch commit.policy.staging {
            case .open: .allow
            case .approved: .approvals(1)
            case .closed: .deny
            }
        }
    }

    /// Whether the change is the recorded pair of the latest execution on its target.
    func isRollback(_ change: ModelChange, in ledger: ModelLedger) -> Bool {
        // What undoes a rollback is an ordinary change.
        guard let undone = change.rollbackOf, ledger.last[change.target]?.change == undone,
            changes[undone]?.rollbackOf == nil,
            let pair = ledger.records[undone]?.pair, changes[undone]?.target == change.target
        else { return false }
        return pair == change.current.replicas
    }

    func mayVote(_ vote: ModelVote, on change: ModelChange, by registry: ModelRegistry) -> Bool {
        let voter = vote.voter
        return switch vote.kind {
        case .approve, .reject: registry.isPerson(voter, with: .approver) && voter != change.proposer
        case .withdraw where vote.rejector != nil:
            registry.isPerson(voter, with: .admin) && voter != change.proposer && voter != vote.rejector
        case .withdraw: voter == change.proposer || registry.identities[voter]?.kind == .person
        case .cancel: registry.isPerson(voter, with: .approver) || registry.isPerson(voter, with: .admin)
        }
    }

    /// Whether a vote's statement holds, by the identities of one main commit and at one instant.
    func isGood(_ vote: ModelVote, on change: ModelChange, by registry: ModelRegistry, at instant: Int64) -> Bool {
        guard vote.isForThisRepository, vote.key.owner == vote.voter, let key = registry.entry(vote.key),
            mayVote(vote, on: change, by: registry)
        else { return false }
        // What stops a change needs a key that was good when it says it was cast, and no earlier than the change.
        if vote.stops(change) { return key.covers(vote.at) && vote.at + Self.skew >= change.created }
        return vote.version == change.version && key.isValid(at: instant)
    }

    /// Whether the vote counts from its branch.
    func counts(_ vote: ModelVote, on change: ModelChange, at instant: Int64) -> Bool {
        vote.isInPlace && vote.at <= instant + Self.skew
            && isGood(vote, on: change, by: tip.registry, at: instant)
    }

    private func counted(_ vote: ModelVote) -> CountedVote {
        CountedVote(voter: vote.voter, kind: vote.kind, plan: vote.plan, at: vote.at, rejector: vote.rejector)
    }

    /// What recorded votes count for now: those that stop the change for ever; approvals, and what takes a rejection back, only
    /// with a key and a right that still hold.
    func recordedVotes(
        _ change: ModelChange, in ledger: ModelLedger, by registry: ModelRegistry, at instant: Int64
    ) -> [CountedVote] {
        (ledger.records[change.number]?.votes ?? []).filter {
            $0.stops(change) || isGood($0, on: change, by: registry, at: instant)
        }.map(counted)
    }

    /// Adds the approvals by merge of those who have said nothing else.
    func adding(
        _ approvals: [ModelMergeApproval], to votes: [CountedVote], by registry: ModelRegistry, at instant: Int64
    ) -> [CountedVote] {
        var votes = votes
        for approval in approvals
        where !votes.contains(where: { $0.voter == approval.voter && $0.rejector == nil })
            && registry.isPerson(approval.voter, with: .approver) && registry.isValid(approval.key, at: instant)
        {
            votes.append(CountedVote(voter: approval.voter, kind: .approve, plan: approval.plan, at: instant))
        }
        return votes
    }

    /// Judges a change by one main commit, at one instant, with these votes.
    func judge(
        _ change: ModelChange, by commit: ModelMainCommit, votes: [CountedVote], isRollback: Bool, at instant: Int64
    ) -> Standing {
        let registry = commit.registry
        guard registry.isValid(change.key, at: instant) else { return .denied(.denied) }
        guard instant <= change.expires else { return .denied(.expired) }
        guard change.created <= instant + Self.skew, change.expires <= change.created + ModelChange.longestLife else {
            return .denied(.denied)
        }
        let answer = answer(change, by: commit, isRollback: isRollback)
        guard answer != .deny, let plan = plan(change, commit.policy) else { return .denied(.denied) }
        let latest = Self.latest(votes, plan: plan)
        if let objection = Self.objection(latest, to: change) { return .denied(objection) }
        guard case .approvals(let needed) = answer else { return .authorized(isApproved: false) }
        let approvers = latest.filter { $0.kind == .approve && $0.plan == plan && $0.voter != change.proposer }
        return approvers.count >= needed ? .authorized(isApproved: true) : .awaiting
    }

    /// Of each voter the latest vote; of two at one time the stricter. An approval of another plan is stricter than one of this.
    private static func latest(_ votes: [CountedVote], plan: ModelPlan) -> [CountedVote] {
        func strictness(_ vote: CountedVote) -> Int {
            switch vote.kind {
            case .approve: vote.plan == plan ? 0 : 1
            case .withdraw: 2
            case .cancel: 3
            case .reject: 4
            }
        }
        let own = Dictionary(grouping: votes.filter { $0.rejector == nil }, by: \.voter).values
        let latest = own.compactMap { $0.max { ($0.at, strictness($0)) < ($1.at, strictness($1)) } }
        // A rejection that an admin took back later is none any more.
        return latest.filter { vote in
            vote.kind != .reject || !votes.contains { $0.rejector == vote.voter && $0.at > vote.at }
        }
    }

    /// A rejection goes before everything else; then withdrawal and cancellation.
    private static func objection(_ latest: [CountedVote], to change: ModelChange) -> ModelState? {
        if latest.contains(where: { $0.kind == .reject }) { return .rejected }
        let isWithdrawn = latest.contains {
            $0.kind == .cancel || $0.kind == .withdraw && $0.voter == change.proposer
        }
        return isWithdrawn ? .withdrawn : nil
    }

    /// Every vote that counts now: recorded ones, those on branches, and merges.
    func votes(on change: ModelChange) -> [CountedVote] {
        let ledger = entered(ledger, through: position)
        let branchVotes = ballots.values.filter { $0.change == change.number && counts($0, on: change, at: clock) }
        let votes = branchVotes.map(counted) + recordedVotes(change, in: ledger, by: tip.registry, at: clock)
        let merges =
            (ledger.records[change.number]?.merges ?? [])
            + [ledger.pending[change.number]?.approval].compactMap { $0 }
        return adding(merges, to: votes, by: tip.registry, at: clock)
    }

    /// How a change stands now: by main's tip, with recorded votes and those on branches.
    func standing(of change: ModelChange) -> Standing {
        judge(change, by: tip, votes: votes(on: change), isRollback: isRollback(change, in: ledger), at: clock)
    }

    /// What `status` must say.
    func state(of number: Int) -> ModelState? {
        guard let change = changes[number] else { return nil }
        switch ledger.records[number]?.outcome {
        case .succeeded, .applied: return .executed
        case .failed, .notApplied, .partlyApplied: return .failed
        case nil: break
        }
        if let claim = ledger.claims[number] {
            return claim.isPrepared && clock > claim.leaseEnd ? .unknown : .claimed
        }
        guard isGenuine(change, by: tip.registry, evenRevoked: true) else { return .unreadable }
        return switch standing(of: change) {
        case .authorized(let isApproved): isLanded(number) ? .landed : isApproved ? .approved : .proposed
        case .awaiting: .awaitingApproval
        case .denied(let state): state
        }
    }
}
