internal import ChangeModel
internal import HTTP

/// An error answer of the API server: a `Status` object (API reference, meta/v1), with the words that a real server uses.
struct StatusFailure: Error {
    var code: Int
    var reason: String
    var message: String
    /// nil: the member is left out.
    var details: JSONValue?

    /// The `Status` object.
    var json: JSONValue {
        .compact([
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason), "details": details, "code": .integer(Int64(code)),
        ])
    }

    var response: HTTPResponse {
        var headers = [(name: "Content-Type", value: "application/json")]
        if let seconds = details?["retryAfterSeconds"]?.integerValue {
            headers.append((name: "Retry-After", value: String(seconds)))
        }
        return HTTPResponse(status: code, headers: headers, body: json.canonicalBytes)
    }
}

extension StatusFailure {
    static let noSuchPath = StatusFailure(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])
    static let methodNotAllowed = StatusFailure(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: [:])
    static let unsupportedMediaType = StatusFailure(
        code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: [:])
    /// What a JSON patch that does not apply is answered with, a failed `test` included.
    static let patchDoesNotApply = StatusFailure(
        code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request",
        details: [:])

    static func notFound(_ key: ObjectKey) -> StatusFailure {
        StatusFailure(
            code: 404, reason: "NotFound", message: "\(key.type.qualifiedPlural) \"\(key.name)\" not found",
            details: details(of: key))
    }

    static func conflict(_ key: ObjectKey) -> StatusFailure {
        StatusFailure(
            code: 409, reason: "Conflict",
            message:
                "Operation cannot be fulfilled on \(key.type.qualifiedPlural) \"\(key.name)\": the object has been "
                + "modified; please apply your changes to the latest version and try again",
            details: details(of: key))
    }

    static func alreadyExists(_ key: ObjectKey) -> StatusFailure {
        StatusFailure(
            code: 409, reason: "AlreadyExists", message: "\(key.type.qualifiedPlural) \"\(key.name)\" already exists",
            details: details(of: key))
    }

    static func forbidden(_ key: ObjectKey, _ what: String) -> StatusFailure {
        StatusFailure(
            code: 403, reason: "Forbidden",
            message: "\(key.type.qualifiedPlural) \"\(key.name)\" is forbidden: \(what)",
            details: details(of: key))
    }

    static func namespaceTerminating(_ key: ObjectKey) -> StatusFailure {
        var failure = forbidden(
            key, "unable to create new content in namespace \(key.namespace) because it is being terminated")
        failure.details?["causes"] = [
            [
                "reason": "NamespaceTerminating",
                "message": .string("namespace \(key.namespace) is being terminated"), "field": "metadata.namespace",
            ]
        ]
        return failure
    }

    /// Unlike other conflicts, this one names the kind.
    static func preconditionFailed(_ key: ObjectKey, _ what: String) -> StatusFailure {
        StatusFailure(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(key.type.qualifiedKind) \"\(key.name)\": \(what)",
            details: .compact([
                "name": .string(key.name), "group": key.type.group.isEmpty ? nil : .string(key.type.group),
                "kind": .string(key.type.kind),
            ]))
    }

    static func applyConflict(_ conflicts: [(manager: String, path: [String])]) -> StatusFailure {
        let causes = conflicts.map { conflict -> JSONValue in
            [
                "reason": "FieldManagerConflict", "message": .string("conflict with \"\(conflict.manager)\""),
                "field": .string("." + conflict.path.joined(separator: ".")),
            ]
        }
        let count = conflicts.count == 1 ? "1 conflict" : "\(conflicts.count) conflicts"
        let texts = causes.map { "\($0["message"]?.stringValue ?? ""): \($0["field"]?.stringValue ?? "")" }
        return StatusFailure(
            code: 409, reason: "Conflict", message: "Apply failed with \(count): \(texts.joined(separator: ", "))",
            details: ["causes": .array(causes)])
    }

    static func expired(_ message: String) -> StatusFailure {
        StatusFailure(code: 410, reason: "Expired", message: message)
    }

    static func badRequest(_ message: String) -> StatusFailure {
        StatusFailure(code: 400, reason: "BadRequest", message: message)
    }

    static func internalError(_ message: String) -> StatusFailure {
        StatusFailure(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(message)",
            details: ["causes": [["message": .string(message)]]])
    }

    static func bodyTooLarge(limit: Int) -> StatusFailure {
        StatusFailure(
            code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(limit)",
            details: [:])
    }

    /// - Parameters:
    ///   - kind: nil where the server does not know yet what it looks at.
    static func invalid(
        qualifiedKind: String = "", group: String = "", kind: String? = nil, name: String = "", _ errors: [FieldError]
    ) -> StatusFailure {
        var seen: Set<String> = []
        let texts = errors.map { "\($0.field): \($0.message)" }.filter { seen.insert($0).inserted }
        let all = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return StatusFailure(
            code: 422, reason: "Invalid", message: "\(qualifiedKind) \"\(name)\" is invalid: \(all)",
            details: .compact([
                "name": name.isEmpty ? nil : .string(name), "group": group.isEmpty ? nil : .string(group),
                "kind": kind.map { .string($0) },
                "causes": .array(
                    errors.map {
                        ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)]
                    }),
            ]))
    }

    static func invalid(_ key: ObjectKey, _ errors: [FieldError]) -> StatusFailure {
        invalid(
            qualifiedKind: key.type.qualifiedKind, group: key.type.group, kind: key.type.kind, name: key.name, errors)
    }

    /// A patch whose result is no object of the type. Like the real server's, the message quotes what was sent or even the
    /// whole object: clients must not pass it on.
    static func undecodable(quoting value: String, _ fault: String) -> StatusFailure {
        let quoted = JSONValue.string(value).canonicalText
        return invalid([
            FieldError(field: "patch", reason: "FieldValueInvalid", message: "Invalid value: \(quoted): \(fault)")
        ])
    }

    private static func details(of key: ObjectKey) -> JSONValue {
        .compact([
            "name": .string(key.name), "group": key.type.group.isEmpty ? nil : .string(key.type.group),
            "kind": .string(key.type.rawValue),
        ])
    }
}

/// One thing that is wrong with an object.
struct FieldError {
    let field: String
    let reason: String
    let message: String

    static func invalid(_ field: String, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(
            field: field, reason: "FieldValueInvalid", message: "Invalid value: \(value.canonicalText): \(detail)")
    }
    static func required(_ field: String) -> FieldError {
        FieldError(field: field, reason: "FieldValueRequired", message: "Required value")
    }
    static func tooLong(_ field: String, limit: Int) -> FieldError {
        FieldError(
            field: field, reason: "FieldValueTooLong", message: "Too long: may not be more than \(limit) bytes")
    }
    static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(field: field, reason: "FieldValueForbidden", message: "Forbidden: \(detail)")
    }
}
