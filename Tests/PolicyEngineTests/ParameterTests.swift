import ChangeModel
import PolicyEngine
import Testing

@Suite("A param")
struct ParameterTests {
    let fixture = Fixture()

    private func parameter(
        _ type: ParameterType, required: Bool = true, default defaultValue: JSONValue? = nil,
        _ constraints: ParameterConstraints = ParameterConstraints(), sensitive: Bool = false
    ) -> ParameterDefinition {
        ParameterDefinition(
            name: "p", type: type, required: required, defaultValue: defaultValue, constraints: constraints,
            sensitive: sensitive)
    }

    @Test("a required param must be given, even when no param is")
    func missingRequired() {
        var fixture = fixture
        fixture.target.locator = [:]
        fixture.parameters = [:]
        let decision = fixture.decision
        #expect(decision.code == .parameterInvalid)
        #expect(decision.result == .deny)
        #expect(decision.errors.map(\.parameter) == ["namespace", "deployment", "replicas"])
        #expect(decision.errors.allSatisfy { $0.message == "is required and missing" })
    }

    @Test("a default does not stand in for a required param")
    func requiredWithDefault() {
        #expect(fixture.messages(parameter(.integer, default: 1), nil) == ["is required and missing"])
        #expect(fixture.messages(parameter(.integer, required: false, default: 1), nil) == [])
    }

