internal import ChangeModel
internal import HTTP
internal import Runner

/// What may be said of an error answer (`Status`, API reference, meta/v1).
///
/// A type error makes the server quote the whole object in `message` and in each cause, data of Secrets included. So no
/// free text of the server gets further than this initialiser: only the code, `reason`, and the causes' reasons and fields.
struct APIStatus {
    let code: Int
    let reason: String?
    /// At most five, as `field: reason`.
    let causes: [String]
    /// Seconds, bounded to 10.
    let retryAfter: Int?
    /// What the answer is about, if it says so; never shown.
    private let subject: (kind: String?, name: String?)
    private let causeReasons: Set<String>
    /// Whether it says that a webhook, or the server itself, cannot do a dry run.
    let refusesDryRun: Bool
    /// Whether it says that the Pod is under several disruption budgets, which the eviction API does not support. Servers say so
    /// with a 500, as if they had failed.
    let isUnderSeveralBudgets: Bool

    /// Whether a disruption budget forbids the eviction.
    var isDisruptionBudget: Bool { causeReasons.contains("DisruptionBudget") }
    /// Whether server-side apply met a field that another manager owns.
    var isFieldManagerConflict: Bool { causeReasons.contains("FieldManagerConflict") }

    /// Whether a 404 means the object that was asked for, and not, say, a path that the server does not have.
    func isAbout(_ address: ResourceAddress) -> Bool {
        reason == "NotFound" && subject.name != nil && address.segments.contains(subject.name ?? "")
            && address.segments.contains(subject.kind ?? "")
    }

    init(_ response: HTTPResponse) {
        code = response.status
        retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { min(max($0, 0), 10) }
        let body = try? JSONValue(parsing: response.body, limits: APIClient.responseLimits)
        reason = body?["reason"]?.stringValue.flatMap(Self.word)
        causes = (body?.at("details", "causes")?.arrayValue ?? []).prefix(5).compactMap { cause in
            let field = cause["field"]?.stringValue.flatMap(Self.fieldPath)
            let reason = cause["reason"]?.stringValue.flatMap(Self.word)
            return switch (field, reason) {
            case (let field?, let reason?): "\(field): \(reason)"
            case (let text?, nil), (nil, let text?): text
            case (nil, nil): nil
            }
        }
        let details = body?["details"]
        subject = (details?["kind"]?.stringValue, details?["name"]?.stringValue)
        causeReasons = Set((details?["causes"]?.arrayValue ?? []).prefix(50).compactMap { $0["reason"]?.stringValue })
        let message = body?["message"]?.stringValue ?? ""
        isUnderSeveralBudgets = code == 500 && message.contains("more than one PodDisruptionBudget")
        refusesDryRun =
            reason == "BadRequest"
            && ["does not support dry run", "dryRun alpha feature is disabled", "dryRun is not supported"].contains {
                message.contains($0)
            }
    }

    /// A reason is one word in camel case; anything else is not repeated.
    private static func word(_ text: String) -> String? {
        let isWord = text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        }
        return isWord && (1...64).contains(text.utf8.count) ? text : nil
    }

    /// A path such as `spec.template.spec.containers[0].image`; the part in brackets could be a key, and stays.
    private static func fieldPath(_ text: String) -> String? {
        let isPath = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || ".[]-_/".utf8.contains(byte)
        }
        return isPath && (1...120).contains(text.utf8.count) ? text : nil
    }

    /// - Parameter mutating: whether the request would have changed something. A server that fails in the middle (5xx)
    ///   may have done so.
    func error(doing what: String, mutating: Bool) -> ExecutionError {
        let detail = causes.isEmpty ? "" : " (\(causes.joined(separator: ", ")))"
        let answer = "cannot \(what): the API server answered \(code)" + (reason.map { " \($0)" } ?? "") + detail
        let (errorCode, advice): (ExecutionError.Code, String) =
            switch code {
            case 401: (.refused, "renew the credentials")
            case 403: (.refused, "grant these credentials the right to do it, or use others")
            case 404, 410: (.notFound, "check the name and the namespace in the target's locator")
            case 409: (.conflict, "look at what changed and propose again")
            case 429: (.refused, "try again later")
            case 500...: (.unreachable, "check the cluster's health")
            default: (.invalid, "correct the params and propose again")
            }
        return ExecutionError(
            code: errorCode, message: "\(answer); \(advice)", mayHaveBeenApplied: mutating && code >= 500)
    }
}
