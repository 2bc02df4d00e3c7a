import ChangeModel
import Documents
import Testing

@Suite("A plan's template")
struct PlanTemplateTests {
    private static let actions: [String: ActionDefinition] = [
        "update-image": ActionDefinition(
            name: "update-image",
            parameters: [
                ParameterDefinition(name: "container", type: .string),
                ParameterDefinition(name: "image", type: .string),
                ParameterDefinition(name: "flags", type: .array),
            ], riskClass: .high, targetTypes: ["k8s-deployment"], digest: Digest(of: [1]),
            location: SourceLocation(file: "a", line: 1)),
        "rollout-undo": ActionDefinition(
            name: "rollout-undo", parameters: [ParameterDefinition(name: "revision", type: .integer, required: false)],
            riskClass: .high, targetTypes: ["k8s-deployment"], digest: Digest(of: [2]),
            location: SourceLocation(file: "b", line: 1)),
    ]

    private func fill(_ values: (name: String, value: String)...) throws -> [ChangeStep] {
        let template = try PlanTemplateDocument.parse(try Fixture.valid("template-full.yaml"))
        #expect(template.name == "template-full")
        return try template.fill(values, actions: Self.actions)
    }

    @Test("takes values by the type of the param that they fill, defaults, and nothing for what is not required")
    func fills() throws {
        let steps = try fill(("target", "prod/api"), ("revision", "3"))
        #expect(
            steps == [
                ChangeStep(
                    action: "update-image", target: "prod/api",
                    parameters: ["container": "api", "image": "registry.example/api:1.9.0", "flags": ["a", 1]]),
                ChangeStep(action: "rollout-undo", target: "staging/api-server", parameters: ["revision": 3]),
            ])
        let bare = try fill(("target", "prod/api"), ("image", "7"))
        #expect(bare[0].parameters["image"] == "7" && bare[1].parameters.isEmpty)
    }

    @Test("puts no more than one value into a blank, whatever the text is")
    func injection() throws {
        for text in [
            "x\n  evil: 1", "{{ target }}", "\"\nsteps: []", "a, b: c", "[1]", "&a", "!!int 3", "vault:x # y", "",
        ] {
            let steps = try fill(("target", "prod/api"), ("image", text))
            #expect(steps[0].parameters["image"] == .string(text) && steps.count == 2)
        }
        let target = try fill(("target", "prod/api\nparams: {}"))
        #expect(target[0].target == "prod/api\nparams: {}")
    }

    @Test("names all variables that are missing, with their descriptions, and all that it does not have")
    func faults() {
        let missing = #expect(throws: TemplateFault.self) { try fill() }
        #expect(missing?.problems == ["variable `target` is missing: the deployment"])
        let wrong = #expect(throws: TemplateFault.self) { try fill(("traget", "x"), ("zzzzzzzz", "y")) }
        #expect(
            wrong?.problems == [
                "the template has no variable `traget`; did you mean `target`?",
                "the template has no variable `zzzzzzzz`; it has `target`, `image`, `revision`",
                "variable `target` is missing: the deployment",
            ])
        let twice = #expect(throws: TemplateFault.self) { try fill(("target", "x"), ("target", "y")) }
        #expect(twice?.problems == ["variable `target` is given twice"])
    }
}
