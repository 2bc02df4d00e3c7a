public import ChangeModel
internal import CryptoPrimitives
internal import HTTP
public import OperatingSystem

/// One bucket of S3, or of whatever answers like it: objects are listed, read, and added where nothing is.
public final class ObjectStorage {
    public let bucket: String
    public let region: String
    private let client: ServiceClient

    /// What keeps an object from being removed or replaced (Amazon S3 User Guide, "Locking objects with Object Lock").
    public struct Retention: Sendable, Hashable {
        public enum Mode: String, Sendable, CaseIterable { case governance, compliance }

        public var mode: Mode
        public var until: Timestamp

        public init(mode: Mode, until: Timestamp) {
            self.mode = mode
            self.until = until
        }
    }

    public struct Listed: Sendable, Hashable {
        public let key: String
        /// Bytes; nil where the service does not say.
        public let size: Int?
    }

    /// More pages than that belong to no list of ours, which ends.
    private static let maximumPages = 20_000
    /// Seconds that one object may take on its way.
    private static let transferTimeout = 600

    /// - Parameters:
    ///   - region: nil for `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's.
    ///   - profile: chosen by a flag; nil for what the environment says.
    ///   - maximumSize: bytes of an object that is read.
    /// - Throws: `AWSAccessError` for a bucket or region that cannot be, and where no credentials are configured.
    public convenience init(
        bucket: String, region: String?, profile: String?, maximumSize: Int, host: Host
    ) throws(AWSAccessError) {
        let profiles = try Profiles(host: host)
        let chain = CredentialChain(profiles: profiles, environment: host.environment, chosenProfile: profile)
        let values = profiles.merged[chain.profileName] ?? [:]
        let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].compactMap { host.environment[$0] }.filter { !$0.isEmpty }
        guard let region = region ?? variables.first ?? values["region"]?.text else {
            throw AWSAccessError(
                .notFound, "no region for bucket `\(bucket.forMessage())`; pass `--region`, or set AWS_REGION")
        }
        guard Partition.isRegion(region) else {
            throw AWSAccessError(.refused, "`\(region.forMessage())` is no AWS region; it looks like `eu-central-1`")
        }
        guard BucketName.isValid(bucket) else {
            throw AWSAccessError(.refused, "`\(bucket.forMessage())` is no name of a bucket")
        }
        let endpoints = EndpointSettings(environment: host.environment, profile: values, services: profiles.services)
        let keys = PlannedKeys(try chain.plan(), region: region, endpoints: endpoints, host: host)
        self.init(
            bucket: bucket,
            client: ServiceClient(
                region: region, endpoints: endpoints, keys: keys, host: host, maximumBody: max(16 << 20, maximumSize)))
    }

    init(bucket: String, client: ServiceClient) {
        self.bucket = bucket
        self.client = client
        region = client.region
    }

    private func call(_ operation: String, _ method: String, key: String?, _ effect: ServiceCall.Effect) -> ServiceCall
    {
        let parts = key?.split(separator: "/", omittingEmptySubsequences: false).map(String.init) ?? []
        var call = ServiceCall(
            service: .s3, operation: operation, method: method, segments: parts, form: .xml, effect: effect)
        call.bucket = bucket
        call.timeout = Self.transferTimeout
        return call
    }

    // MARK: - Listing

    /// All objects whose key begins with `prefix` and has no further `/`, in pages.
    public func list(prefix: String, page: ([Listed]) -> Void) throws(ServiceError) {
        var token: String?
        for _ in 0..<Self.maximumPages {
            var call = call("ListObjectsV2", "GET", key: nil, .read)
            call.query = [
                .init("delimiter", "/"), .init("encoding-type", "url"), .init("list-type", "2"),
                .init("prefix", prefix),
            ]
            if let token { call.query.insert(.init("continuation-token", token), at: 0) }
            let response = try client.send(call)
            let root: XMLElement
            do throws(XMLError) {
                root = try XMLReader.parse(response.body)
            } catch {
                throw ServiceError(
                    message: "s3:ListObjectsV2: the answer is no XML (line \(error.line), column \(error.column)): "
                        + error.reason)
            }
            page(
                root.all("Contents").compactMap { object in
                    guard let key = object["Key"]?.text.decodedFromURL else { return nil }
                    return Listed(key: key, size: object["Size"].flatMap { Int($0.text) })
                })
            guard root["IsTruncated"]?.text == "true" else { return }
            guard let next = root["NextContinuationToken"]?.text, !next.isEmpty, next != token else {
                throw ServiceError(message: "s3:ListObjectsV2: the list says that it goes on, and not how")
            }
            token = next
        }
        throw ServiceError(message: "s3:ListObjectsV2: the list does not end")
    }

    // MARK: - Objects

    /// - Returns: nil when there is no such object.
    public func read(_ key: String) throws(ServiceError) -> [UInt8]? {
        do throws(ServiceError) {
            return try client.send(call("GetObject", "GET", key: key, .read)).body
        } catch {
            if error.code == "NoSuchKey" { return nil }
            throw error
        }
    }

    /// Adds an object where there is none (`If-None-Match: *`). Sent twice, it adds one.
    ///
    /// - Returns: false when there is one already, which is left as it is; it may be what an attempt before has added.
    public func add(_ key: String, _ content: [UInt8], retention: Retention? = nil) throws(ServiceError) -> Bool {
        var call = call("PutObject", "PUT", key: key, .repeatable)
        call.body = content
        call.headers = [
            (name: "Content-Type", value: "application/x-git-bundle"), (name: "If-None-Match", value: "*"),
            // Which Object Lock demands, and which the service keeps beside the object.
            (name: "x-amz-sdk-checksum-algorithm", value: "SHA256"),
            (name: "x-amz-checksum-sha256", value: Base64.encode(SHA256.hash(content))),
        ]
        if let retention {
            call.headers += [
                (name: "x-amz-object-lock-mode", value: retention.mode.rawValue.uppercased()),
                (name: "x-amz-object-lock-retain-until-date", value: retention.until.description),
            ]
        }
        var attempt = 0
        while true {
            attempt += 1
            do throws(ServiceError) {
                _ = try client.send(call)
                return true
            } catch {
                if error.status == 412 { return false }
                // Somebody else is adding it at this moment.
                guard error.status == 409, error.code == "ConditionalRequestConflict", attempt < 5 else { throw error }
                client.pause(attempt)
            }
        }
    }
}

extension String {
    /// Percent-decoded, as S3 writes keys when it is asked to; nil for what is no UTF-8 then.
    fileprivate var decodedFromURL: String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
                else {
                    return nil
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