    @Test("an unknown name is an error, with a suggestion where one is near")
    func unknownName() {
        var fixture = fixture
        fixture.parameters["replica"] = 3
        fixture.parameters["zzz"] = 3
        #expect(
            fixture.decision.errors == [
                ParameterError(
                    parameter: "replica", message: "is no param of this action; did you mean `replicas`?"),
                ParameterError(parameter: "zzz", message: "is no param of this action"),
            ])
    }

    @Test("every error is listed")
    func everyError() {
        var fixture = fixture
        fixture.target.locator = [:]
        fixture.parameters = ["namespace": 1, "replicas": 101, "x": 1]
        #expect(fixture.decision.errors.map(\.parameter) == ["deployment", "x", "namespace", "replicas"])
        #expect(fixture.decision.reason.hasPrefix("invalid params: `deployment` is required and missing; "))
        #expect(fixture.decision.reason.hasSuffix("… 1 more"))
    }

    static let samples: [JSONValue] = ["a", 1, 1.5, true, ["a"], ["a": 1], nil]

    @Test(
        "a boolean is no integer, an integer will do for a number, and nothing else passes for another type",
        arguments: [
            (ParameterType.string, [true, false, false, false, false, false, false]),
            (.integer, [false, true, false, false, false, false, false]),
            (.number, [false, true, true, false, false, false, false]),
            (.boolean, [false, false, false, true, false, false, false]),
            (.array, [false, false, false, false, true, false, false]),
        ])
    func types(type: ParameterType, accepted: [Bool]) {
        for (value, isAccepted) in zip(Self.samples, accepted) {
            let expected = isAccepted ? [] : ["expected \(type.rawValue), got \(value.typeName)"]
            #expect(fixture.messages(parameter(type), value) == expected)
        }
    }

    @Test("a number that is not finite is no number")
    func notFinite() {
        #expect(fixture.messages(parameter(.number), .number(.nan)) == ["expected number, got number"])
        #expect(!fixture.messages(parameter(.number), .number(.infinity)).isEmpty)
    }

    @Test("bounds are inclusive, and the message names the bound and the value")
    func bounds() {
        let bounded = parameter(.integer, ParameterConstraints(minimumValue: 1, maximumValue: 100))
        #expect(fixture.messages(bounded, 1) == [])
        #expect(fixture.messages(bounded, 100) == [])
        #expect(fixture.messages(bounded, 0) == ["`0` is less than min_value 1"])
        #expect(fixture.messages(bounded, 101) == ["`101` is more than max_value 100"])
        let fraction = parameter(.number, ParameterConstraints(minimumValue: 0.5, maximumValue: 1.5))
        #expect(fixture.messages(fraction, 0.5) == [])
        #expect(fixture.messages(fraction, 1.5) == [])
        #expect(fixture.messages(fraction, 0.4999) == ["`0.4999` is less than min_value 0.5"])
        #expect(fixture.messages(fraction, 2) == ["`2` is more than max_value 1.5"])
        #expect(fixture.messages(fraction, 0) == ["`0` is less than min_value 0.5"])
    }

    @Test("large integers are compared exactly, and bounds beyond all integers still bound")
    func exactBounds() {
        let limit = 9_007_199_254_740_992  // 2^53, beyond which doubles skip integers
        let bounded = parameter(.integer, ParameterConstraints(maximumValue: Double(limit)))
        #expect(fixture.messages(bounded, .integer(Int64(limit))) == [])
        #expect(fixture.messages(bounded, .integer(Int64(limit) + 1)).count == 1)
        #expect(fixture.messages(bounded, .integer(.max)).count == 1)
        let open = ParameterConstraints(minimumValue: -.infinity, maximumValue: 1e300)
        #expect(fixture.messages(parameter(.integer, open), .integer(.max)) == [])
        #expect(fixture.messages(parameter(.integer, ParameterConstraints(minimumValue: 1e300)), 5).count == 1)
        #expect(fixture.messages(parameter(.integer, ParameterConstraints(maximumValue: -1e300)), 5).count == 1)
        #expect(fixture.messages(parameter(.integer, ParameterConstraints(minimumValue: .nan)), 5).count == 1)
    }

    @Test("lengths count characters of strings and elements of arrays")
    func lengths() {
        let constraints = ParameterConstraints(minimumLength: 1, maximumLength: 2)
        #expect(fixture.messages(parameter(.string, constraints), "éa") == [])
        #expect(
            fixture.messages(parameter(.string, constraints), "") == ["`` has 0 characters, less than min_length 1"])
        #expect(
            fixture.messages(parameter(.string, constraints), "abc")
                == ["`abc` has 3 characters, more than max_length 2"])
        #expect(fixture.messages(parameter(.array, constraints), ["long text", 2]) == [])
        #expect(
            fixture.messages(parameter(.array, constraints), [1, 2, 3])
                == ["`[1,2,3]` has 3 elements, more than max_length 2"])
    }

    @Test("a pattern must match the whole value")
    func patterns() {
        let named = parameter(.string, ParameterConstraints(pattern: "[a-z]+"))
        #expect(fixture.messages(named, "abc") == [])
        #expect(fixture.messages(named, "abc1") == ["`abc1` does not match pattern `[a-z]+` as a whole"])
        #expect(fixture.messages(named, "abc\n").count == 1)
        #expect(fixture.messages(named, "").count == 1)
    }

    @Test("an enum lists the only values, spelt as text or as they are")
    func enums() {
        let level = parameter(.string, ParameterConstraints(allowed: ["low", "high"]))
        #expect(fixture.messages(level, "low") == [])
        #expect(fixture.messages(level, "Low") == ["`Low` is not in enum [low, high]"])
        let count = parameter(.integer, ParameterConstraints(allowed: ["1", 2]))
        #expect(fixture.messages(count, 1) == [])
        #expect(fixture.messages(count, 2) == [])
        #expect(fixture.messages(count, 3) == ["`3` is not in enum [1, 2]"])
        let accent = parameter(.string, ParameterConstraints(allowed: ["\u{E9}"]))
        #expect(fixture.messages(accent, "e\u{301}").count == 1)
    }

    @Test("constraints on an array hold for each element")
    func arrayElements() {
        let verbs = parameter(.array, ParameterConstraints(pattern: "[a-z]+", allowed: ["get", "list"]))
        #expect(fixture.messages(verbs, ["get", "list"]) == [])
        #expect(fixture.messages(verbs, ["get", "put"]) == ["element 2: `put` is not in enum [get, list]"])
        #expect(
            fixture.messages(verbs, [1]) == [
                "element 1: expected a string for pattern `[a-z]+`, got integer",
                "element 1: `1` is not in enum [get, list]",
            ])
    }

    @Test("a sensitive param takes a reference, never a value, and no message repeats what was given")
    func sensitive() {
        let secret = parameter(.string, ParameterConstraints(maximumLength: 3), sensitive: true)
        #expect(fixture.messages(secret, "vault:database-1") == [])
        let refusal = ["is sensitive and takes a reference such as `vault:NAME`, never a value"]
        for value: JSONValue in [
            "hunter2", "vault:", "vault:a b", "vault:--x", "Vault:a", "vault:a\n", 7, nil, ["vault:a"],
        ] {
            #expect(fixture.messages(secret, value) == refusal)
        }
        var fixture = fixture
        fixture.action.parameters.append(secret)
        fixture.parameters["p"] = "hunter2"
        #expect(!fixture.decision.json.canonicalText.contains("hunter2"))
    }

    @Test("a pattern that does not compile denies, whether or not the param is given")
    func brokenPattern() {
        let broken = parameter(.string, required: false, ParameterConstraints(pattern: "(a"))
        for value: JSONValue? in ["a", nil] {
            let messages = fixture.messages(broken, value)
            #expect(messages.count == 1)
            #expect(messages.first?.hasPrefix("the action's pattern is not usable: at character 1: `(`") == true)
        }
        var action = fixture.action
        action.parameters = [broken]
        #expect(PolicyEngine.problems(in: action).map(\.parameter) == ["p"])
        #expect(PolicyEngine.problems(in: fixture.action).isEmpty)
    }

    @Test("a default that breaks the param's own rules denies what relies on it")
    func brokenDefault() {
        let broken = parameter(.integer, required: false, default: 7, ParameterConstraints(maximumValue: 5))
        #expect(fixture.messages(broken, nil) == ["its default is wrong: `7` is more than max_value 5"])
        #expect(fixture.messages(broken, 5) == [])
    }

    @Test("a long or strange value is shortened and escaped in messages")
    func excerpts() {
        let named = parameter(.string, ParameterConstraints(allowed: ["a"]))
        let message = fixture.messages(named, .string(String(repeating: "é\n", count: 10_000))).first ?? ""
        #expect(message.utf8.count < 700)
        #expect(message.hasPrefix("`\\u{e9}\\u{a}"))
    }

    @Test("effective params are the given ones, then the locator's, then the defaults")
    func effectiveParameters() {
        var fixture = fixture
        fixture.parameters = ["replicas": 6]
        #expect(
            fixture.engine.effectiveParameters(fixture.request) == [
                "namespace": "staging", "deployment": "api-server", "replicas": 6, "note": "none",
            ])
        fixture.target.locator["note"] = "bound"
        #expect(fixture.engine.effectiveParameters(fixture.request)?["note"] == "bound")
        fixture.parameters["note"] = "given"
        #expect(fixture.engine.effectiveParameters(fixture.request)?["note"] == "given")
        fixture.parameters["replicas"] = 101
        #expect(fixture.engine.effectiveParameters(fixture.request) == nil)
        fixture.parameters["replicas"] = 6
        fixture.targetName = nil
        #expect(fixture.engine.effectiveParameters(fixture.request) == nil)
    }
}
