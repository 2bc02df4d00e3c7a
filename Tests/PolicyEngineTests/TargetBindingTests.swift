import ChangeModel
import PolicyEngine
import Testing

@Suite("Target binding")
struct TargetBindingTests {
    @Test("a dev target with prod params is refused")
    func contradictionIsRefused() {
        var fixture = Fixture()
        fixture.parameters["namespace"] = "prod"
        let decision = fixture.decision
        #expect(decision.result == .deny)
        #expect(decision.code == .targetBinding)
        #expect(
            decision.reason == "param `namespace` is `prod`, but target `staging/api-server` is bound to `staging`")
    }

    @Test("every contradiction is named")
    func everyContradiction() {
        var fixture = Fixture()
        fixture.parameters["namespace"] = "prod"
        fixture.parameters["deployment"] = "web"
        #expect(fixture.decision.reason.split(separator: ";").count == 2)
    }

    @Test("what the locator says need not be given")
    func locatorFills() {
        var fixture = Fixture()
        fixture.parameters = ["replicas": 6]
        #expect(fixture.decision.result == .allow)
    }

    @Test("a filled value keeps the param's type and constraints")
    func filledValuesAreChecked() {
        var fixture = Fixture()
        fixture.parameters = [:]
        fixture.target.locator["replicas"] = "100"
        #expect(fixture.decision.result == .allow)
        #expect(fixture.engine.effectiveParameters(fixture.request)?["replicas"] == .integer(100))
        fixture.target.locator["replicas"] = "101"
        #expect(fixture.decision.code == .parameterInvalid)
        for text in ["many", "+5", "05", "5.0", ""] {
            fixture.target.locator["replicas"] = text
            #expect(fixture.decision.errors.map(\.message) == ["expected integer, got string"])
        }
    }

    @Test("values are compared as text")
    func comparedAsText() {
        var fixture = Fixture()
        fixture.target.locator["replicas"] = "6"
        #expect(fixture.decision.result == .allow)
        fixture.parameters["replicas"] = 7
        #expect(fixture.decision.code == .targetBinding)
    }

    @Test("two spellings of one accented letter are two names")
    func comparedByBytes() {
        var fixture = Fixture()
        fixture.target.locator["namespace"] = "caf\u{E9}"
        fixture.parameters["namespace"] = "cafe\u{301}"
        #expect(fixture.decision.code == .targetBinding)
    }

    @Test("locator keys that are no params of the action bind nothing")
    func otherKeys() {
        var fixture = Fixture()
        fixture.target.locator["cluster_uid"] = "7c8e"
        #expect(fixture.decision.result == .allow)
    }

    @Test("an action is refused on a target of another type")
    func wrongType() {
        var fixture = Fixture()
        fixture.target.type = "k8s-node"
        let decision = fixture.decision
        #expect(decision.code == .targetType)
        #expect(decision.result == .deny)
        #expect(
            decision.reason
                == "`scale-deployment` works on k8s-deployment, and target `staging/api-server` is a k8s-node")
    }

    @Test("under `advisory` both are warnings, for questions")
    func advisory() {
        var fixture = Fixture()
        fixture.configuration.targetBinding = .advisory
        fixture.target.type = "k8s-node"
        fixture.parameters["namespace"] = "prod"
        let decision = fixture.decision
        #expect(decision.result == .allow)
        #expect(decision.warnings.count == 2)
        #expect(decision.warnings.first?.contains("works on") == true)
        #expect(decision.warnings.last?.contains("is bound to") == true)
        #expect(fixture.engine.decide(fixture.request, now: fixture.now, binding: .enforce).code == .targetType)
    }

    @Test("a sensitive value is not repeated in a binding's refusal")
    func sensitiveBinding() {
        var fixture = Fixture()
        fixture.action.parameters.append(ParameterDefinition(name: "token", type: .string, sensitive: true))
        fixture.target.locator["token"] = "vault:a"
        fixture.parameters["token"] = "vault:secret-name"
        #expect(fixture.decision.code == .targetBinding)
        #expect(!fixture.decision.reason.contains("secret-name"))
    }
}
