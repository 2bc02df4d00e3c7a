public import ChangeModel
internal import YAML

/// The steps of a plan, as a change's file and a file by hand write them: a list of `action`, `target` and `params`.
public enum ChangeSteps {
    /// Reads the list that somebody wrote for `propose --steps`: in any form of YAML, for the change's own file is written
    /// anew. One step is enough.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> [ChangeStep] {
        guard file.bytes.count <= Change.maximumSize else {
            throw DocumentError(
                Diagnostic(
                    file: file.name, line: 1, column: 1,
                    message: "the file has \(file.bytes.count) bytes, at most \(Change.maximumSize) are allowed"))
        }
        let reader = try DocumentReader(
            file,
            limits: YAMLLimits(bytes: Change.maximumSize, depth: 8, nodes: 20_000, scalarBytes: Change.maximumSize))
        let steps = FieldType<[ChangeStep]>.list(of: byHand, count: 1...Change.maximumSteps)
            .read(reader.root, reader, false)
        return try reader.finish(steps ?? [])
    }

    /// The keys of one step, wherever they stand.
    static func step(_ fields: Fields) -> ChangeStep {
        ChangeStep(
            action: fields.required("action", .actionName), target: fields.required("target", .targetName),
            parameters: fields.required("params", parameters))
    }

    /// A change of one step says it without a list.
    static let ofPlan = FieldType<[ChangeStep]>.list(of: .mapping("a step", placeholder: placeholder, step))
        .checked { steps in
            (2...Change.maximumSteps).contains(steps.count)
                ? nil
                : (
                    "a plan has 2 to \(Change.maximumSteps) steps, this one has \(steps.count)",
                    steps.count == 1 ? "write `action`, `target` and `params` without `steps`" : nil
                )
        }

    private static let byHand = FieldType<ChangeStep>.mapping("a step", placeholder: placeholder) { fields in
        ChangeStep(
            action: fields.required("action", .actionName), target: fields.required("target", .targetName),
            parameters: fields.optional("params", parameters) ?? [:])
    }

    private static let parameters = FieldType<[String: JSONValue]>.map(
        keys: .parameterName, to: .json, limit: CanonicalChange.maximumParameters)
    private static let placeholder = ChangeStep(action: "", target: "", parameters: [:])
}
