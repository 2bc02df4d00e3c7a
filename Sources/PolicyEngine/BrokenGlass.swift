public import ChangeModel

/// That a person had a change run before its approvals were there, and why.
public struct BrokenGlass: Hashable, Sendable {
    public let by: String
    /// One visible line.
    public let reason: String
    /// The approvals that were missing when it was judged.
    public let missing: [ApprovalRequirement]
    /// Seconds from the claim, within which the approvals should be there.
    public let reviewWithin: Int64

    init(by: String, reason: String, missing: [ApprovalRequirement], reviewWithin: Int64) {
        self.by = by
        self.reason = reason
        self.missing = missing
        self.reviewWithin = reviewWithin
    }

    /// The claim's `break_glass`.
    public var json: JSONValue {
        [
            "by": .string(by), "reason": .string(reason), "missing": .requirements(missing),
            "review_within": .integer(reviewWithin),
        ]
    }

    /// `bob, without 1 × approver: production is down`
    public var summary: String {
        "\(by), without \(missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")): \(reason)"
    }
}

/// How the review of what ran by broken glass stands.
public struct ReviewStanding: Hashable, Sendable {
    /// The approvals that are still owed.
    public let missing: [ApprovalRequirement]
    /// Who says that it should not have been done. While somebody does, the review stays open.
    public let rejectedBy: [String]

    public var isOver: Bool { missing.isEmpty && rejectedBy.isEmpty }

    /// - Parameters:
    ///   - votes: verified ones.
    ///   - plan: what ran.
    ///   - required: what the rule required when it was claimed.
    ///   - excluded: who may not review.
    public init(
        _ votes: [VerifiedVote], plan: Digest, required: [ApprovalRequirement], excluding excluded: Set<String>
    ) {
        let latest = LatestVotes(votes, on: plan, excluding: excluded)
        missing = ApprovalAssignment(required, voters: latest.approvals(of: plan).map(\.voter)).missing
        rejectedBy = latest.rejections.map(\.voter.id)
    }
}
