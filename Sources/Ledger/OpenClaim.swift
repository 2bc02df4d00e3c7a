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
    public var isPrepared: Bool

    init(
        id: ChangeID, digest: Digest, by: String, height: Int, at: Timestamp, leaseEnd: Timestamp, locks: [Digest],
        isPrepared: Bool
    ) {
        self.id = id
        self.digest = digest
        self.by = by
        self.height = height
        self.at = at
        self.leaseEnd = leaseEnd
        self.locks = locks
        self.isPrepared = isPrepared
    }

    init?(id: ChangeID, json: JSONValue) {
        guard let digest = json["digest"]?.stringValue.flatMap({ Digest($0) }), let by = json["by"]?.stringValue,
            let height = json["height"]?.integerValue, let at = json["at"]?.stringValue.flatMap({ Timestamp($0) }),
            let leaseEnd = json["lease_end"]?.stringValue.flatMap({ Timestamp($0) }),
            let locks = json["locks"]?.arrayValue, let isPrepared = json["prepared"]?.boolValue
        else { return nil }
        self.init(
            id: id, digest: digest, by: by, height: Int(height), at: at, leaseEnd: leaseEnd,
            locks: locks.compactMap { $0.stringValue.flatMap { Digest($0) } }, isPrepared: isPrepared)
    }

    var json: JSONValue {
        [
            "digest": .string(digest.description), "by": .string(by), "height": .integer(Int64(height)),
            "at": .string(at.description), "lease_end": .string(leaseEnd.description),
            "locks": .strings(locks.map(\.description)), "prepared": .bool(isPrepared),
        ]
    }
}
