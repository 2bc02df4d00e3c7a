internal import HTTP

/// What a request's path names.
enum Route {
    /// nil: in all namespaces.
    case collection(ResourceType, namespace: String?)
    case object(ObjectKey)
    /// The `scale` subresource of a Deployment.
    case scale(ObjectKey)
    case eviction(ObjectKey)
    case log(ObjectKey)
    /// What whoever asks may learn about themselves.
    case review(SelfReview)
    case version
    case health
    /// The groups beside the core (`/apis`).
    case groups
    /// The kinds of one group and version.
    case resources(group: String, version: String)

    init?(_ target: RequestTarget, _ release: ServerRelease) {
        var path = target.segments[...]
        switch path.first {
        case "version" where path.count == 1 && !target.endsWithSlash:
            self = .version
            return
        case "readyz", "livez", "healthz":
            guard path.count == 1 else { return nil }
            self = .health
            return
        default: break
        }
        if target.segments == ["apis"] {
            self = .groups
            return
        }
        guard let (group, version) = Self.groupVersion(&path), release.serves(group, version) else { return nil }
        if path.isEmpty {
            self = .resources(group: group, version: version)
            return
        }
        if SelfReview.groups.contains(group) {
            guard path.count == 1, !target.endsWithSlash, let review = SelfReview(rawValue: path.first ?? ""),
                review.group == group
            else { return nil }
            self = .review(review)
            return
        }
        func type(_ plural: String) -> ResourceType? {
            ResourceType(rawValue: plural).flatMap { $0.group == group ? $0 : nil }
        }
        var namespace: String?
        // `namespaces/NAME/PLURAL…` is inside a namespace, `namespaces` and `namespaces/NAME` are about namespaces.
        if path.first == "namespaces", path.count > 2 {
            namespace = path.dropFirst().first
            path = path.dropFirst(2)
        }
        let rest = Array(path)
        guard let plural = rest.first, let type = type(plural), namespace == nil || type.isNamespaced,
            namespace?.isEmpty != true
        else { return nil }
        // An empty name is the collection: that is how one `DELETE` too short deletes everything.
        if rest.count == 1 {
            self = .collection(type, namespace: namespace)
            return
        }
        guard !target.endsWithSlash, !rest[1].isEmpty, type.isNamespaced == (namespace != nil) else { return nil }
        let key = ObjectKey(type: type, namespace: namespace ?? "", name: rest[1])
        switch (rest.count, type) {
        case (2, _): self = .object(key)
        case (3, .deployments) where rest[2] == "scale": self = .scale(key)
        case (3, .pods) where rest[2] == "eviction": self = .eviction(key)
        case (3, .pods) where rest[2] == "log": self = .log(key)
        default: return nil
        }
    }

    /// The type that the path is about, and the version of its group that it asks for.
    func view(_ target: RequestTarget) -> VersionView? {
        let type: ResourceType
        switch self {
        case .collection(let found, _): type = found
        case .object(let key), .scale(let key): type = key.type
        default: return nil
        }
        guard target.segments.first == "apis", target.segments.count > 2 else { return nil }
        return VersionView(type, asked: target.segments[2])
    }

    private static func groupVersion(_ path: inout ArraySlice<String>) -> (String, String)? {
        switch path.popFirst() {
        case "api": return path.popFirst().map { ("", $0) }
        case "apis":
            guard let group = path.popFirst(), !group.isEmpty, let version = path.popFirst() else { return nil }
            return (group, version)
        default: return nil
        }
    }
}
