public import ChangeModel

extension ChangeDocument {
    /// The canonical file of a change: the one byte sequence that `parse` reads as it.
    ///
    /// - Throws: when the change cannot be said in a file: a control character in the reason, a null param, a size beyond
    ///   `Change.maximumSize`, …
    public static func emit(_ change: Change) throws(DocumentError) -> [UInt8] {
        let problems = CanonicalChange(change).problems.map { problem in
            let step = problem.step.map { "step \($0 + 1), " } ?? ""
            let place = problem.parameter.map { "param `\(EscapedText.bounded($0))`: " } ?? "`\(problem.key)`: "
            return Diagnostic(file: change.id.text, message: step + place + problem.message, advice: problem.advice)
        }
        if let error = DocumentError(problems) { throw error }
        let bytes = canonicalBytes(change)
        guard bytes.count <= Change.maximumSize else {
            throw DocumentError(
                Diagnostic(
                    file: change.id.text,
                    message: "the change has \(bytes.count) bytes, at most \(Change.maximumSize) are allowed",
                    advice: "shorten its params"))
        }
        return bytes
    }

    /// Writes whatever the change holds, representable or not.
    static func canonicalBytes(_ change: Change) -> [UInt8] {
        var text = """
            apiVersion: \(CanonicalChange.apiVersion)
            kind: \(CanonicalChange.kind)
            repository: \(ScalarText.identifier(change.repository))
            id: \(change.id)
            proposer: \(ScalarText.identifier(change.proposer))

            """
        if change.isPlan {
            text += "steps:\n"
            for step in change.steps { text += lines(of: step, first: "  - ", indent: "    ") }
        } else {
            for step in change.steps { text += lines(of: step, first: "", indent: "") }
        }
        text += "reason: \(ScalarText.quoted(change.reason, keepingVisible: true))\n"
        if let ticket = change.ticket { text += "ticket: \(ScalarText.identifier(ticket))\n" }
        text += "created: \(change.created)\nexpires: \(change.expires)\n"
        if !change.delegation.isEmpty {
            text += "delegation: [\(change.delegation.map { ScalarText.quoted($0) }.joined(separator: ", "))]\n"
        }
        if let rollback = change.rollbackOf { text += "rollback_of: \(rollback)\n" }
        return Array(text.utf8)
    }

    /// - Parameters:
    ///   - first: what stands before the first key.
    ///   - indent: what stands before each of the others.
    private static func lines(of step: ChangeStep, first: String, indent: String) -> String {
        "\(first)action: \(ScalarText.identifier(step.action))\n"
            + "\(indent)target: \(ScalarText.identifier(step.target))\n" + parameters(step.parameters, indent: indent)
    }

    private static func parameters(_ parameters: [String: JSONValue], indent: String) -> String {
        if parameters.isEmpty { return "\(indent)params: {}\n" }
        var text = "\(indent)params:\n"
        for name in parameters.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            text += "\(indent)  \(ScalarText.identifier(name)): \(value(parameters[name] ?? .null))\n"
        }
        return text
    }

    private static func value(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): ScalarText.quoted(text)
        case .number(let number): ScalarText.number(number)
        case .array(let elements): "[" + elements.map { scalar($0) }.joined(separator: ", ") + "]"
        default: scalar(value)
        }
    }

    private static func scalar(_ value: JSONValue) -> String {
        switch value {
        case .null, .array, .object: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .number(let number): ScalarText.number(number)
        case .string(let text): ScalarText.quoted(text)
        }
    }
}
