/// One step of a walk. It holds everything that was drawn, so that a part of a walk can be walked again.
enum WalkOperation: Hashable, Sendable {
    case wait(Int64)
    case propose(Proposal)
    case edit(change: Int, replicas: Int, form: ModelVersion.Form, onTop: Bool)
    case gate(change: Int)
    case land(change: Int, Landing)
    case landTogether(Int, Int)
    case documents
    case vandalise(Vandalism, change: Int?)
    /// A trust commit, on main's tip or on a foreign commit that it adopts.
    case trust(TrustEdit, signers: [ModelKey], fault: TrustFault, adopts: Bool)
    case vote(Ballot)
    case record(Event, by: ModelKey, as: ModelActor, naming: Naming)
    /// A runner's whole way with one change, up to where it dies.
    case run(change: Int, by: ModelKey, until: Stage, pair: Int)

    struct Proposal: Hashable, Sendable {
        var number: Int
        var proposer: ModelActor
        var key: ModelKey
        var target: ModelTarget
        var replicas: Int
        var form: ModelVersion.Form
        var branch: ModelChange.Branch
        /// Seconds from now.
        var created: Int64
        var life: Int64
        var rollbackOf: Int?
    }

    struct Landing: Hashable, Sendable {
        enum Way: String, CaseIterable, Sendable {
            case fastForward, squash, merge, octopus, foxtrot
        }
        enum Subject: String, CaseIterable, Sendable {
            case branch, remoteBranch, intoMain, pull, intoTest, other, otherChange
        }
        enum Twist: String, CaseIterable, Sendable {
            case none, documents, policy, half, extraFile, edited
        }
        var way: Way
        var subject = Subject.branch
        var signer: ModelKey?
        var twist = Twist.none
    }

    enum Vandalism: String, CaseIterable, Sendable {
        case editsPolicy, editsLanded, removesLanded, rewinds, strayFile
    }

    enum TrustEdit: Hashable, Sendable {
        case revoke(ModelKey)
        case revive(ModelKey)
        case addKey(ModelKey)
        case role(ModelActor, ModelRole, isGiven: Bool)
        case staging(ModelStagingRule)
        case action
        case target(ModelTarget)
        case threshold(Int)
    }

    enum TrustFault: String, CaseIterable, Sendable {
        case none, otherStatement, versionSkipped, versionKept, removesKey, otherLedger, staleAllowedSigners, landsToo
    }

    struct Ballot: Hashable, Sendable {
        enum Plan: String, CaseIterable, Sendable { case current, none }
        var number: Int
        var kind: ModelVote.Kind
        var voter: ModelActor
        var key: ModelKey
        var change: Int
        var plan: Plan
        /// Seconds from now.
        var offset: Int64
        var isInPlace: Bool
        var isForThisRepository: Bool
        var rejector: ModelActor?
    }

    enum Naming: String, Sendable { case newest, oldest }

    enum Event: Hashable, Sendable {
        case trust(skips: Bool)
        case decision(Int, lies: Bool)
        case vote(Int)
        case mergeVote(Int)
        case claim(Int, lease: Int64, lie: Lie)
        case prepared(Int, lease: Int64, pair: Int, isOtherClaim: Bool)
        case execution(Int, succeeds: Bool, isOtherClaim: Bool)
        case aborted(Int)
        case resolution(Int, ModelOutcome)

        enum Lie: String, CaseIterable, Sendable { case none, otherLock, otherPlan, otherApprovers }

        var change: Int? {
            switch self {
            case .trust, .vote: nil
            case .decision(let change, _), .mergeVote(let change), .claim(let change, _, _),
                .prepared(let change, _, _, _), .execution(let change, _, _), .aborted(let change),
                .resolution(let change, _):
                change
            }
        }
    }

    enum Stage: Int, CaseIterable, Sendable { case claim, prepared, executed, failed }
}

/// How a change ended.
enum ModelOutcome: String, CaseIterable, Sendable {
    case succeeded, failed, applied
    case notApplied = "not_applied"
    case partlyApplied = "partly_applied"

    static let resolutions: [ModelOutcome] = [.applied, .notApplied, .partlyApplied]
}

/// What became of one operation.
enum WalkResult: Hashable, Sendable {
    case accepted, refused
    /// The operation speaks of what is not there: nothing was done.
    case idle
    /// What the gate said.
    case verdict(String)
}
