public import ChangeModel
internal import YAML

/// `actions/<name>.yaml`: one action.
public enum ActionDocument {
    /// Reads an action. Its digest is that of the file's bytes. Patterns are kept as text: the policy engine compiles them.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> ActionDefinition {
        try parseMarked(file).action
    }

    /// The action, its reader, and where the keys stand that only the whole catalogue can check.
    static func parseMarked(_ file: SourceFile) throws(DocumentError) -> MarkedAction {
        let reader = try DocumentReader(file)
        var nameMark = YAMLMark.start
        var rollbackMark = YAMLMark.start
        let action = try reader.document("an action") { fields in
            nameMark = fields.valueMark("name")
            rollbackMark = fields.valueMark("rollback_action")
            return read(fields, file)
        }
        return MarkedAction(action: action, reader: reader, nameMark: nameMark, rollbackMark: rollbackMark)
    }

    private static func read(_ fields: Fields, _ file: SourceFile) -> ActionDefinition {
        let parameters = fields.optional("parameters", .list(of: ParameterFields.type.marked(), count: 0...200)) ?? []
        let action = ActionDefinition(
            name: fields.required("name", .actionName),
            version: fields.required("version", .semanticVersion),
            description: fields.optional("description", .prose()) ?? "",
            parameters: parameters.map(\.value),
            riskClass: fields.required("risk_class", .riskLevel),
            targetTypes: fields.required("target_types", .list(of: .line(limit: 100), count: 1...100)),
            prechecks: fields.optional("prechecks", .list(of: precheck, count: 0...100)) ?? [],
            reversible: fields.optional("reversible", .boolean) ?? false,
            rollbackAction: fields.optional("rollback_action", .actionName),
            rollbackParameters: fields.optional("rollback_params", .map(keys: .parameterName, to: valueSource)) ?? [:],
            requiredPrivileges: fields.optional("required_privileges", .list(of: .line())) ?? [],
            tags: fields.optional("tags", .list(of: .line())) ?? [],
            credentials: fields.optional("credentials", credentials),
            stateFields: fields.optional("state_fields", .list(of: stateField, count: 0...200)) ?? [],
            recordOutput: fields.optional("record_output", .boolean) ?? false,
            digest: Digest(of: file.bytes),
            location: SourceLocation(file: file.name, line: fields.valueMark("name").line))
        checkParameterNames(parameters, fields)
        checkRollbackParameters(action, fields)
        checkCredentials(action, fields)
        return action
    }

    private static func checkParameterNames(
        _ parameters: [(value: ParameterDefinition, mark: YAMLMark)], _ fields: Fields
    ) {
        var seen: Set<String> = []
        for (parameter, mark) in parameters where !parameter.name.isEmpty {
            if !seen.insert(parameter.name.lowercased()).inserted {
                fields.reader.report(mark, "two params are named `\(parameter.name)`, or differ only in case")
            }
        }
    }

    private static func checkRollbackParameters(_ action: ActionDefinition, _ fields: Fields) {
        let names = action.parameters.map(\.name)
        for case (let name, .parameter(let source)) in action.rollbackParameters.sorted(by: { $0.key < $1.key })
        where !source.isEmpty && !names.contains(source) {
            fields.reader.report(
                fields.valueMark("rollback_params", name) ?? fields.mark,
                "`\(name)` comes from `params.\(source)`, and the action has no param `\(source)`",
                advice: Suggestion.advice(for: source, among: names))
        }
    }

    /// A blank in `credentials.fields` that nothing could fill is found here, and not when somebody runs the action.
    private static func checkCredentials(_ action: ActionDefinition, _ fields: Fields) {
        guard let credentials = action.credentials else { return }
        let mark = fields.valueMark("credentials", "fields") ?? fields.mark
        for text in credentials.fields.strings {
            guard let template = ScopeTemplate(text), !template.namesSecret else {
                fields.reader.report(
                    mark, "`\(EscapedText.bounded(text, limit: 60))` holds braces that are no blank",
                    advice: "write `{{ params.NAME }}`")
                continue
            }
            for name in template.parameters {
                let parameter = action.parameters.first { $0.name == name }
                guard parameter == nil || parameter?.sensitive == true else { continue }
                let problem = parameter == nil ? "the action has no such param" : "that param is sensitive"
                fields.reader.report(
                    mark, "`credentials.fields` names `params.\(name)`, and \(problem)",
                    advice: Suggestion.advice(for: name, among: action.parameters.map(\.name)))
            }
        }
    }

    private static let precheck = FieldType<ActionDefinition.Precheck>.mapping(
        "a precheck", placeholder: ActionDefinition.Precheck(name: "", description: "")
    ) { fields in
        ActionDefinition.Precheck(
            name: fields.required("name", .line(limit: 100)),
            description: fields.optional("description", .prose()) ?? "")
    }

    private static let stateField = FieldType<ActionDefinition.StateField>.mapping(
        "a state field", placeholder: ActionDefinition.StateField(name: "")
    ) { fields in
        ActionDefinition.StateField(
            name: fields.required("name", .line(limit: 100)),
            description: fields.optional("description", .prose()) ?? "",
            type: fields.optional("type", .line(limit: 100)) ?? "any",
            required: fields.optional("required", .boolean) ?? false)
    }

    private static let credentials = FieldType<ActionDefinition.CredentialScope>.mapping(
        "credentials", placeholder: ActionDefinition.CredentialScope(type: "", fields: .null)
    ) { fields in
        ActionDefinition.CredentialScope(
            type: fields.required("type", .line(limit: 100)),
            fields: fields.optional("fields", .jsonObject) ?? .object([:]),
            ttl: fields.optional("ttl", .integer(1...86_400)) ?? 300)
    }

    private static let valueSource = FieldType<ActionDefinition.ValueSource>.mapping(
        "a rollback param", placeholder: .parameter("")
    ) { fields in
        let text = fields.required(
            "source", .name("a source", "write `params.NAME` or `before_state.NAME`") { source($0) != nil })
        return source(text) ?? .parameter("")
    }

    private static func source(_ text: String) -> ActionDefinition.ValueSource? {
        if text.hasPrefix("params.") {
            let name = String(text.dropFirst("params.".count))
            return Identifier.isParameterName(name) ? .parameter(name) : nil
        }
        guard text.hasPrefix("before_state.") else { return nil }
        let name = String(text.dropFirst("before_state.".count))
        return Identifier.isParameterName(name) ? .beforeState(name) : nil
    }
}

