internal import ChangeModel
internal import HTTP

/// The query parameters of a write.
struct WriteOptions {
    enum FieldValidation: String {
        case ignore = "Ignore"
        case warn = "Warn"
        case strict = "Strict"
    }

    var isDryRun = false
    var fieldValidation = FieldValidation.warn

    /// - Parameter kind: `PatchOptions` or `UpdateOptions`, for the error.
    init(_ target: RequestTarget, kind: String) throws(StatusFailure) {
        if let value = target.value(of: "dryRun") {
            guard value == "All" else {
                throw Self.unsupported("dryRun", "[\(JSONValue.string(value).canonicalText)]", ["All"], kind)
            }
            isDryRun = true
        }
        if let value = target.value(of: "fieldValidation"), !value.isEmpty {
            guard let validation = FieldValidation(rawValue: value) else {
                throw Self.unsupported(
                    "fieldValidation", JSONValue.string(value).canonicalText, ["Ignore", "Strict", "Warn"], kind)
            }
            fieldValidation = validation
        }
    }

    private static func unsupported(
        _ field: String, _ value: String, _ supported: [String], _ kind: String
    ) -> StatusFailure {
        .invalid(
            qualifiedKind: "\(kind).meta.k8s.io", group: "meta.k8s.io", kind: kind,
            [
                FieldError(
                    field: field, reason: "FieldValueNotSupported",
                    message: "Unsupported value: \(value): supported values: "
                        + supported.map { "\"\($0)\"" }.joined(separator: ", "))
            ])
    }
}
