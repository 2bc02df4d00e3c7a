/// Until when approvals count, and who may do without them in an emergency.
public struct ApprovalTerms: Hashable, Sendable {
    /// Seconds from the first recorded decision, within which the approvals must be complete. nil: no such deadline.
    public var reviewBy: Int64?
    /// Seconds from the newest approval, within which the change must be prepared. nil: no such deadline.
    public var executeWithin: Int64?
    /// nil: nobody may break the glass.
    public var breakGlass: BreakGlassTerms?

    public init(reviewBy: Int64? = nil, executeWithin: Int64? = nil, breakGlass: BreakGlassTerms? = nil) {
        self.reviewBy = reviewBy
        self.executeWithin = executeWithin
        self.breakGlass = breakGlass
    }

    /// These terms, and `defaults` where they say nothing.
    public func filled(from defaults: ApprovalTerms) -> ApprovalTerms {
        ApprovalTerms(
            reviewBy: reviewBy ?? defaults.reviewBy, executeWithin: executeWithin ?? defaults.executeWithin,
            breakGlass: breakGlass ?? defaults.breakGlass)
    }

    /// What holds where both hold: the shorter times, and the glass for those who may break both.
    public func strictest(_ other: ApprovalTerms) -> ApprovalTerms {
        var glass: BreakGlassTerms?
        if let one = breakGlass, let two = other.breakGlass {
            glass = BreakGlassTerms(
                roles: one.roles.filter(two.roles.contains), reviewWithin: min(one.reviewWithin, two.reviewWithin))
        }
        return ApprovalTerms(
            reviewBy: [reviewBy, other.reviewBy].compactMap { $0 }.min(),
            executeWithin: [executeWithin, other.executeWithin].compactMap { $0 }.min(), breakGlass: glass)
    }
}

/// Who may have a change run before its approvals are there, which are owed afterwards.
public struct BreakGlassTerms: Hashable, Sendable {
    /// Persons with one of these roles. Empty: nobody.
    public var roles: [String]
    /// Seconds from the claim, within which the approvals should be there.
    public var reviewWithin: Int64

    public init(roles: [String], reviewWithin: Int64 = Self.usualReview) {
        self.roles = roles
        self.reviewWithin = reviewWithin
    }

    public static let usualReview: Int64 = 24 * 3600
    /// How long a broken glass counts where the policy names no `execute_within`, in seconds.
    public static let usualLifetime: Int64 = 3600

    public var json: JSONValue { ["roles": .strings(roles), "review_within": .integer(reviewWithin)] }
}
