internal import AWSExecutor
internal import ChangeModel
internal import OperatingSystem
internal import Shipping

/// Where evidence is kept outside of the repository, as somebody typed it.
enum ShippingPlace: Equatable {
    case folder(String)
    case bucket(String, prefix: String)
    case webhook(String)

    /// What tells one place from others.
    var mark: String {
        let text =
            switch self {
            case .folder(let path): path
            case .bucket(let bucket, let prefix): "s3://\(bucket)/\(prefix)"
            case .webhook(let url): url
            }
        return String(Digest(of: Array(text.utf8)).description.split(separator: ":").last?.prefix(32) ?? "")
    }

    init(_ text: String, host: Host) throws(AgentSafeError) {
        if let rest = text.withoutScheme("s3") {
            let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var prefix = parts.count == 2 ? String(parts[1]) : ""
            if prefix.hasSuffix("/") { prefix.removeLast() }
            guard let bucket = parts.first, !bucket.isEmpty, prefix.isEmpty || BucketDestination.isPrefix(prefix) else {
                throw AgentSafeError(
                    .usage, "`\(text.forMessage(limit: 200))` names no bucket; it looks like `s3://bucket/folder`")
            }
            self = .bucket(String(bucket), prefix: prefix)
        } else if text.withoutScheme("https") != nil || text.withoutScheme("http") != nil {
            self = .webhook(text)
        } else if let path = text.withoutScheme("file") {
            guard path.hasPrefix("/") else {
                throw AgentSafeError(.usage, "`file://` takes a path from the root, as in `file:///srv/evidence`")
            }
            self = .folder(path)
        } else {
            guard !text.isEmpty, !text.contains("://") else {
                throw AgentSafeError(
                    .usage,
                    "`\(text.forMessage(limit: 100))` is no place for evidence; name a folder, `s3://bucket/folder`, or "
                        + "`https://…`")
            }
            self = .folder(host.absolute(text))
        }
    }
}

extension String {
    /// What follows `scheme://`.
    fileprivate func withoutScheme(_ scheme: String) -> String? {
        guard prefix(scheme.count + 3).lowercased() == scheme + "://" else { return nil }
        return String(dropFirst(scheme.count + 3))
    }
}

/// How evidence is shipped, beyond where to.
public struct ShippingSettings: Sendable {
    /// nil: as AWS's own settings say.
    public var region: String?
    /// `governance` or `compliance`; nil: no lock of one's own.
    public var objectLock: String?
    public var retainDays: Int?
    /// With the secrets that a webhook's receiver shares.
    public var secretFile: String?
    /// Nothing is sent.
    public var isRehearsal = false

    public init() {}

    /// What S3 shall keep an object from.
    func retention(now: Timestamp) throws(AgentSafeError) -> ObjectStorage.Retention? {
        guard objectLock != nil || retainDays != nil else { return nil }
        guard let mode = objectLock.flatMap({ ObjectStorage.Retention.Mode(rawValue: $0) }), let days = retainDays
        else {
            throw AgentSafeError(.usage, "`--object-lock` and `--retain-days` go together")
        }
        guard (1...36_500).contains(days) else {
            throw AgentSafeError(.usage, "`--retain-days` takes a number from 1 to 36500")
        }
        return ObjectStorage.Retention(mode: mode, until: now + .seconds(Int64(days) * 86_400))
    }
}
