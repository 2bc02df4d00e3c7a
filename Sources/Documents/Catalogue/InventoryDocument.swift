public import ChangeModel
internal import YAML

/// `inventory.yaml`: what can be acted on.
public enum InventoryDocument {
    /// Reads the targets, in the order of the file. Two targets with one id, with ids that differ only in case, or with one
    /// type and locator, or with locators of one type that contradict each other nowhere, are refused: under two names, one
    /// thing would have two locks.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> [TargetEntry] {
        let reader = try DocumentReader(file)
        return try reader.document("an inventory") { fields in
            let entries = fields.required("targets", .list(of: target(file).marked()))
            checkUniqueness(entries, reader)
            return entries.map(\.value)
        }
    }

    private static func target(_ file: SourceFile) -> FieldType<TargetEntry> {
        let placeholder = TargetEntry(
            id: "", type: "", environment: .prod, sensitivity: .critical,
            location: SourceLocation(file: file.name, line: 1))
        return .mapping("a target", placeholder: placeholder) { fields in
            TargetEntry(
                id: fields.required("id", .targetName),
                type: fields.required("type", .line(limit: 100)),
                environment: fields.required("environment", FieldType<Environment>.choice()),
                sensitivity: fields.required("sensitivity", FieldType<Sensitivity>.choice()),
                owner: fields.optional("owner", .line()) ?? "",
                labels: fields.optional("labels", .map(keys: .line(limit: 200), to: .line())) ?? [:],
                locator: fields.optional("locator", .map(keys: .parameterName, to: locatorValue, limit: 20)) ?? [:],
                location: SourceLocation(file: file.name, line: fields.mark.line))
        }
    }

    private static let locatorValue = FieldType<String>.line().checked { $0.isEmpty ? ("an empty value", nil) : nil }

    private static func checkUniqueness(_ entries: [(value: TargetEntry, mark: YAMLMark)], _ reader: DocumentReader) {
        struct Place: Hashable {
            let type: String
            let locator: [String: String]
        }
        var names: [String: TargetEntry] = [:]
        var places: [Place: TargetEntry] = [:]
        for (target, mark) in entries where !target.id.isEmpty {
            if let other = names.insertFirst(target, for: target.id.lowercased()) {
                let message =
                    other.id == target.id
                    ? "the target `\(target.id)` stands twice"
                    : "`\(target.id)` differs from `\(other.id)` only in case"
                reader.report(mark, "\(message), first in line \(other.location.line)")
            }
            guard !target.locator.isEmpty else { continue }
            if let other = places.insertFirst(target, for: Place(type: target.type, locator: target.place)) {
                reader.report(
                    mark,
                    "`\(target.id)` has the same type and locator as `\(other.id)` in line \(other.location.line)",
                    advice: "one real target has one name: remove one, or correct its locator")
            }
        }
        checkOverlap(entries, reader)
    }

    private static func checkOverlap(_ entries: [(value: TargetEntry, mark: YAMLMark)], _ reader: DocumentReader) {
        let overlap = InventoryOverlap(entries.map(\.value))
        let marks = Dictionary(entries.map { ($0.value.id, $0.mark) }, uniquingKeysWith: { first, _ in first })
        for finding in overlap.findings {
            guard let mark = marks[finding.target.id] else { continue }
            reader.report(
                mark,
                "`\(finding.target.id)` may be the same thing as `\(finding.other.id)` in line \(finding.other.location.line): "
                    + "no key of their locators tells them apart",
                advice: "give targets of one type the same locator keys, and one real target one name")
        }
        for type in overlap.tooMany {
            guard let mark = entries.first(where: { $0.value.type == type })?.mark else { continue }
            reader.report(
                mark,
                "the targets of type `\(type)` use more than \(InventoryOverlap.maximumKeySets) sets of locator keys",
                advice: "give targets of one type the same locator keys")
        }
    }
}
