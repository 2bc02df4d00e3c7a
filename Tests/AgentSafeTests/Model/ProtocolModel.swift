// The protocol once more, written from its description and not from the code: slow, plain, and about nothing but who may do
// what when. What digests, signatures and trees prove, the model takes from the operation.

/// One accepted commit of main.
struct ModelMainCommit: Hashable, Sendable {
    var registry: ModelRegistry
    var policy: ModelPolicy
    /// The changes that landed by this commit, in order.
    var landings: [Landing] = []
    /// All that ever landed.
    var landed: Set<Int>

    struct Landing: Hashable, Sendable {
        var change: Int
        var approval: ModelMergeApproval?
    }
}

struct ModelLedger: Hashable, Sendable {
    struct Pending: Hashable, Sendable {
        /// Position of the landing on main.
        var landedAt: Int
        var approval: ModelMergeApproval?
        var expires: Int64
    }
    struct Claim: Hashable, Sendable {
        var by: ModelActor
        var leaseEnd: Int64
        var isPrepared = false
        var lock: ModelTarget
        var plan: ModelPlan?
    }
    struct Execution: Hashable, Sendable {
        var change: Int
    }
    struct Record: Hashable, Sendable {
        /// Which version's files the ledger holds a copy of.
        var copy: Int?
        /// The versions of which the ledger holds any event.
        var versions: Set<Int> = []
        var decisions: Set<Decision> = []
        var votes: [ModelVote] = []
        var merges: [ModelMergeApproval] = []
        /// Replicas that undo what was last prepared.
        var pair: Int?
        var outcome: ModelOutcome?
        var hasExecution = false
    }
    struct Decision: Hashable, Sendable {
        var version: Int
        var answer: ModelAnswer
    }

    var height = 0
    var at: Int64
    /// Position of the main commit that the newest event names.
    var main = 0
    var trustVersion: Int
    var pending: [Int: Pending] = [:]
    var claims: [Int: Claim] = [:]
    var last: [ModelTarget: Execution] = [:]
    var records: [Int: Record] = [:]

    func lockHolder(_ target: ModelTarget) -> Int? { claims.first { $0.value.lock == target }?.key }
}

struct ProtocolModel: Hashable, Sendable {
    var clock: Int64
    var main: [ModelMainCommit]
    var ledger: ModelLedger
    var changes: [Int: ModelChange] = [:]
    /// Votes on branches.
    var ballots: [Int: ModelVote] = [:]

    static let skew: Int64 = 300
    static let longestLease: Int64 = 24 * 3600

    var tip: ModelMainCommit { main[main.count - 1] }
    var position: Int { main.count - 1 }

    func isLanded(_ change: Int) -> Bool { tip.landed.contains(change) }

    /// Applies one operation, if it is legal.
    mutating func apply(_ operation: WalkOperation) -> WalkResult {
        switch operation {
        case .wait(let seconds):
            clock += seconds
            return .accepted
        case .propose(let proposal): return propose(proposal)
        case .edit(let change, let replicas, let form, let onTop):
            return edit(change, replicas: replicas, form: form, onTop: onTop)
        case .gate(let change): return gate(change)
        case .land(let change, let landing): return land(change, landing)
        case .landTogether(let one, let other): return landTogether(one, other)
        case .documents:
            append(tip, landings: [])
            return .accepted
        case .vandalise(let vandalism, let change): return vandalise(vandalism, change)
        // What is adopted lands nothing: it is as if it were not there.
        case .trust(let edit, let signers, let fault, _): return trust(edit, signers: signers, fault: fault)
        case .vote(let ballot): return vote(ballot)
        case .record(let event, let key, let name, let naming):
            return record(event, by: key, as: name, naming: naming)
        case .run(let change, let key, let stage, let pair): return run(change, by: key, until: stage, pair: pair)
        }
    }

    // MARK: - Proposals

    private mutating func propose(_ proposal: WalkOperation.Proposal) -> WalkResult {
        guard changes[proposal.number] == nil else { return .idle }
        if let undone = proposal.rollbackOf, changes[undone] == nil { return .idle }
        changes[proposal.number] = ModelChange(
            number: proposal.number, proposer: proposal.proposer, key: proposal.key, target: proposal.target,
            created: clock + proposal.created, expires: clock + proposal.created + proposal.life,
            rollbackOf: proposal.rollbackOf,
            versions: [ModelVersion(replicas: proposal.replicas, form: proposal.form)], base: position,
            branch: proposal.branch)
        return gate(proposal.number)
    }

    /// An agent changes its proposal on the branch: by a commit on top, or by a new branch from main.
    private mutating func edit(_ number: Int, replicas: Int, form: ModelVersion.Form, onTop: Bool) -> WalkResult {
        guard var change = changes[number], !isLanded(number), change.branch == .clean else { return .idle }
        change.versions.append(ModelVersion(replicas: replicas, form: form))
        if onTop { change.branch = .editedOnTop } else { change.base = position }
        changes[number] = change
        return gate(number)
    }

    /// Whether file and signature are one change of its proposer's, by the identities of one main commit.
    func isGenuine(_ change: ModelChange, by registry: ModelRegistry, evenRevoked: Bool) -> Bool {
        guard change.current.form == .whole, change.branch != .missingSignature, change.key.owner == change.proposer,
            let identity = registry.identities[change.proposer], identity.kind != .service,
            let key = registry.entry(change.key)
        else { return false }
        return evenRevoked || !key.isRevoked
    }

    /// The gate judges a branch: nothing on it but whole changes, each commit by itself.
    private func gate(_ number: Int) -> WalkResult {
        guard let change = changes[number], !isLanded(number) else { return .idle }
        // What the ledger knows in another wording was edited.
        let known = ledger.records[number]?.versions ?? []
        guard change.branch == .clean, isGenuine(change, by: tip.registry, evenRevoked: false),
            known.isSubset(of: [change.version])
        else {
            return .verdict("not_authentic")
        }
        return switch standing(of: change) {
        case .authorized: .verdict("allow")
        case .awaiting: .verdict("require_approval")
        case .denied: .verdict("deny")
        }
    }
}
