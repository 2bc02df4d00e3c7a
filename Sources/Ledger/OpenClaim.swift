public import ChangeModel

/// A claim that neither an execution nor an abort has closed.
public struct OpenClaim: Sendable, Hashable {
    public let id: ChangeID
    public let digest: Digest
    public let by: String
    public let height: Int
    public let at: Timestamp
    public var leaseEnd: Timestamp
    public let locks: [Digest]
    /// The lock of each step of a plan, in order; empty for a change of one step.
    public let steps: [Digest]
    /// How many steps are prepared.
    public var prepared: Int
    /// Of the prepared steps of a plan but the last: whether they may have changed their target.
    public var changed: [Bool]

    public var isPrepared: Bool { prepared > 0 }
    /// What its runner prepared last: `it`, or `step 2 of 3`.
    public var place: String { steps.isEmpty ? "it" : "step \(prepared) of \(steps.count)" }

    init(
        id: ChangeID, digest: Digest, by: String, height: Int, at: Timestamp, leaseEnd: Timestamp, locks: [Digest],
        steps: [Digest] = [], prepared: Int = 0, changed: [Bool] = []
    ) {
        self.id = id
        self.digest = digest
        self.by = by
        self.height = height
        self.at = at
        self.leaseEnd = leaseEnd
        self.locks = locks
        self.steps = steps
        self.prepared = prepared
        self.changed = changed
    }

    init?(id: ChangeID, json: JSONValue) {
        guard let digest = json["digest"]?.stringValue.flatMap({ Digest($0) }), let by = json["by"]?.stringValue,
            let height = json["height"]?.integerValue, let at = json["at"]?.stringValue.flatMap({ Timestamp($0) }),
            let leaseEnd = json["lease_end"]?.stringValue.flatMap({ Timestamp($0) }),
            let locks = json["locks"]?.arrayValue, let prepared = json["prepared"]?.integerValue
        else { return nil }
        func digests(_ values: [JSONValue]) -> [Digest] { values.compactMap { $0.stringValue.flatMap { Digest($0) } } }
        self.init(
            id: id, digest: digest, by: by, height: Int(height), at: at, leaseEnd: leaseEnd,
            locks: digests(locks), steps: digests(json["steps"]?.arrayValue ?? []), prepared: Int(prepared),
            changed: (json["changed"]?.arrayValue ?? []).compactMap(\.boolValue))
    }

    var json: JSONValue {
        .compact([
            "digest": .string(digest.description), "by": .string(by), "height": .integer(Int64(height)),
            "at": .string(at.description), "lease_end": .string(leaseEnd.description),
            "locks": .strings(locks.map(\.description)), "prepared": .integer(Int64(prepared)),
            "steps": steps.isEmpty ? nil : .strings(steps.map(\.description)),
            "changed": steps.isEmpty ? nil : .array(changed.map { .bool($0) }),
        ])
    }
}
