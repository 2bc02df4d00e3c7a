internal import ChangeModel
internal import YAML

/// `templates/plans/<name>.yaml`.
public enum PlanTemplateDocument {
    public static let folder = "templates/plans"
    private static let ending = ".yaml"

    /// Reads a template. A blank is a whole value, in quotes: `"{{ image }}"`. Every blank has a variable, and every variable a
    /// blank.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> PlanTemplate {
        let reader = try DocumentReader(
            file,
            limits: YAMLLimits(bytes: Change.maximumSize, depth: 8, nodes: 20_000, scalarBytes: Change.maximumSize)
        )
        return try reader.document("a template") { fields in
            let template = PlanTemplate(
                name: name(ofFile: file.name) ?? "", description: fields.required("description", .line()),
                variables: fields.optional("variables", .list(of: variable, count: 0...50)) ?? [],
                steps: fields.required("steps", .list(of: step, count: 1...Change.maximumSteps)))
            if name(ofFile: file.name) == nil {
                reader.report(
                    fields.mark, "the file's name is no template's name",
                    advice: "a template is called by lower-case letters, digits and `-`, and ends in `.yaml`")
            }
            if reader.diagnostics.isEmpty { check(template, fields) }
            return template
        }
    }

    /// `templates/plans/image-release.yaml` → `image-release`; nil for a file that is no template.
    public static func name(ofFile path: String) -> String? {
        let name = path.split(separator: "/").last ?? ""
        guard name.hasSuffix(ending), Identifier.isActionName(String(name.dropLast(ending.count))) else { return nil }
        return String(name.dropLast(ending.count))
    }

    private static func check(_ template: PlanTemplate, _ fields: Fields) {
        let blanks = template.steps.flatMap { [$0.target] + $0.parameters.sorted { $0.key < $1.key }.map(\.value) }
        let used = blanks.compactMap(\.variable)
        let named = template.variables.map(\.name)
        for (index, name) in named.enumerated() where named[..<index].contains(name) {
            fields.report("variables", "two variables are called `\(name)`")
        }
        for name in Set(used).subtracting(named).sorted() {
            fields.report("steps", "the blank `\(name)` has no variable", advice: "describe it under `variables`")
        }
        for name in named where !used.contains(name) {
            fields.report("variables", "no step has a blank `\(name)`", advice: "use the variable, or remove it")
        }
        for name in template.steps.compactMap(\.target.variable) {
            guard let variable = template.variables.first(where: { $0.name == name }) else { continue }
            if !variable.required, variable.defaultValue?.stringValue == nil {
                fields.report("variables", "`\(name)` names a target, so it is required or has a default that is text")
            }
        }
    }

    private static let variable = FieldType<PlanTemplate.Variable>.mapping(
        "a variable",
        placeholder: PlanTemplate.Variable(name: "", description: "", required: true, defaultValue: nil)
    ) { fields in
        PlanTemplate.Variable(
            name: fields.required("name", .parameterName), description: fields.required("description", .line()),
            required: fields.optional("required", .boolean) ?? true,
            defaultValue: fields.optional("default", scalar))
    }

    private static let step = FieldType<PlanTemplate.Step>.mapping(
        "a step", placeholder: PlanTemplate.Step(action: "", target: .value(""), parameters: [:])
    ) { fields in
        PlanTemplate.Step(
            action: fields.required("action", .actionName), target: fields.required("target", target),
            parameters: fields.optional("params", .map(keys: .parameterName, to: blank, limit: 100)) ?? [:])
    }

    private static let target = FieldType<PlanTemplate.Blank>("a target's name", placeholder: .value("")) {
        node, reader, isStrict in
        guard let value = blank.read(node, reader, isStrict) else { return nil }
        guard case .value(let literal) = value else { return value }
        if let name = literal.stringValue, Identifier.isTargetName(name) { return value }
        reader.report(node.mark, "expected a target's name or a blank, found \(reader.summary(node))")
        return nil
    }

    private static let scalar = FieldType<JSONValue>("a value", placeholder: .null) { node, reader, _ in
        guard let value = node.scalar?.json, !value.isNull else {
            reader.report(node.mark, "expected one value, found \(reader.summary(node))")
            return nil
        }
        return value
    }

    private static let blank = FieldType<PlanTemplate.Blank>("a value or a blank", placeholder: .value(.null)) {
        node, reader, isStrict in
        if case .mapping = node.kind {
            reader.report(
                node.mark, "expected a value, found a mapping", advice: "a blank stands in quotes: `\"{{ name }}\"`")
            return nil
        }
        guard let value = FieldType<JSONValue>.json.read(node, reader, isStrict) else { return nil }
        if let name = value.stringValue.flatMap(Self.variable(in:)) { return .variable(name) }
        guard !mentionsBlank(value) else {
            reader.report(
                node.mark, "a blank is a whole value, and this is more than one",
                advice: "write `\"{{ name }}\"` and nothing besides")
            return nil
        }
        return .value(value)
    }

    /// `{{ image }}` → `image`
    private static func variable(in text: String) -> String? {
        guard text.hasPrefix("{{ "), text.hasSuffix(" }}"), text.utf8.count > 6 else { return nil }
        let name = String(text.dropFirst(3).dropLast(3))
        return Identifier.isParameterName(name) ? name : nil
    }

    private static func mentionsBlank(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): text.contains("{{") || text.contains("}}")
        case .array(let elements): elements.contains(where: mentionsBlank)
        default: false
        }
    }
}
