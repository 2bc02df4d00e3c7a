/// One entry of the inventory.
public struct TargetEntry: Hashable, Sendable {
    public var id: String
    public var type: String
    public var environment: Environment
    public var sensitivity: Sensitivity
    public var owner: String
    public var labels: [String: String]
    /// What the target really is, e.g. `{cluster, namespace, deployment}`. Empty when the inventory gives none.
    public var locator: [String: String]
    public var location: SourceLocation

    public init(
        id: String, type: String, environment: Environment, sensitivity: Sensitivity, owner: String = "",
        labels: [String: String] = [:], locator: [String: String] = [:], location: SourceLocation
    ) {
        self.id = id
        self.type = type
        self.environment = environment
        self.sensitivity = sensitivity
        self.owner = owner
        self.labels = labels
        self.locator = locator
        self.location = location
    }

    /// The entry as the plan binds it.
    public var json: JSONValue {
        [
            "id": .string(id), "type": .string(type), "environment": .string(environment.rawValue),
            "sensitivity": .string(sensitivity.rawValue), "owner": .string(owner),
            "labels": .object(labels.mapValues { .string($0) }),
            "locator": .object(locator.mapValues { .string($0) }),
        ]
    }

    /// The locator without `context`, where a `cluster_uid` says what the context only leads to: two ways are not two places.
    public var place: [String: String] {
        locator["cluster_uid"] == nil ? locator : locator.filter { $0.key != "context" }
    }

    /// What a claim locks. Two targets with one locator are one thing, and are refused by the inventory; without a locator
    /// the target's own name stands for it. `account` and `cluster_uid` pin who answers, and are part of it.
    public var lockKey: Digest {
        let identity: JSONValue =
            locator.isEmpty
            ? ["target": .string(id)] : ["locator": .object(place.mapValues { .string($0) }), "type": .string(type)]
        return Digest(of: identity.canonicalBytes)
    }
}
