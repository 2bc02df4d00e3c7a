import ChangeModel
import Documents
import Testing

@Suite("A catalogue document")
struct CatalogueDocumentTests {
    @Test("gives the action that it says")
    func action() throws {
        let file = try Fixture.valid("action-full.yaml")
        let action = try ActionDocument.parse(file)
        #expect(action.name == "resize-pool")
        #expect(action.version == "2.1.0-rc.1")
        #expect(action.description == "Changes how many machines a pool has.\nSlow: machines take minutes to start.\n")
        #expect(action.riskClass == .high)
        #expect(action.targetTypes == ["pool"])
        #expect(action.digest == Digest(of: file.bytes))
        #expect(action.location == SourceLocation(file: "action-full.yaml", line: 1))
        #expect(action.reversible && action.recordOutput)
        #expect(action.rollbackAction == "resize-pool")
        #expect(action.rollbackParameters == ["pool": .parameter("pool"), "size": .beforeState("size")])
        #expect(action.credentials?.ttl == 60)
        #expect(action.credentials?.fields == ["account": "{{ params.pool }}", "verbs": ["get", "patch"]])
        #expect(action.stateFields.map(\.type) == ["integer", "any"])
        #expect(action.stateFields.map(\.required) == [true, false])
        let parameters = Dictionary(uniqueKeysWithValues: action.parameters.map { ($0.name, $0) })
        #expect(action.parameters.map(\.name) == ["pool", "size", "tier", "step", "ratio", "zones", "drain", "token"])
        #expect(parameters["pool"]?.required == true)
        #expect(parameters["pool"]?.constraints.pattern == "[a-z][a-z0-9-]*")
        #expect(parameters["size"]?.constraints.maximumValue == 100)
        #expect(parameters["tier"]?.constraints.allowed == ["standard", "fast"])
        #expect(parameters["tier"]?.defaultValue == "standard")
        #expect(parameters["step"]?.constraints.allowed == [1, 5, 10])
        #expect(parameters["zones"]?.defaultValue == ["a", "b"])
        #expect(parameters["drain"]?.defaultValue == true)
        #expect(parameters["token"]?.sensitive == true)
    }

    @Test("gives the targets that it says")
    func inventory() throws {
        let targets = try InventoryDocument.parse(try Fixture.valid("inventory-full.yaml"))
        #expect(targets.map(\.id) == ["staging/api-server", "prod:db@eu", "dev/scratch"])
        #expect(targets[0].owner == "team \u{e4}pi")
        #expect(targets[0].labels == ["tier": "backend", "app.kubernetes.io/name": "api"])
        #expect(targets[1].locator == ["account": "012345678901", "region": "eu-west-1", "instance_id": "i-0abc"])
        #expect(targets[1].environment == .prod && targets[1].sensitivity == .critical)
        #expect(targets[2].locator.isEmpty)
        #expect(targets.map(\.location.line) == [2, 9, 17])
    }

    @Test("gives the rules that it says")
    func policy() throws {
        let rules = try PolicyDocument.parse(try Fixture.valid("policy-full.yaml"))
        #expect(rules.map(\.name) == ["night-freeze", "prod-needs-two", "rest"])
        #expect(rules.map(\.priority) == [1000, 0, 0])
        #expect(rules.map(\.decision) == [.deny, .requireApproval, .allow])
        #expect(rules.map(\.location.line) == [2, 27, 38])
        let match = rules[0].match
        #expect(match.actions == ["restart-*", "scale-[a-z]*"])
        #expect(
            match.targets
                == TargetSelector(
                    environments: [.prod], sensitivities: [.restricted, .critical], types: ["k8s-deployment"],
                    labels: ["tier": "backend"]))
        #expect(
            match.callers
                == CallerSelector(
                    agentIDs: ["bot"], roles: ["deployer"], groups: ["sre"], kinds: [.agent, .service],
                    delegatedFrom: ["orchestrator"], maximumDelegationDepth: 2, requireDelegation: false))
        #expect(match.riskClasses == [.high, .critical])
        #expect(match.timeWindows == [TimeWindow(days: [4, 5, 6], startHour: 22, endHour: 6), TimeWindow()])
        #expect(match.requireTicket == true)
        #expect(rules[1].match.callers == nil)
        #expect(
            rules[1].approvals
                == [ApprovalRequirement(role: "approver", count: 2), ApprovalRequirement(role: "owner", count: 1)])
        #expect(
            rules[1].terms
                == ApprovalTerms(
                    reviewBy: 14_400, executeWithin: 1800,
                    breakGlass: BreakGlassTerms(roles: ["sre", "oncall"], reviewWithin: 172_800)))
        #expect(rules[2].match == RuleMatch() && rules[2].terms == ApprovalTerms())
    }

    @Test("gives the policy tests that it says")
    func policyTests() throws {
        let tests = try PolicyTestDocument.parse(try Fixture.valid("tests-full.yaml"))
        #expect(tests[0].parameters == ["namespace": "dev", "replicas": 3, "flags": ["a", "b"]])
        #expect(tests[0].caller == nil && tests[0].now == nil && tests[0].approvals == nil)
        #expect(tests[1].now == Timestamp("2026-11-22T23:11:00Z"))
        #expect(tests[1].expect == .requireApproval)
        #expect(tests[1].rule == "prod-needs-two")
        #expect(tests[1].ticketID == "INC-42")
        #expect(tests[1].approvals == [ApprovalRequirement(role: "approver", count: 2)])
    }

    @Test("reads YAML 1.2: `no` is text, and no boolean")
    func yamlVersion() throws {
        let text = "targets: [{id: no, type: on, environment: dev, sensitivity: public, owner: yes, labels: {y: 1e}}]\n"
        let target = try InventoryDocument.parse(SourceFile(name: "i", text: text))[0]
        #expect([target.id, target.type, target.owner, target.labels["y"]] == ["no", "on", "yes", "1e"])
    }

    @Test(
        "takes versions by Semantic Versioning, and no others",
        arguments: [
            ("1.0.0", true), ("10.20.30", true), ("1.0.0-alpha.1+build.5", true), ("\"1.0\"", false), ("1.0.0-", false),
            ("1.0.0-a..b", false), ("v1.0.0", false), ("1.0.0.0", false), ("1..0", false), ("1.0.0-\u{e4}", false),
        ])
    func versions(version: String, isFine: Bool) {
        let text = "name: a\nversion: \(version)\nrisk_class: low\ntarget_types: [x]\n"
        #expect(((try? ActionDocument.parse(SourceFile(name: "a", text: text))) != nil) == isFine)
    }

    @Test(
        "needs a default of the param's type: a boolean is no integer",
        arguments: [
            ("string", "\"1\"", true), ("string", "1", false), ("integer", "1", true), ("integer", "true", false),
            ("integer", "1.5", false), ("integer", "\"1\"", false), ("number", "1.5", true), ("number", "1", true),
            ("number", ".inf", false), ("boolean", "true", true), ("boolean", "yes", false), ("boolean", "1", false),
            ("array", "[1, a]", true), ("array", "a", false), ("string", "null", true),
        ])
    func defaults(type: String, value: String, isFine: Bool) {
        let text = """
            name: a
            version: 1.0.0
            risk_class: low
            target_types: [x]
            parameters: [{name: p, type: \(type), default: \(value)}]

            """
        #expect(((try? ActionDocument.parse(SourceFile(name: "a", text: text))) != nil) == isFine)
    }
}
