public import ChangeModel

/// One expectation of what the policy decides.
public struct PolicyTest: Hashable, Sendable {
    public var name: String
    public var action: String
    public var target: String?
    public var caller: String?
    public var roles: [String]
    public var groups: [String]
    public var parameters: [String: JSONValue]
    public var ticketID: String?
    public var now: Timestamp?
    public var expect: Verdict
    /// The rule that is expected to decide.
    public var rule: String?
    /// The approvals that the decision is expected to ask for.
    public var approvals: [ApprovalRequirement]?
    public var location: SourceLocation

    public init(
        name: String, action: String, target: String? = nil, caller: String? = nil, roles: [String] = [],
        groups: [String] = [], parameters: [String: JSONValue] = [:], ticketID: String? = nil, now: Timestamp? = nil,
        expect: Verdict, rule: String? = nil, approvals: [ApprovalRequirement]? = nil, location: SourceLocation
    ) {
        self.name = name
        self.action = action
        self.target = target
        self.caller = caller
        self.roles = roles
        self.groups = groups
        self.parameters = parameters
        self.ticketID = ticketID
        self.now = now
        self.expect = expect
        self.rule = rule
        self.approvals = approvals
        self.location = location
    }
}

/// `tests/*.yaml`: a list of policy tests.
public enum PolicyTestDocument {
    public static func parse(_ file: SourceFile) throws(DocumentError) -> [PolicyTest] {
        let reader = try DocumentReader(file)
        return try reader.document("a test file") { $0.required("tests", .list(of: test(file))) }
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
                parameters: fields.optional("params", .map(keys: .line(), to: .json)) ?? [:],
                ticketID: fields.optional("ticket_id", .line()),
                now: fields.optional("now", .timestamp),
                expect: fields.required("expect", FieldType<Verdict>.choice()),
                rule: fields.optional("rule", .line()),
                approvals: fields.optional("approvals", ApprovalFields.ofTest),
                location: SourceLocation(file: file.name, line: fields.mark.line))
        }
    }
}
