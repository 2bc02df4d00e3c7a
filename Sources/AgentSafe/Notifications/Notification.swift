internal import ChangeModel
internal import Git
internal import Ledger

/// What is told of one event: the same whoever makes it, and however often. Neither values of params nor what a target answered are
/// in it.
struct Notification: Sendable, Hashable {
    /// `agentsafe.denied`, and so on; `agentsafe.test`.
    var type: String
    var at: Timestamp
    var data: JSONValue
    /// By which a receiver tells repeats: the same repository, event and kind, the same id.
    var id: String
    var environments: Set<Environment> = []

    /// The body of a webhook, by the recommendations of Standard Webhooks 1.0.0.
    var json: JSONValue { ["type": .string(type), "timestamp": .string(at.description), "data": data] }

    /// nil for a test.
    var kind: NotificationKind? {
        type.split(separator: ".").last.flatMap { NotificationKind(rawValue: String($0)) }
    }

    /// A message that says nothing, to try a sink.
    static func test(repository: String, nonce: String, at: Timestamp) -> Notification {
        Notification(
            type: "agentsafe.test", at: at, data: ["repository": .string(repository)],
            id: "\(repository)-test-\(nonce)")
    }

    /// As it is kept on disk.
    var stored: JSONValue { ["id": .string(id), "body": json] }

    init(type: String, at: Timestamp, data: JSONValue, id: String) {
        (self.type, self.at, self.data, self.id) = (type, at, data, id)
    }

    init?(stored value: JSONValue) {
        guard let id = value["id"]?.stringValue, let type = value.at("body", "type")?.stringValue,
            let at = value.at("body", "timestamp")?.stringValue.flatMap({ Timestamp($0) }),
            let data = value.at("body", "data"), data.objectValue != nil
        else { return nil }
        self.init(type: type, at: at, data: data, id: id)
    }
}

extension Notification {
    /// What an event of the ledger tells; nil for one that tells nothing.
    ///
    /// - Parameters:
    ///   - change: the event's, as it was then; nil where it is not to be had any more.
    ///   - targets: the inventory, for the environments.
    init?(
        _ event: LedgerEvent, commit: ObjectID?, change: Change?, repository: String, targets: [String: TargetEntry]
    ) {
        guard let kind = NotificationKind(event) else { return nil }
        self.init(kind, event, commit: commit, change: change, repository: repository, targets: targets)
    }

    /// That nobody knows what became of what a claim prepared.
    init(
        unknown claim: LedgerEvent, leaseEnd: Timestamp, change: Change?, repository: String,
        targets: [String: TargetEntry]
    ) {
        self.init(.unknown, claim, commit: nil, change: change, repository: repository, targets: targets)
        data["lease_end"] = .string(leaseEnd.description)
        data["claimed_by"] = .string(claim.by)
    }

    private init(
        _ kind: NotificationKind, _ event: LedgerEvent, commit: ObjectID?, change: Change?, repository: String,
        targets: [String: TargetEntry]
    ) {
        let touched = (change?.steps ?? []).map { targets[$0.target]?.environment }
        let decision = event.body["decision"]
        let data: JSONValue = .compact([
            "repository": .string(repository), "height": .integer(Int64(event.height)),
            "commit": commit.map { .string($0.description) },
            "by": .string(event.by),
            "change": event.change.map { .string($0.id.text) },
            "digest": event.change.map { .string($0.digest.description) },
            "summary": change.map { Self.text($0.summary, 400) },
            "proposer": change.map { Self.text($0.proposer, 100) },
            "reason": change.map { Self.text($0.reason, 500) },
            "steps": change.map { change in
                .array(
                    zip(change.steps, touched).map { step, environment in
                        .compact([
                            "action": Self.text(step.action, 100), "target": Self.text(step.target, 200),
                            "environment": environment.map { .string($0.rawValue) },
                        ])
                    })
            },
            "rule": decision?["rule"]?.stringValue.map { Self.text($0, 100) },
            "code": decision?["code"]?.stringValue.map { Self.text($0, 100) },
            "risk": decision?["effective_risk"]?.stringValue.map { Self.text($0, 20) },
            "approvals": kind == .approvalNeeded
                ? decision?["approvals"]?.requirements.map(Self.requirements) : nil,
            "outcome": kind == .executed || kind == .failed ? event.outcome.map { Self.text($0, 40) } : nil,
            "error": kind == .failed ? Self.errorCode(event) : nil,
            "break_glass": Self.brokenGlass(event),
        ])
        self.init(
            type: "agentsafe.\(kind.rawValue)", at: event.at, data: data,
            id: "\(repository)-\(event.height)-\(kind.rawValue)")
        environments = Set(touched.compactMap { $0 })
    }

    private static func text(_ text: String, _ limit: Int) -> JSONValue {
        .string(ForeignText.visible(text, limit: limit))
    }

    private static func requirements(_ entries: [ApprovalRequirement]) -> JSONValue {
        .requirements(
            entries.prefix(20).map {
                ApprovalRequirement(role: ForeignText.visible($0.role, limit: 100), count: $0.count)
            })
    }

    private static func errorCode(_ event: LedgerEvent) -> JSONValue? {
        event.body["steps"]?.arrayValue?.compactMap { $0["error"]?.stringValue }.last.map { text($0, 60) }
    }

    private static func brokenGlass(_ event: LedgerEvent) -> JSONValue? {
        guard event.kind == .claim, let glass = event.body["break_glass"] else { return nil }
        return .compact([
            "by": glass["by"]?.stringValue.map { text($0, 100) },
            "reason": glass["reason"]?.stringValue.map { text($0, 500) },
            "missing": glass["missing"]?.requirements.map(requirements),
        ])
    }
}

extension NotificationKind {
    /// What an event tells; nil: nothing.
    init?(_ event: LedgerEvent) {
        switch (event.kind, event.body.at("decision", "result")?.stringValue, event.outcome) {
        case (.decision, Verdict.deny.rawValue, _): self = .denied
        case (.decision, Verdict.requireApproval.rawValue, _): self = .approvalNeeded
        case (.execution, _, "succeeded"): self = .executed
        case (.execution, _, _): self = .failed
        case (.claim, _, _) where event.body["break_glass"] != nil: self = .breakGlass
        default: return nil
        }
    }

    /// For people.
    var title: String {
        switch self {
        case .approvalNeeded: "Approval needed"
        case .denied: "Denied"
        case .executed: "Executed"
        case .failed: "Failed"
        case .unknown: "Unknown: somebody must look"
        case .breakGlass: "BREAK-GLASS"
        }
    }
}
