internal import ChangeModel

/// The media types of a patch (RFC 7386, RFC 6902, and Kubernetes' own two).
enum PatchType: String {
    case strategic = "application/strategic-merge-patch+json"
    case merge = "application/merge-patch+json"
    case json = "application/json-patch+json"
    /// Server-side apply; the body is JSON, which YAML reads alike.
    case apply = "application/apply-patch+yaml"
}

/// One request that changes something, ready to be sent, for real or as a dry run.
struct Mutation {
    /// Where the options of the request go.
    enum OptionsPlace {
        /// Into the query: create, patch, apply.
        case query
        /// Into a `DeleteOptions` body, where a query would not be read.
        case deleteOptions
        /// Into the `deleteOptions` of an `Eviction`.
        case eviction
    }

    /// For messages: `patch`, `create`, `delete`.
    let verb: String
    let method: String
    let address: ResourceAddress
    let contentType: String
    var body: JSONValue
    let optionsPlace: OptionsPlace
    /// Whether the request itself names the version or the `uid` that it is meant for.
    let isConditional: Bool
    /// Whether fields that another manager owns are taken over (server-side apply).
    var force = false
    /// What the operation wants to say about it once it is done.
    var purpose = ""

    static func patch(_ address: ResourceAddress, _ type: PatchType, _ body: JSONValue) -> Mutation {
        let isConditional =
            body.at("metadata", "resourceVersion") != nil
            || body.arrayValue?.first?["path"] == "/metadata/resourceVersion"
        return Mutation(
            verb: type == .apply ? "apply" : "patch", method: "PATCH", address: address, contentType: type.rawValue,
            body: body, optionsPlace: .query, isConditional: isConditional)
    }

    /// - Parameter collection: where the object comes to be; its name is in the body.
    static func create(_ object: JSONValue, in collection: ResourceAddress) -> Mutation {
        Mutation(
            verb: "create", method: "POST", address: collection, contentType: "application/json", body: object,
            optionsPlace: .query, isConditional: true)
    }

    /// - Parameters:
    ///   - uid: of the object that is meant; one that was made anew under the name is left alone.
    ///   - gracePeriod: seconds; nil: what the object says.
    ///   - propagation: what becomes of the objects below it; nil: the API's default.
    static func delete(
        _ address: ResourceAddress, uid: String?, version: String? = nil, gracePeriod: Int64? = nil,
        propagation: String? = nil
    ) -> Mutation {
        let preconditions: JSONValue = .compact([
            "uid": uid.map { .string($0) }, "resourceVersion": version.map { .string($0) },
        ])
        return Mutation(
            verb: "delete", method: "DELETE", address: address, contentType: "application/json",
            body: .compact([
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions,
                "gracePeriodSeconds": gracePeriod.map { .integer($0) },
                "propagationPolicy": propagation.map { .string($0) },
            ]),
            optionsPlace: .deleteOptions, isConditional: version != nil)
    }

    /// Asks for the Pod to go, as far as its disruption budgets allow ("API-initiated Eviction").
    ///
    /// - Parameter version: `policy/v1` or `policy/v1beta1`, whichever the server has.
    static func evict(_ pod: NamespacedName, uid: String?, version: String) -> Mutation {
        let options: JSONValue =
            uid.map { ["preconditions": ["uid": .string($0)]] } ?? [:]
        return Mutation(
            verb: "evict", method: "POST", address: .eviction(pod), contentType: "application/json",
            body: [
                "apiVersion": .string(version), "kind": "Eviction",
                "metadata": ["name": .string(pod.name), "namespace": .string(pod.namespace)],
                "deleteOptions": options,
            ],
            optionsPlace: .eviction, isConditional: uid != nil)
    }
}

extension Mutation {
    /// The query and the body as they are sent.
    func parts(dryRun: Bool) -> (query: [(String, String)], body: JSONValue) {
        var (query, body) = ([(String, String)](), body)
        switch optionsPlace {
        case .query:
            query = [("fieldManager", "agentsafe"), ("fieldValidation", "Strict")]
            if force { query.append(("force", "true")) }
            if dryRun { query.append(("dryRun", "All")) }
        case .deleteOptions:
            if dryRun { body["dryRun"] = ["All"] }
        case .eviction:
            if dryRun {
                var options = body["deleteOptions"] ?? [:]
                options["dryRun"] = ["All"]
                body["deleteOptions"] = options
            }
        }
        return (query, body)
    }
}

/// What a mutation met.
enum MutationOutcome {
    case applied(JSONValue)
    /// The object is not the expected one, or a new one has its name; nothing was changed.
    case objectChanged
    /// The server was too busy to look at it; nothing was changed. Seconds to wait.
    case busy(retryAfter: Int)
    /// A disruption budget forbids it now; nothing was changed. Seconds to wait, where the server said so.
    case budgetForbids(retryAfter: Int?)
    /// There is no such object.
    case notFound
    /// The server cannot do a dry run of this; nothing was changed.
    case dryRunUnsupported
}
