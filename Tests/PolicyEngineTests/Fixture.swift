import ChangeModel
import PolicyEngine

/// A small world in which one thing at a time is made different.
struct Fixture {
    static let repository = "51t4bdacbn17p35b5604fjp1nc"
    /// A Monday, 14:30 UTC.
    static let now = instant("2026-11-23T14:30:00Z")

    var action = ActionDefinition(
        name: "scale-deployment",
        parameters: [
            ParameterDefinition(name: "namespace", type: .string),
            ParameterDefinition(name: "deployment", type: .string),
            ParameterDefinition(
                name: "replicas", type: .integer,
                constraints: ParameterConstraints(minimumValue: 0, maximumValue: 100)),
            ParameterDefinition(name: "note", type: .string, required: false, defaultValue: "none"),
        ],
        riskClass: .medium, targetTypes: ["k8s-deployment"], digest: Digest(of: [1]),
        location: SourceLocation(file: "actions/scale-deployment.yaml", line: 1))
    var target = TargetEntry(
        id: "staging/api-server", type: "k8s-deployment", environment: .staging, sensitivity: .internal,
        labels: ["team": "payments"],
        locator: ["cluster": "c1", "namespace": "staging", "deployment": "api-server"],
        location: SourceLocation(file: "inventory.yaml", line: 2))
    var rules = [Fixture.rule("allow-all", .allow)]
    var configuration = Configuration(repository: Fixture.repository)
    var caller = Caller(id: "agent-1", kind: .agent, roles: ["deployer"], groups: ["east"])
    var parameters: [String: JSONValue] = ["namespace": "staging", "deployment": "api-server", "replicas": 6]
    var ticket: String?
    var actionName: String?
    var targetName: String? = "staging/api-server"
    var now = Fixture.now

    static func instant(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(seconds: 0) }

    static func rule(
        _ name: String, _ decision: Verdict, priority: Int = 0, _ match: RuleMatch = RuleMatch(),
        approvals: [ApprovalRequirement] = [], terms: ApprovalTerms = ApprovalTerms(), line: Int = 1
    ) -> Rule {
        Rule(
            name: name, priority: priority, match: match, decision: decision, reason: "reason of \(name)",
            approvals: approvals, terms: terms, location: SourceLocation(file: "policies/default.yaml", line: line))
    }

    var catalogue: Catalogue {
        Catalogue(
            configuration: configuration, actions: [action], targets: [target], rules: rules, identities: nil)
    }

    var engine: PolicyEngine { PolicyEngine(catalogue: catalogue) }

    var request: DecisionRequest {
        DecisionRequest(
            action: actionName ?? action.name, target: targetName, caller: caller, parameters: parameters,
            ticket: ticket)
    }

    var decision: Decision { engine.decide(request, now: now) }

    /// The decision when there is exactly one rule, which allows what `match` matches.
    func decision(for match: RuleMatch) -> Decision {
        var other = self
        other.rules = [Fixture.rule("only", .allow, match)]
        return other.decision
    }

    func matches(_ match: RuleMatch) -> Bool { decision(for: match).result == .allow }

    /// The messages about a param whose definition and value are given, with all else valid.
    func messages(_ definition: ParameterDefinition, _ value: JSONValue?) -> [String] {
        var other = self
        other.action.parameters = [definition]
        other.target.locator = [:]
        other.parameters = value.map { [definition.name: $0] } ?? [:]
        return other.decision.errors.map(\.message)
    }
}
