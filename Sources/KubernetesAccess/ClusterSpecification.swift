internal import ChangeModel
public import OperatingSystem

/// One cluster, and who asks there: what a context of a kubeconfig comes to, or the pod that this process runs in.
public struct ClusterSpecification: Sendable, Hashable {
    /// `context admin@prod of /home/a/.kube/config`, for people.
    public var origin: String
    /// The context's name; nil in a cluster.
    public var context: String?
    public var cluster: Kubeconfig.Cluster
    public var user: Kubeconfig.User
    public var namespace: String?

    /// - Parameters:
    ///   - context: overrides the current context.
    /// - Throws: `AccessError` with the contexts that there are, when there is none to take.
    public init(_ configuration: Kubeconfig, files: [String], context wanted: String?) throws(AccessError) {
        let origin = files.map { $0.forMessage(limit: 200) }.joined(separator: ", ")
        guard let name = wanted ?? configuration.currentContext else {
            throw AccessError(
                .notFound,
                "\(origin) sets no `current-context`; name one with `--context`: \(Self.names(configuration.contexts))")
        }
        guard let context = configuration.contexts[name] else {
            throw AccessError(
                .notFound,
                "there is no context `\(name.forMessage())` in \(origin); there are: \(Self.names(configuration.contexts))"
            )
        }
        guard let cluster = configuration.clusters[context.cluster] else {
            throw AccessError(
                .notFound,
                "context `\(name.forMessage())` names cluster `\(context.cluster.forMessage())`, which there is not",
                at: context.place)
        }
        guard let user = context.user.isEmpty ? .init(place: context.place) : configuration.users[context.user] else {
            throw AccessError(
                .notFound,
                "context `\(name.forMessage())` names user `\(context.user.forMessage())`, which there is not",
                at: context.place)
        }
        self.origin = "context `\(name.forMessage())` of \(origin)"
        self.context = name
        self.cluster = cluster
        self.user = user
        namespace = context.namespace
    }

    private init(origin: String, cluster: Kubeconfig.Cluster, user: Kubeconfig.User, namespace: String?) {
        self.origin = origin
        self.cluster = cluster
        self.user = user
        self.namespace = namespace
    }

    /// By kubectl's rules: the kubeconfig, and where there is none (or an empty one) the pod's own service account.
    public static func find(
        kubeconfig: String?, context: String?, host: Host, podFolder: String = podFolder
    ) throws(AccessError) -> (specification: ClusterSpecification, warnings: [String]) {
        let read = try KubeconfigFiles(explicit: kubeconfig, host: host)
        if kubeconfig == nil, context == nil, read.configuration.isEmpty {
            if let pod = inPod(host: host, folder: podFolder) { return (pod, []) }
        }
        guard !read.files.isEmpty else {
            throw AccessError(
                .notFound,
                "there is no kubeconfig: neither `--kubeconfig`, KUBECONFIG nor ~/.kube/config names one that exists, and "
                    + "this is no pod with a service account")
        }
        return (try ClusterSpecification(read.configuration, files: read.files, context: context), read.warnings)
    }

    /// Where a pod finds its service account (Kubernetes, "Accessing the Kubernetes API from a Pod").
    public static let podFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    private static func inPod(host: Host, folder: String) -> ClusterSpecification? {
        guard let name = host.environment["KUBERNETES_SERVICE_HOST"], !name.isEmpty,
            let port = host.environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty,
            Files.kind("\(folder)/token", followingLinks: true) == .file
        else { return nil }
        let place = FilePlace(file: folder)
        let bracketed = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
        var cluster = Kubeconfig.Cluster(server: "https://\(bracketed):\(port)", place: place)
        cluster.authority = .file("\(folder)/ca.crt")
        var user = Kubeconfig.User(place: place)
        user.tokenFile = "\(folder)/token"
        let namespace = (try? Files.read("\(folder)/namespace", limit: 256)).map { String(decoding: $0, as: UTF8.self) }
        return ClusterSpecification(
            origin: "the service account of this pod", cluster: cluster, user: user,
            namespace: namespace?.split(whereSeparator: \.isWhitespace).first.map(String.init))
    }

    private static func names(_ contexts: [String: Kubeconfig.Context]) -> String {
        guard !contexts.isEmpty else { return "none" }
        let names = contexts.keys.sorted().prefix(20).map { "`\($0.forMessage())`" }
        return names.joined(separator: ", ") + (contexts.count > 20 ? " and \(contexts.count - 20) more" : "")
    }
}
