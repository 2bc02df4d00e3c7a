internal import ChangeModel
internal import HTTP
internal import Runner

/// A bucket of S3 by name (Amazon S3 User Guide, "Bucket naming rules").
struct BucketName {
    let bucket: String
    let region: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        bucket = try parameters.word("bucket", Self.isValid)
        region = try parameters.region()
    }

    static func isValid(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count) && !text.contains("..")
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-.".utf8.contains($0)
            } && !"-.".contains(text.first ?? "-") && !"-.".contains(text.last ?? "-")
    }

    func call(
        _ operation: String, _ method: String, key: [String] = [], query: [RequestTarget.QueryItem] = [],
        _ effect: ServiceCall.Effect
    ) -> ServiceCall {
        var call = ServiceCall(
            service: .s3, operation: operation, method: method, segments: key, query: query, form: .xml, effect: effect)
        call.bucket = bucket
        return call
    }
}

/// `s3-delete-object`: conditional on the content that was looked at.
struct DeleteObject: AWSOperation {
    private let bucket: BucketName
    private let key: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        bucket = try BucketName(parameters)
        // Dots would climb.
        key = try parameters.word("key") { text in
            (1...1024).contains(text.utf8.count)
                && text.split(separator: "/").allSatisfy { $0 != "." && $0 != ".." }
        }
    }

    var subject: String { "object `\(key.forMessage())` of bucket `\(bucket.bucket)`" }
    var endsResource: Bool { true }
    private var parts: [String] { key.split(separator: "/", omittingEmptySubsequences: false).map(String.init) }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        let call = bucket.call("HeadObject", "HEAD", key: parts, .read)
        guard let response = try session.find(call, in: bucket.region, absent: ["404"]) else { return nil }
        let tag = response.header("ETag")
        return AWSResource(
            fields: [
                "content_length": response.header("Content-Length").flatMap { Int64($0) }.map { .integer($0) } ?? .null,
                "content_type": response.header("Content-Type").map { .string($0.forMessage()) } ?? .null,
                "version_id": response.header("x-amz-version-id").map { .string($0.forMessage()) } ?? .null,
            ],
            identity: .compact([
                "bucket": .string(bucket.bucket), "key": .string(key), "tag": tag.map { .string($0) },
                "version": response.header("x-amz-version-id").map { .string($0) },
            ]), version: tag)
    }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? { precheck == "object-exists" ? exists(resource) : nil }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        var call = bucket.call("DeleteObject", "DELETE", key: parts, .once)
        if let tag = execution.current?.version { call.headers.append((name: "If-Match", value: tag)) }
        _ = try execution.send(call, in: bucket.region)
        return ExecutionReport(summary: "deleted \(subject)")
    }
}

/// `s3-put-bucket-policy`: replaces the policy as a whole.
struct PutBucketPolicy: AWSOperation {
    private let bucket: BucketName
    private let policy: String

    /// AWS's own limit, in bytes.
    private static let maximumPolicy = 20 << 10
    private static let query = [RequestTarget.QueryItem("policy", "")]

    init(_ parameters: StepParameters) throws(ExecutionError) {
        bucket = try BucketName(parameters)
        policy = try parameters.string("policy")
    }

    var subject: String { "the policy of bucket `\(bucket.bucket)`" }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        let call = bucket.call("GetBucketPolicy", "GET", query: Self.query, .read)
        let text: String?
        if let response = try session.find(call, in: bucket.region, absent: ["NoSuchBucketPolicy", "NoSuchBucket"]) {
            text = String(validating: response.body, as: UTF8.self)
            guard text != nil, response.body.count <= 1 << 20 else {
                throw ExecutionError(code: .unreachable, message: "\(subject) is no text that can be recorded")
            }
        } else {
            let head = bucket.call("HeadBucket", "HEAD", .read)
            guard try session.find(head, in: bucket.region, absent: ["404"]) != nil else { return nil }
            text = nil
        }
        let value: JSONValue = text.map { .string($0) } ?? .null
        return AWSResource(fields: ["policy": value], identity: ["bucket": .string(bucket.bucket), "policy": value])
    }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? {
        switch precheck {
        case "bucket-exists":
            resource == nil
                ? AWSFinding(passed: false, detail: "there is no bucket `\(bucket.bucket)`")
                : AWSFinding(passed: true, detail: "bucket `\(bucket.bucket)` exists")
        case "policy-valid":
            fault.map { AWSFinding(passed: false, detail: $0) }
                ?? AWSFinding(passed: true, detail: "the policy is well formed and speaks of this bucket alone")
        default: nil
        }
    }

    /// Why the policy is none for this bucket.
    private var fault: String? {
        guard policy.utf8.count <= Self.maximumPolicy else {
            return "the policy has more than \(Self.maximumPolicy >> 10) KiB"
        }
        let limits = JSONLimits(bytes: Self.maximumPolicy, depth: 16)
        guard let json = try? JSONValue(parsing: Array(policy.utf8), limits: limits), json.objectValue != nil else {
            return "the policy is no JSON object"
        }
        guard let version = json["Version"]?.stringValue, ["2012-10-17", "2008-10-17"].contains(version) else {
            return "the policy's `Version` is not 2012-10-17"
        }
        let statements =
            json["Statement"]?.arrayValue ?? (json["Statement"]?.objectValue == nil ? [] : [json["Statement"] ?? .null])
        guard !statements.isEmpty else { return "the policy has no `Statement`" }
        for (index, statement) in statements.enumerated() {
            let place = "statement \(index + 1)"
            guard ["Allow", "Deny"].contains(statement["Effect"]?.stringValue ?? "") else {
                return "\(place) has no `Effect` Allow or Deny"
            }
            guard statement["Principal"] != nil || statement["NotPrincipal"] != nil else {
                return "\(place) names no principal"
            }
            guard statement["Action"] != nil || statement["NotAction"] != nil else { return "\(place) names no action" }
            guard let resources = Self.strings(statement["Resource"] ?? statement["NotResource"]), !resources.isEmpty
            else {
                return "\(place) names no resource"
            }
            for resource in resources where !isOfThisBucket(resource) {
                return "\(place) speaks of `\(resource.forMessage())`, which is not this bucket"
            }
        }
        return nil
    }

    private static func strings(_ value: JSONValue?) -> [String]? {
        if let text = value?.stringValue { return [text] }
        let entries = value?.arrayValue?.map(\.stringValue)
        return entries?.allSatisfy { $0 != nil } == true ? entries?.compactMap(\.self) : nil
    }

    private func isOfThisBucket(_ resource: String) -> Bool {
        let parts = resource.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", Partition(rawValue: String(parts[1])) != nil, parts[2] == "s3",
            parts[3].isEmpty, parts[4].isEmpty
        else { return false }
        return parts[5] == bucket.bucket || parts[5].hasPrefix("\(bucket.bucket)/")
    }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        if let fault { throw ExecutionError(code: .invalid, message: "\(fault); nothing was sent") }
        var call = bucket.call("PutBucketPolicy", "PUT", query: Self.query, .once)
        call.headers.append((name: "Content-Type", value: "application/json"))
        call.body = Array(policy.utf8)
        _ = try execution.send(call, in: bucket.region)
        return ExecutionReport(summary: "replaced \(subject)")
    }
}
