public import ChangeModel
internal import YAML

/// `change.yaml`: canonical, or refused.
public enum ChangeDocument {
    /// Reads a change. The file must equal, byte for byte, the canonical emission of what it says: then what a person reads
    /// is what runs, and a digest of the file is a digest of the change.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> Change {
        guard file.bytes.count <= Change.maximumSize else {
            throw DocumentError(
                Diagnostic(
                    file: file.name, line: 1, column: 1,
                    message: "the change has \(file.bytes.count) bytes, at most \(Change.maximumSize) are allowed"))
        }
        if let change = PlainChange.read(file.bytes) { return change }
        return try parseYAML(file)
    }

    /// As `parse`, by the YAML parser alone.
    static func parseYAML(_ file: SourceFile) throws(DocumentError) -> Change {
        let reader = try DocumentReader(
            file,
            limits: YAMLLimits(bytes: Change.maximumSize, depth: 8, nodes: 20_000, scalarBytes: Change.maximumSize))
        let change = try reader.document("a change") { fields in
            let change = read(fields)
            // After an error, placeholders stand in the change: rules about them would only confuse.
            if let change, reader.diagnostics.isEmpty { checkRules(change, fields) }
            return change
        }
        // The reader has reported why there is none.
        guard let change else {
            throw DocumentError(Diagnostic(file: file.name, line: 1, column: 1, message: "this is not a change"))
        }
        try checkForm(file, canonicalBytes(change))
        return change
    }

    private static func read(_ fields: Fields) -> Change? {
        _ = fields.required("apiVersion", .choice([(CanonicalChange.apiVersion, true)]))
        _ = fields.required("kind", .choice([(CanonicalChange.kind, true)]))
        let repository = fields.required("repository", .line(limit: 100))
        let id = fields.required("id", changeID)
        let change = Change(
            repository: repository,
            id: id ?? ChangeID(now: Timestamp(seconds: 0), random: []),
            proposer: fields.required("proposer", .name),
            steps: steps(fields),
            reason: fields.required("reason", reason),
            ticket: fields.optional("ticket", .line(limit: 100)),
            created: fields.required("created", .timestamp),
            expires: fields.required("expires", .timestamp),
            delegation: fields.optional("delegation", .list(of: token, count: 1...Delegation.maximumDepth)) ?? [],
            rollbackOf: fields.optional("rollback_of", changeID) ?? nil)
        return id == nil ? nil : change
    }

    /// The list behind `steps`, or the one step that the change itself is.
    private static func steps(_ fields: Fields) -> [ChangeStep] {
        guard fields.ignore("steps") else { return [ChangeSteps.step(fields)] }
        for key in ["action", "target", "params"] where fields.ignore(key) {
            fields.report(key, "`\(key)` beside `steps`", advice: "a plan says it in each of its steps")
        }
        return fields.required("steps", ChangeSteps.ofPlan)
    }

    /// Its rules are those of the canonical form, checked with the others.
    private static let reason = FieldType<String>(scalar: "text", placeholder: "") {
        if case .string(let text) = $0 { text } else { nil }
    }

    private static let token = FieldType<String>.name(
        "a delegation token", "take it as `agentsafe delegation create` printed it"
    ) { Delegation.isToken($0) }

    private static let changeID = FieldType<ChangeID?>(
        scalar: "an id like `chg-20261122-7f3k9q2m4x`", placeholder: nil
    ) {
        if case .string(let text) = $0, let id = ChangeID(text) { .some(.some(id)) } else { nil }
    }

    private static func checkRules(_ change: Change, _ fields: Fields) {
        for problem in CanonicalChange(change).problems {
            var message = problem.message
            if let parameter = problem.parameter { message = "param `\(EscapedText.bounded(parameter))`: \(message)" }
            if let step = problem.step { message = "step \(step + 1), \(message)" }
            let mark =
                problem.step.flatMap { fields.valueMark("steps", entry: $0, problem.key, problem.parameter) }
                ?? problem.parameter.flatMap { fields.valueMark(problem.key, $0) } ?? fields.valueMark(problem.key)
            fields.reader.report(mark, message, advice: problem.advice)
        }
    }

    private static func checkForm(_ file: SourceFile, _ canonical: [UInt8]) throws(DocumentError) {
        guard file.bytes != canonical else { return }
        let common = zip(file.bytes, canonical).prefix { $0 == $1 }.count
        // Both are valid UTF-8: step back to the start of the scalar in which they differ.
        var offset = common
        while offset > 0, offset < canonical.count, canonical[offset] & 0xC0 == 0x80 { offset -= 1 }
        let line = canonical[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = canonical[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = canonical[lineStart..<offset].count { $0 & 0xC0 != 0x80 } + 1
        let expected =
            offset == canonical.count
            ? "the end of the file"
            : canonical[offset] == UInt8(ascii: "\n")
                ? "the end of the line"
                : "`\(EscapedText.bounded(String(decoding: canonical[offset...].prefix { $0 != 0x0A }, as: UTF8.self)))`"
        throw DocumentError(
            Diagnostic(
                file: file.name, line: line, column: column,
                message: "not in canonical form: expected \(expected) here",
                advice: "let `agentsafe propose` write changes: each has exactly one form",
                excerpt: Excerpt(of: file.bytes, at: YAMLMark(line: line, column: column))))
    }
}
