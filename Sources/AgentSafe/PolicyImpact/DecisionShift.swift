public import ChangeModel

/// How one answer of the policy became another, the most dangerous first.
public enum DecisionShift: String, Sendable, CaseIterable {
    case denyToAllow = "deny_to_allow"
    case denyToApproval = "deny_to_require_approval"
    case approvalToAllow = "require_approval_to_allow"
    /// Approval is needed as before, and fewer people, or others, give it, have more time for it, or may do without it.
    case weakerApprovals = "weaker_approvals"
    /// A precheck may fail that had to pass.
    case fewerPrechecks = "fewer_prechecks"
    case allowToApproval = "allow_to_require_approval"
    case approvalToDeny = "require_approval_to_deny"
    case allowToDeny = "allow_to_deny"
    case strongerApprovals = "stronger_approvals"
    case morePrechecks = "more_prechecks"
    /// The same answer, for another reason.
    case otherRule = "other_rule"

    /// nil: both say the same, by the same rule.
    public init?(from old: Decision, to new: Decision) {
        switch (old.result, new.result) {
        case (.deny, .allow): self = .denyToAllow
        case (.deny, .requireApproval): self = .denyToApproval
        case (.requireApproval, .allow): self = .approvalToAllow
        case (.allow, .requireApproval): self = .allowToApproval
        case (.requireApproval, .deny): self = .approvalToDeny
        case (.allow, .deny): self = .allowToDeny
        case (.requireApproval, .requireApproval)
        where !Self.covers(new.approvals, old.approvals) || !Self.covers(new.terms, old.terms):
            self = .weakerApprovals
        case (.requireApproval, .requireApproval)
        where !Self.covers(old.approvals, new.approvals) || !Self.covers(old.terms, new.terms):
            self = .strongerApprovals
        case (.allow, .allow) where Self.advisory(new) != Self.advisory(old),
            (.requireApproval, .requireApproval) where Self.advisory(new) != Self.advisory(old):
            self = Self.advisory(new).isSubset(of: Self.advisory(old)) ? .morePrechecks : .fewerPrechecks
        default:
            guard old.rule != new.rule || old.code != new.code else { return nil }
            self = .otherRule
        }
    }

    /// Whether something is let through that was not, or with fewer people's consent.
    public var isSofter: Bool {
        switch self {
        case .denyToAllow, .denyToApproval, .approvalToAllow, .weakerApprovals, .fewerPrechecks: true
        case .allowToApproval, .approvalToDeny, .allowToDeny, .strongerApprovals, .morePrechecks, .otherRule: false
        }
    }

    /// Whether the answer itself is another.
    public var isFlip: Bool { self != .otherRule }

    /// `deny → allow`
    public var words: String {
        switch self {
        case .denyToAllow: "deny → allow"
        case .denyToApproval: "deny → require_approval"
        case .approvalToAllow: "require_approval → allow"
        case .weakerApprovals: "require_approval of fewer or other people, or for longer"
        case .allowToApproval: "allow → require_approval"
        case .approvalToDeny: "require_approval → deny"
        case .allowToDeny: "allow → deny"
        case .strongerApprovals: "require_approval of more people, or sooner"
        case .fewerPrechecks: "the same, and a precheck may fail that had to pass"
        case .morePrechecks: "the same, and a precheck must pass that might fail"
        case .otherRule: "the same, by another rule"
        }
    }

    /// The prechecks that may fail, each with its step.
    private static func advisory(_ decision: Decision) -> Set<String> {
        let count = max(1, decision.steps.count)
        return Set((0..<count).flatMap { step in decision.advisoryPrechecks(ofStep: step).map { "\(step) \($0)" } })
    }

    /// Whether `one` gives no more time than `other`, and lets nobody break the glass who may not under it.
    private static func covers(_ one: ApprovalTerms, _ other: ApprovalTerms) -> Bool {
        func isWithin(_ one: Int64?, _ other: Int64?) -> Bool { (one ?? .max) <= (other ?? .max) }
        let roles = other.breakGlass?.roles ?? []
        return isWithin(one.reviewBy, other.reviewBy) && isWithin(one.executeWithin, other.executeWithin)
            && (one.breakGlass?.roles ?? []).allSatisfy(roles.contains)
            && ((one.breakGlass?.roles ?? []).isEmpty
                || isWithin(one.breakGlass?.reviewWithin, other.breakGlass?.reviewWithin))
    }

    /// Whether `one` asks for as many people of every role as `other`. Where roles were exchanged neither covers the other,
    /// and who was asked before is asked no more.
    private static func covers(_ one: [ApprovalRequirement], _ other: [ApprovalRequirement]) -> Bool {
        func counts(_ requirements: [ApprovalRequirement]) -> [String: Int] {
            requirements.reduce(into: [:]) { $0[$1.role, default: 0] += $1.count }
        }
        let own = counts(one)
        return counts(other).allSatisfy { own[$0.key, default: 0] >= $0.value }
    }
}
