internal import ChangeModel
internal import HTTP

/// One operation of a service, ready to be signed.
struct ServiceCall: Sendable {
    /// How a service writes answers and errors.
    enum Form: Sendable { case xml, json }

    enum Effect: Sendable {
        case read
        /// Sent twice it does what it does once: it carries a token against repetition, or sets what is to be.
        case repeatable
        case once
    }

    let service: AWSService
    /// `DescribeInstances`, for messages and for the retries' bookkeeping.
    let operation: String
    var method = "POST"
    /// Of an S3 bucket that goes into the host's name where the endpoint allows it.
    var bucket: String?
    /// Path segments, not encoded; a key of S3 is one segment for each of its parts.
    var segments: [String] = []
    var query: [RequestTarget.QueryItem] = []
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    let form: Form
    let effect: Effect
    /// Whether a service's words in an error may hold what must not be told on, as of a Lambda's settings.
    var hidesMessages = false
    /// Seconds.
    var timeout = 60
    /// `AssumeRoleWithWebIdentity` proves itself by its token.
    var isSigned = true

    /// The Query protocol of EC2, IAM and STS: a form with `Action` and `Version`.
    static func query(
        _ service: AWSService, _ operation: String, version: String, _ parameters: [(String, String)], _ effect: Effect
    ) -> ServiceCall {
        let fields = [("Action", operation), ("Version", version)] + parameters
        let text = fields.map { PercentEncoding.encode($0.0) + "=" + PercentEncoding.encode($0.1) }
            .joined(separator: "&")
        return ServiceCall(
            service: service, operation: operation,
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8")],
            body: Array(text.utf8), form: .xml, effect: effect)
    }

    /// JSON 1.1, as ECS speaks it.
    static func json(_ service: AWSService, _ operation: String, target: String, _ body: JSONValue, _ effect: Effect)
        -> ServiceCall
    {
        ServiceCall(
            service: service, operation: operation,
            headers: [
                (name: "Content-Type", value: "application/x-amz-json-1.1"),
                (name: "X-Amz-Target", value: "\(target).\(operation)"),
            ], body: body.canonicalBytes, form: .json, effect: effect)
    }

    /// The target on the wire; nil when a segment cannot be one.
    func target(isInPath: Bool) -> String? {
        let path = isInPath ? [bucket].compactMap(\.self) + segments : segments
        let suffix =
            query.isEmpty
            ? ""
            : "?"
                + query.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
                .joined(separator: "&")
        return "/" + path.map { PercentEncoding.encode($0) }.joined(separator: "/") + suffix
    }
}
