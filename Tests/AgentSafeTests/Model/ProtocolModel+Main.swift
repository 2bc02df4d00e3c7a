/// What may land on main.
extension ProtocolModel {
    mutating func append(_ commit: ModelMainCommit, landings: [ModelMainCommit.Landing]) {
        var commit = commit
        commit.landings = landings
        commit.landed.formUnion(landings.map(\.change))
        main.append(commit)
    }

    mutating func land(_ number: Int, _ landing: WalkOperation.Landing) -> WalkResult {
        guard let change = changes[number] else { return .idle }
        if isLanded(number) {
            // What brings nothing lands nothing: anybody may.
            guard landing.twist == .none, landing.way == .merge || landing.way == .squash, change.branch == .clean
            else {
                return .idle
            }
            append(tip, landings: [])
            return .accepted
        }
        let isNext = change.base == position
        let isWhole =
            landing.twist == .none && isGenuine(change, by: tip.registry, evenRevoked: false)
        switch landing.way {
        case .fastForward, .foxtrot:
            // Main's first parents are its history: whoever is not on them was rewound.
            guard landing.twist == .none else { return .idle }
            guard isNext, isWhole, change.branch == .clean else { return .refused }
            append(tip, landings: [.init(change: number)])
            if landing.way == .foxtrot { append(tip, landings: []) }
            return .accepted
        case .squash, .octopus, .merge:
            // What was edited on top is one change when it lands at once.
            guard isWhole, change.branch == .clean || change.branch == .editedOnTop else { return .refused }
            let approval = landing.way == .merge ? mergeApproval(change, landing) : nil
            append(tip, landings: [.init(change: number, approval: approval)])
            return .accepted
        }
    }

    /// A merge of one change with git's own subject, signed by an approver, is that person's approval.
    private func mergeApproval(_ change: ModelChange, _ landing: WalkOperation.Landing) -> ModelMergeApproval? {
        guard [.branch, .remoteBranch, .intoMain].contains(landing.subject), let key = landing.signer,
            tip.registry.isUnrevoked(key), tip.registry.isPerson(key.owner, with: .approver),
            let plan = plan(change, tip.policy)
        else { return nil }
        return ModelMergeApproval(voter: key.owner, key: key, plan: plan)
    }

    mutating func landTogether(_ one: Int, _ other: Int) -> WalkResult {
        guard one != other, let first = changes[one], let second = changes[other], !isLanded(one), !isLanded(other),
            first.branch == .clean, second.branch == .clean
        else { return .idle }
        guard [first, second].allSatisfy({ isGenuine($0, by: tip.registry, evenRevoked: false) }) else {
            return .refused
        }
        append(tip, landings: [.init(change: one), .init(change: other)])
        return .accepted
    }

    mutating func vandalise(_ vandalism: WalkOperation.Vandalism, _ change: Int?) -> WalkResult {
        switch vandalism {
        case .editsPolicy, .strayFile: return .refused
        case .editsLanded, .removesLanded:
            guard let change, isLanded(change) else { return .idle }
            return .refused
        case .rewinds: return position > 0 ? .refused : .idle
        }
    }

    // MARK: - Trust

    mutating func trust(
        _ edit: WalkOperation.TrustEdit, signers: [ModelKey], fault: WalkOperation.TrustFault
    ) -> WalkResult {
        if fault == .landsToo, !changes.values.contains(where: { !isLanded($0.number) && $0.branch == .clean }) {
            return .idle
        }
        guard let (registry, policy) = edited(edit) else { return .idle }
        let parent = tip.registry
        let admins = Set(signers.map(\.owner))
        guard fault == .none, !isRevival(edit),
            signers.allSatisfy({ parent.isUnrevoked($0) && parent.isPerson($0.owner, with: .admin) }),
            admins.count >= parent.threshold, registry.threshold <= registry.ableAdmins
        else { return .refused }
        var next = tip
        next.registry = registry
        next.registry.version += 1
        next.policy = policy
        append(next, landings: [])
        return .accepted
    }

    private func isRevival(_ edit: WalkOperation.TrustEdit) -> Bool {
        if case .revive = edit { true } else { false }
    }

    private func edited(_ edit: WalkOperation.TrustEdit) -> (ModelRegistry, ModelPolicy)? {
        var (registry, policy) = (tip.registry, tip.policy)
        switch edit {
        case .revoke(let key):
            guard registry.isUnrevoked(key) else { return nil }
            registry.identities[key.owner]?.keys[key]?.isRevoked = true
            let start = registry.entry(key)?.validAfter ?? clock
            registry.identities[key.owner]?.keys[key]?.validBefore = max(clock, start)
        case .revive(let key):
            guard registry.entry(key)?.isRevoked == true else { return nil }
        case .addKey(let key):
            guard registry.identities[key.owner] != nil, !registry.knows(key) else { return nil }
            registry.identities[key.owner]?.keys[key] = ModelKeyEntry()
        case .role(let actor, let role, let isGiven):
            guard registry.identities[actor] != nil else { return nil }
            if isGiven {
                registry.identities[actor]?.roles.insert(role)
            } else {
                registry.identities[actor]?.roles.remove(role)
            }
        case .staging(let rule): policy.staging = rule
        case .action: policy.action += 1
        case .target(let target): policy.targets[target, default: 0] += 1
        case .threshold(let threshold): registry.threshold = threshold
        }
        return (registry, policy)
    }

    // MARK: - Votes

    mutating func vote(_ ballot: WalkOperation.Ballot) -> WalkResult {
        guard ballots[ballot.number] == nil, let change = changes[ballot.change] else { return .idle }
        let vote = ModelVote(
            number: ballot.number, kind: ballot.kind, voter: ballot.voter, key: ballot.key, change: ballot.change,
            version: change.version, plan: ballot.plan == .current ? plan(change, tip.policy) : nil,
            at: clock + ballot.offset, isInPlace: ballot.isInPlace, isForThisRepository: ballot.isForThisRepository,
            rejector: ballot.rejector)
        guard isGenuine(change, by: tip.registry, evenRevoked: true) else { return .idle }
        ballots[ballot.number] = vote
        return counts(vote, on: change, at: clock) ? .accepted : .refused
    }
}