struct MarkedAction {
    let action: ActionDefinition
    let reader: DocumentReader
    let nameMark: YAMLMark
    let rollbackMark: YAMLMark
}

extension FieldType where Value == RiskLevel {
    static var riskLevel: FieldType { .choice(RiskLevel.allCases.map { ($0.description, $0) }) }
}

extension FieldType where Value == String {
    /// `MAJOR.MINOR.PATCH`, with what Semantic Versioning 2.0.0 lets follow.
    fileprivate static var semanticVersion: FieldType {
        name("a version", "write `MAJOR.MINOR.PATCH`, e.g. `1.0.0`") { text in
            guard text.utf8.count <= 100 else { return false }
            let core = text.prefix { $0 != "-" && $0 != "+" }
            let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
            guard numbers.count == 3,
                numbers.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
            else { return false }
            let labels = text.dropFirst(core.count + 1).split(omittingEmptySubsequences: false) { ".+".contains($0) }
            return core.count == text.count
                || labels.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { VersionSymbol.isAllowed($0) } }
        }
    }
}

private enum VersionSymbol {
    static func isAllowed(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "-")
    }
}

extension FieldType where Value == JSONValue {
    fileprivate static var jsonObject: FieldType {
        json.checked { value in
            value.objectValue == nil ? ("expected a mapping, found \(value.typeName)", nil) : nil
        }
    }
}
