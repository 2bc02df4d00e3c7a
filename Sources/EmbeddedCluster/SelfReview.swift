internal import ChangeModel

/// What a client asks about itself (API reference, authentication.k8s.io/v1 and authorization.k8s.io/v1). There is one user here,
/// who may do everything.
enum SelfReview: String {
    case subject = "selfsubjectreviews"
    case access = "selfsubjectaccessreviews"
    case rules = "selfsubjectrulesreviews"

    static let groups: Set = ["authentication.k8s.io", "authorization.k8s.io"]

    var group: String { self == .subject ? "authentication.k8s.io" : "authorization.k8s.io" }

    /// - Parameter now: RFC 3339.
    func answer(_ asked: JSONValue, now: String) throws(StatusFailure) -> JSONValue {
        var review = asked
        review["metadata"] = [:]
        switch self {
        case .subject:
            review["metadata"] = ["creationTimestamp": .string(now)]
            review["status"] = [
                "userInfo": ["username": "embedded", "groups": ["system:masters", "system:authenticated"]]
            ]
        case .access: review["status"] = ["allowed": true]
        case .rules:
            guard asked.at("spec", "namespace")?.stringValue?.isEmpty == false else {
                throw .badRequest("no namespace on request")
            }
            review["spec"] = [:]
            review["status"] = [
                "incomplete": false,
                "resourceRules": [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]],
                "nonResourceRules": [["verbs": ["*"], "nonResourceURLs": ["*"]]],
            ]
        }
        return review
    }
}
