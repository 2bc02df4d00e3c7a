public import ChangeModel

/// One expectation of what the policy decides.
public struct PolicyTest: Hashable, Sendable {
    public var name: String
    public var action: String
    public var target: String?
    public var caller: String?
    public var roles: [String]
    public var groups: [String]
    /// What the caller is; nil: what `identities.yaml` says.
    public var kind: IdentityKind?
    /// Everybody who handed something on to the caller, root first.
    public var delegatedBy: [String]
    public var parameters: [String: JSONValue]
    public var ticketID: String?
    public var now: Timestamp?
    /// Whether the change is supposed to be the recorded rollback of the latest execution on its target.
    public var isRollback: Bool
    /// How strictly targets are bound, where the file says so.
    public var binding: TargetBinding?
    public var expect: Verdict
    /// The rule that is expected to decide.
    public var rule: String?
    /// The code that the decision is expected to carry.
    public var code: DecisionCode?
    /// The approvals that the decision is expected to ask for.
    public var approvals: [ApprovalRequirement]?
    public var location: SourceLocation

    public init(
        name: String, action: String, target: String? = nil, caller: String? = nil, roles: [String] = [],
        groups: [String] = [], kind: IdentityKind? = nil, delegatedBy: [String] = [],
        parameters: [String: JSONValue] = [:],
        ticketID: String? = nil, now: Timestamp? = nil, isRollback: Bool = false, binding: TargetBinding? = nil,
        expect: Verdict, rule: String? = nil, code: DecisionCode? = nil, approvals: [ApprovalRequirement]? = nil,
        location: SourceLocation
    ) {
        self.name = name
        self.action = action
        self.target = target
        self.caller = caller
        self.roles = roles
        self.groups = groups
        self.kind = kind
        self.delegatedBy = delegatedBy
        self.parameters = parameters
        self.ticketID = ticketID
        self.now = now
        self.isRollback = isRollback
        self.binding = binding
        self.expect = expect
        self.rule = rule
        self.code = code
        self.approvals = approvals
        self.location = location
    }
}

/// `tests/*.yaml`: a list of policy tests, and perhaps the `target_binding` that they are run under. What the Python project
/// does not know it passes over, so that one file can serve both.
public enum PolicyTestDocument {
    public static func parse(_ file: SourceFile) throws(DocumentError) -> [PolicyTest] {
        let reader = try DocumentReader(file)
        return try reader.document("a test file") { fields in
            let binding = fields.optional("target_binding", FieldType<TargetBinding>.choice())
            return fields.required("tests", .list(of: test(file))).map { test in
                var test = test
                test.binding = binding
                return test
            }
        }
    }

    private static func test(_ file: SourceFile) -> FieldType<PolicyTest> {
        let placeholder = PolicyTest(
            name: "", action: "", expect: .deny, location: SourceLocation(file: file.name, line: 1))
        // Names are free text here: a test may well ask for an action or a target that cannot exist.
        return .mapping("a test", placeholder: placeholder) { fields in
            PolicyTest(
                name: fields.required("name", .line()),
                action: fields.required("action", .line()),
                target: fields.optional("target", .line()),
                caller: fields.optional("caller", .line()),
                roles: fields.optional("roles", .list(of: .line(), count: 0...1000)) ?? [],
                groups: fields.optional("groups", .list(of: .line(), count: 0...1000)) ?? [],
                kind: fields.optional("kind", FieldType<IdentityKind>.choice()),
                delegatedBy: fields.optional("delegated_by", .list(of: .line(), count: 0...100)) ?? [],
                parameters: fields.optional("params", .map(keys: .line(), to: .json)) ?? [:],
                ticketID: fields.optional("ticket_id", .line()),
                now: fields.optional("now", .timestamp),
                isRollback: fields.optional("rollback", .boolean) ?? false,
                expect: fields.required("expect", FieldType<Verdict>.choice()),
                rule: fields.optional("rule", .line()),
                code: fields.optional("code", FieldType<DecisionCode>.choice()),
                approvals: fields.optional("approvals", ApprovalFields.ofTest),
                location: SourceLocation(file: file.name, line: fields.mark.line))
        }
    }
}
