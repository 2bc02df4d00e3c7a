// The words of the model: plain values, with numbers in place of digests and commits.

/// Everybody who does anything in a walk.
enum ModelActor: String, CaseIterable, Sendable {
    case alice, bob, carol, sam, agent, rogue, runner, runner2, gate, stranger
}

/// One of an actor's two keys. The first is known from the start (but for the stranger's); the second an admin may add.
struct ModelKey: Hashable, Sendable {
    var owner: ModelActor
    var number = 0
}

/// What the identities say of one key. Both bounds are inclusive.
struct ModelKeyEntry: Hashable, Sendable {
    var validAfter: Int64?
    var validBefore: Int64?
    var isRevoked = false

    func isValid(at instant: Int64) -> Bool { !isRevoked && covers(instant) }
    func covers(_ instant: Int64) -> Bool { (validAfter ?? .min) <= instant && instant <= (validBefore ?? .max) }
}

enum ModelRole: String, CaseIterable, Sendable { case admin, approver, deployer, sre, runner, gate }

struct ModelIdentity: Hashable, Sendable {
    enum Kind: String, Sendable { case person, agent, service }
    var kind: Kind
    var roles: Set<ModelRole>
    var keys: [ModelKey: ModelKeyEntry]
}

/// The identities as of one commit of main.
struct ModelRegistry: Hashable, Sendable {
    var version: Int
    var threshold: Int
    var identities: [ModelActor: ModelIdentity]

    func entry(_ key: ModelKey) -> ModelKeyEntry? { identities[key.owner]?.keys[key] }
    func knows(_ key: ModelKey) -> Bool { entry(key) != nil }

    /// Whether the key may sign anything that lands: windows are not looked at there.
    func isUnrevoked(_ key: ModelKey) -> Bool { entry(key).map { !$0.isRevoked } ?? false }
    func isValid(_ key: ModelKey, at instant: Int64) -> Bool { entry(key)?.isValid(at: instant) ?? false }

    func isPerson(_ actor: ModelActor, with role: ModelRole) -> Bool {
        identities[actor].map { $0.kind == .person && $0.roles.contains(role) } ?? false
    }

    var ableAdmins: Int {
        identities.filter { isPerson($0.key, with: .admin) && $0.value.keys.values.contains { !$0.isRevoked } }.count
    }
}

enum ModelTarget: String, CaseIterable, Sendable {
    case staging = "staging/api"
    case stagingWeb = "staging/web"
    case prod = "prod/api"
    case pay = "prod/pay"
}

/// What the policy answers for staging; for the rest it never changes.
enum ModelStagingRule: String, CaseIterable, Sendable { case open, approved, closed }

/// All that a trust commit can change besides the identities. The numbers rise when the file is edited.
struct ModelPolicy: Hashable, Sendable {
    var staging = ModelStagingRule.open
    var action = 0
    var targets: [ModelTarget: Int] = [:]
}

enum ModelAnswer: Hashable, Sendable {
    case allow, deny
    case approvals(Int)
}

/// What was asked for, in one version; agents edit their proposals.
struct ModelVersion: Hashable, Sendable {
    enum Form: String, CaseIterable, Sendable {
        case whole, editedAfterSigning, otherRepository, otherProposer
    }
    var replicas: Int
    var form = Form.whole
}

struct ModelChange: Hashable, Sendable {
    var number: Int
    var proposer: ModelActor
    var key: ModelKey
    var target: ModelTarget
    var created: Int64
    var expires: Int64
    var rollbackOf: Int?
    /// The newest is what the branch holds, or what landed.
    var versions: [ModelVersion]
    /// Position of the main commit that the branch grows from.
    var base: Int
    /// What else lies on the branch.
    var branch: Branch

    enum Branch: String, CaseIterable, Sendable {
        case clean, documentsBeside, policyBeside, editedOnTop, missingSignature
    }

    var version: Int { versions.count - 1 }
    var current: ModelVersion { versions[version] }
    static let longestLife: Int64 = 7 * 86_400
    /// The params that the action accepts.
    static let replicas = 0...100
}

/// Exactly what an approval is for.
struct ModelPlan: Hashable, Sendable {
    var change: Int
    var version: Int
    var action: Int
    var target: Int
}

struct ModelVote: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable { case approve, reject, withdraw, cancel }
    var number: Int
    var kind: Kind
    var voter: ModelActor
    var key: ModelKey
    var change: Int
    var version: Int
    /// nil: a plan that never was.
    var plan: ModelPlan?
    var at: Int64
    /// On the branch where votes of the voter's kind belong.
    var isInPlace = true
    var isForThisRepository = true
    /// Of an admin's withdrawal: whose rejection it takes back.
    var rejector: ModelActor?

    /// Whether it stops the change, whatever becomes of its author and of the proposal's wording.
    func stops(_ change: ModelChange) -> Bool {
        switch kind {
        case .approve: false
        case .reject, .cancel: true
        case .withdraw: voter == change.proposer && rejector == nil
        }
    }
}

struct ModelMergeApproval: Hashable, Sendable {
    var voter: ModelActor
    var key: ModelKey
    var plan: ModelPlan
}

/// Where a change is on its way; the names are those of `status`.
enum ModelState: String, Sendable {
    case proposed, approved, landed, claimed, executed, failed, unknown, denied, rejected, expired, withdrawn
    case awaitingApproval = "awaiting_approval"
    /// There is no signed change that could be judged.
    case unreadable
}
