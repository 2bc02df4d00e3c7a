public import ChangeModel
public import Git

/// A landed change that waits for its execution.
public struct PendingChange: Sendable, Hashable {
    public let id: ChangeID
    public let digest: Digest
    public let landed: ObjectID
    public let sequence: Int
    public let expires: Timestamp
    public let approval: MergeApproval?

    init(id: ChangeID, digest: Digest, landed: ObjectID, sequence: Int, expires: Timestamp, approval: MergeApproval?) {
        self.id = id
        self.digest = digest
        self.landed = landed
        self.sequence = sequence
        self.expires = expires
        self.approval = approval
    }

    init?(id: ChangeID, json: JSONValue) {
        guard let digest = json["digest"]?.stringValue.flatMap({ Digest($0) }),
            let landed = json["landed"]?.stringValue.flatMap({ ObjectID($0) }),
            let sequence = json["sequence"]?.integerValue,
            let expires = json["expires"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        var approval: MergeApproval?
        if let value = json["merge_approval"] {
            guard let voter = value["by"]?.stringValue, let key = value["key"]?.stringValue,
                let plan = value["plan"]?.stringValue.flatMap({ Digest($0) })
            else { return nil }
            approval = MergeApproval(voter: voter, key: key, plan: plan)
        }
        self.init(
            id: id, digest: digest, landed: landed, sequence: Int(sequence), expires: expires, approval: approval)
    }

    var json: JSONValue {
        .compact([
            "digest": .string(digest.description), "landed": .string(landed.description),
            "sequence": .integer(Int64(sequence)), "expires": .string(expires.description),
            "merge_approval": approval.map {
                ["by": .string($0.voter), "key": .string($0.key), "plan": .string($0.plan.description)]
            },
        ])
    }
}
