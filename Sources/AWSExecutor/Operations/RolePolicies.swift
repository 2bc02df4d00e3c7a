internal import ChangeModel
internal import HTTP
internal import Runner

/// What attaching and detaching share (AWS IAM API, version 2010-05-08).
protocol RolePolicyOperation: AWSOperation {
    var binding: RolePolicy { get }
    static var operation: String { get }
    static var attaches: Bool { get }
}

struct RolePolicy {
    let role: String
    let policy: String
    let region: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        role = try parameters.name("role_name", and: "+=,.@-_", limit: 64)
        policy = try parameters.word("policy_arn") { text in
            let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
            return (20...2048).contains(text.utf8.count) && parts.count == 6 && parts[0] == "arn" && parts[2] == "iam"
                && parts[5].hasPrefix("policy/")
                && text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                        || ":/+=,.@-_".utf8.contains(byte)
                }
        }
        region = try parameters.region()
    }

    static let version = "2010-05-08"
    /// Pages of a hundred; AWS lets a role have twenty.
    private static let maximumPages = 20

    var subject: String { "role `\(role)`" }

    /// nil when there is no such role.
    func resource(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        let call = ServiceCall.query(.iam, "GetRole", version: Self.version, [("RoleName", role)], .read)
        guard let response = try session.find(call, in: region, absent: ["NoSuchEntity"]),
            let found = try session.xml(response, subject).at("GetRoleResult", "Role")
        else { return nil }
        let attached = try attachedPolicies(session).sorted()
        let policies: JSONValue = .array(attached.map { .string($0.forMessage(limit: 2048)) })
        return AWSResource(
            fields: ["attached_policies": policies],
            identity: [
                "arn": .string(found["Arn"]?.text ?? ""), "id": .string(found["RoleId"]?.text ?? ""),
                "attached": .strings(attached),
            ])
    }

    func attachedPolicies(_ session: AWSSession) throws(ExecutionError) -> [String] {
        var found: [String] = []
        var marker: String?
        for _ in 0..<Self.maximumPages {
            let fields = [("RoleName", role)] + (marker.map { [("Marker", $0)] } ?? [])
            let call = ServiceCall.query(.iam, "ListAttachedRolePolicies", version: Self.version, fields, .read)
            let result = try session.xml(try session.send(call, in: region), subject)["ListAttachedRolePoliciesResult"]
            found += (result?["AttachedPolicies"]?.all("member") ?? []).compactMap { $0["PolicyArn"]?.text }
            guard result?["IsTruncated"]?.text == "true", let next = result?["Marker"]?.text, !next.isEmpty else {
                return found
            }
            marker = next
        }
        throw ExecutionError(code: .refused, message: "\(subject) has more policies than can be listed")
    }
}

extension RolePolicyOperation {
    var subject: String { binding.subject }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? { try binding.resource(session) }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? {
        let policy = "policy `\(binding.policy.forMessage(limit: 120))`"
        switch precheck {
        case "role-exists": return exists(resource)
        case "policy-exists":
            let call = ServiceCall.query(
                .iam, "GetPolicy", version: RolePolicy.version, [("PolicyArn", binding.policy)], .read)
            let found = try session.find(call, in: binding.region, absent: ["NoSuchEntity"]) != nil
            return AWSFinding(passed: found, detail: found ? "\(policy) exists" : "there is no \(policy)")
        case "policy-attached":
            let isAttached = isAttached(resource)
            return AWSFinding(
                passed: isAttached,
                detail: isAttached ? "\(policy) is attached" : "\(policy) is not attached to \(subject)")
        default: return nil
        }
    }

    private func isAttached(_ resource: AWSResource?) -> Bool {
        resource?.identity["attached"]?.arrayValue?.contains(.string(binding.policy)) == true
    }

    /// IAM has no dry run; but where nothing would be sent, nothing would change.
    func preview(_ session: AWSSession, before: CapturedState) throws(ExecutionError) -> Preview {
        let isThere = before.fields["attached_policies"]?.arrayValue?.contains(.string(binding.policy)) == true
        guard isThere == Self.attaches else { return .unavailable(reason: "AWS has no dry run of this action") }
        let verb = Self.attaches ? "attached to" : "detached from"
        return .predicted(
            Prediction(
                after: before, differences: [],
                notes: ["policy `\(binding.policy.forMessage(limit: 120))` is \(verb) \(subject) already"]))
    }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        let verb = Self.attaches ? "attached to" : "detached from"
        let policy = "policy `\(binding.policy.forMessage(limit: 120))`"
        guard isAttached(execution.current) != Self.attaches else {
            return ExecutionReport(summary: "\(policy) was \(verb) \(subject) already; nothing was changed")
        }
        let call = ServiceCall.query(
            .iam, Self.operation, version: RolePolicy.version,
            [("RoleName", binding.role), ("PolicyArn", binding.policy)], .once)
        _ = try execution.send(call, in: binding.region)
        // IAM answers before all of its copies know.
        try execution.session.wait(for: subject, execution.progress) {
            () throws(ExecutionError) -> (isThere: Bool, news: String) in
            let isThere = try binding.attachedPolicies(execution.session).contains(binding.policy) == Self.attaches
            return (isThere, "IAM does not show it yet")
        }
        return ExecutionReport(summary: "\(policy) is \(verb) \(subject)")
    }
}

struct AttachRolePolicy: RolePolicyOperation {
    let binding: RolePolicy
    init(_ parameters: StepParameters) throws(ExecutionError) { binding = try RolePolicy(parameters) }
    static let operation = "AttachRolePolicy"
    static let attaches = true
}

struct DetachRolePolicy: RolePolicyOperation {
    let binding: RolePolicy
    init(_ parameters: StepParameters) throws(ExecutionError) { binding = try RolePolicy(parameters) }
    static let operation = "DetachRolePolicy"
    static let attaches = false
}
