internal import ChangeModel
public import HTTP
public import Runner

/// Asks the API server what whoever speaks over a transport may do (`authorization.k8s.io/v1`).
public struct AccessReview {
    private let api: CredentialAPI

    public init(transport: any HTTPTransport) { api = CredentialAPI(transport: transport) }

    private static let path = ["apis", "authorization.k8s.io", "v1"]

    /// Those of `needs` that the server would refuse, by a SelfSubjectAccessReview for each.
    public func missing(of needs: [AccessNeed]) throws(ExecutionError) -> [AccessNeed] {
        var missing: [AccessNeed] = []
        for need in needs {
            let answer = try api.create(
                Self.path + ["selfsubjectaccessreviews"],
                [
                    "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                    "spec": ["resourceAttributes": need.json],
                ], "ask whether it may \(need)")
            if answer.at("status", "allowed")?.boolValue != true { missing.append(need) }
        }
        return missing
    }

    /// What it may do beyond `needs` that would do harm: to change anything, or to read secrets. By a SelfSubjectRulesReview, whose
    /// answer is for people: it may be incomplete, and decides nothing.
    ///
    /// - Returns: words like `delete pods`; `*` stands for everything.
    public func excess(beyond needs: [AccessNeed], in namespace: String) throws(ExecutionError) -> [String] {
        let answer = try api.create(
            Self.path + ["selfsubjectrulesreviews"],
            [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
                "spec": ["namespace": .string(namespace)],
            ], "ask what it may do in `\(namespace.forMessage())`")
        let needed = Set(needs.map { "\($0.verb) \($0.path)" })
        var found: Set<String> = []
        for rule in (answer.at("status", "resourceRules")?.arrayValue ?? []).prefix(1000) {
            let groups = rule["apiGroups"]?.arrayValue?.compactMap(\.stringValue) ?? []
            // Everybody may ask these questions.
            if groups.allSatisfy({ ["authorization.k8s.io", "authentication.k8s.io"].contains($0) }) { continue }
            for resource in (rule["resources"]?.arrayValue ?? []).prefix(200).compactMap(\.stringValue) {
                for verb in (rule["verbs"]?.arrayValue ?? []).prefix(50).compactMap(\.stringValue) {
                    let words = "\(verb.forMessage(limit: 40)) \(resource.forMessage(limit: 80))"
                    if Self.isHarmful(verb, resource), !needed.contains(words) { found.insert(words) }
                }
            }
        }
        return found.sorted()
    }

    private static func isHarmful(_ verb: String, _ resource: String) -> Bool {
        let isRead = ["get", "list", "watch"].contains(verb)
        return !isRead || resource == "secrets" || resource == "*"
    }
}
