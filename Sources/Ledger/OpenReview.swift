public import ChangeModel
internal import PolicyEngine

/// What ran before its approvals were there, and still lacks them.
public struct OpenReview: Sendable, Hashable {
    public let id: ChangeID
    public let digest: Digest
    /// What ran, which is what the votes must be for.
    public let plan: Digest
    /// Who broke the glass, and why.
    public let by: String
    public let reason: String
    /// What the rule required when it was claimed.
    public let required: [ApprovalRequirement]
    /// Who may not review: whoever broke the glass, and whoever may not approve the change.
    public let excluded: [String]
    /// The claim's time.
    public let since: Timestamp
    /// When the approvals should be there. Nothing happens by itself then.
    public let due: Timestamp
    /// The approvals that are still owed.
    public fileprivate(set) var missing: [ApprovalRequirement]
    /// Who says that it should not have been done.
    public fileprivate(set) var rejectedBy: [String]

    init?(id: ChangeID, json: JSONValue) {
        guard let digest = json["digest"]?.stringValue.flatMap({ Digest($0) }),
            let plan = json["plan"]?.stringValue.flatMap({ Digest($0) }),
            let by = json["by"]?.stringValue, let reason = json["reason"]?.stringValue,
            let required = json["require"]?.requirements, let missing = json["missing"]?.requirements,
            let excluded = json["excluded"]?.arrayValue, let rejectedBy = json["rejected_by"]?.arrayValue,
            let since = json["since"]?.stringValue.flatMap({ Timestamp($0) }),
            let due = json["due"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.id = id
        self.digest = digest
        self.plan = plan
        self.by = by
        self.reason = reason
        self.required = required
        self.excluded = excluded.compactMap(\.stringValue)
        self.since = since
        self.due = due
        self.missing = missing
        self.rejectedBy = rejectedBy.compactMap(\.stringValue)
    }

    /// What a claim opens, if the glass was broken for it.
    fileprivate init?(_ claim: LedgerEvent, _ change: SignedChange, by main: MainState) {
        guard let glass = claim.body["break_glass"], let reference = claim.change, let plan = claim.plan,
            let by = glass["by"]?.stringValue, let reason = glass["reason"]?.stringValue,
            let missing = glass["missing"]?.requirements, let within = glass["review_within"]?.integerValue,
            let required = claim.body.at("decision", "approvals")?.requirements
        else { return nil }
        id = reference.id
        digest = reference.digest
        self.plan = plan
        self.by = by
        self.reason = reason
        self.required = required
        let asking = ChangeCaller(of: change.change, signedBy: change.key.publicKey, main: main, now: claim.at)
        excluded = asking.delegators.union([by, change.change.proposer, change.proposer.id]).sorted()
        since = claim.at
        due = claim.at + .seconds(within)
        self.missing = missing
        rejectedBy = []
    }

    fileprivate var json: JSONValue {
        [
            "digest": .string(digest.description), "plan": .string(plan.description), "by": .string(by),
            "reason": .string(reason), "require": .requirements(required), "missing": .requirements(missing),
            "excluded": .strings(excluded), "rejected_by": .strings(rejectedBy), "since": .string(since.description),
            "due": .string(due.description),
        ]
    }
}

extension LedgerState {
    /// What ran by broken glass and lacks its review, by identifier.
    public func reviews() throws(LedgerError) -> [OpenReview] {
        var found: [OpenReview] = []
        for id in try ids(in: "reviews") {
            if let review = try review(id) { found.append(review) }
        }
        return found
    }

    public func review(_ id: ChangeID) throws(LedgerError) -> OpenReview? {
        guard let value = try read(Self.reviewPath(id)) else { return nil }
        guard let review = OpenReview(id: id, json: value) else {
            throw .notAuthentic("the state's entry cannot be read", file: Self.reviewPath(id))
        }
        return review
    }

    /// How often the glass was broken: claims, whatever became of them.
    public func brokenGlasses() throws(LedgerError) -> Int {
        Int(try read(Self.summaryPath)?["broken_glass"]?.integerValue ?? 0)
    }

    private static func reviewPath(_ id: ChangeID) -> String { "state/reviews/\(id).json" }

    /// Enters a claim for which the glass was broken: it stays open until the votes that it lacks are recorded.
    mutating func openReview(
        _ claim: LedgerEvent, _ change: SignedChange, by main: MainState
    ) throws(LedgerError) {
        guard let review = OpenReview(claim, change, by: main) else { return }
        put(Self.reviewPath(review.id), review.json)
        var summary = try read(Self.summaryPath)?.objectValue ?? [:]
        summary["broken_glass"] = .integer(Int64(try brokenGlasses()) + 1)
        put(Self.summaryPath, .object(summary))
    }

    /// A claim that was given back ran nothing, and nothing is to be reviewed.
    mutating func dropReview(_ id: ChangeID) throws(LedgerError) {
        if try read(Self.reviewPath(id)) != nil { put(Self.reviewPath(id), nil) }
    }

    /// Counts the recorded votes anew, with the one that `event` records, by main as the event names it. When they are
    /// enough, the review is over, and nothing opens it again.
    mutating func review(_ event: LedgerEvent, _ change: SignedChange, by main: MainState) throws(LedgerError) {
        guard var review = try review(change.change.id), review.digest == change.digest else { return }
        var votes = CountedVotes(on: change, main: main, now: event.at)
        votes.enter(try record(of: review.id).votes + [RecordedVote(event)].compactMap { $0 })
        let standing = ReviewStanding(
            votes.sorted, plan: review.plan, required: review.required, excluding: Set(review.excluded))
        review.missing = standing.missing
        review.rejectedBy = standing.rejectedBy
        // Spelled out: a plain `nil` beside a JSON value is JSON's `null`.
        put(Self.reviewPath(review.id), standing.isOver ? JSONValue?.none : review.json)
    }
}
