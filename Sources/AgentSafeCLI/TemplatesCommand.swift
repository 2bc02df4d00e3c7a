internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Documents

enum TemplatesCommand: Command {
    static let spec = CommandSpec(
        name: "templates", summary: "List the plan templates, and what fills their blanks.",
        discussion: """
            A repository's own templates lie in `templates/plans/<name>.yaml`, and go before those of the program with the same \
            name. `propose --template` reads them from verified main; this lists those of the folder.
            With `--output json`: {"templates": [{"name", "description", "embedded", "variables": [{"name", "description", \
            "required", "default"}], "steps": [{"action", "target", "params"}]}]}, where a blank is a text such as `{{ image }}`.
            """,
        example: "agentsafe templates", options: [.output], exitCodes: [.done, .failed, .usage], group: "Policy")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let templates = try PlainFolder(host: context.host).planTemplates()
        context.report(
            ["templates": .array(templates.entries.map(json))],
            templates.entries.flatMap { lines($0, context.terminal) })
        return 0
    }

    private static func json(_ entry: PlanTemplates.Entry) -> JSONValue {
        let template = entry.template
        return [
            "name": .string(template.name), "description": .string(template.description),
            "embedded": .bool(entry.isEmbedded),
            "variables": .array(
                template.variables.map {
                    .compact([
                        "name": .string($0.name), "description": .string($0.description),
                        "required": .bool($0.required && $0.defaultValue == nil), "default": $0.defaultValue,
                    ])
                }),
            "steps": .array(
                template.steps.map {
                    [
                        "action": .string($0.action), "target": value($0.target),
                        "params": .object($0.parameters.mapValues(value)),
                    ]
                }),
        ]
    }

    private static func value(_ blank: PlanTemplate.Blank) -> JSONValue {
        switch blank {
        case .value(let value): value
        case .variable(let name): .string("{{ \(name) }}")
        }
    }

    private static func lines(_ entry: PlanTemplates.Entry, _ terminal: Terminal) -> [String] {
        let template = entry.template
        var lines = ["\(terminal.paint(template.name, .strong))  \(visible(template.description))"]
        for (index, step) in template.steps.enumerated() {
            lines.append("  step \(index + 1): \(step.action) on \(visible(value(step.target).stringValue ?? ""))")
        }
        for variable in template.variables {
            let standing =
                variable.defaultValue.map { " (default \($0.canonicalText))" }
                ?? (variable.required ? "" : " (optional)")
            lines.append("  --set \(variable.name)=…  \(visible(variable.description + standing))")
        }
        return lines
    }
}
