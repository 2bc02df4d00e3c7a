public import ChangeModel
public import HTTP
internal import OperatingSystem

/// Why a file cannot be served as a cluster.
public struct EmbeddedClusterError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable { case unreadable, malformed, unsupported, tooLarge }
    public let code: Code
    public let message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// A Kubernetes API server in this process, over the objects of a JSON file: for quickstarts, for tests, and for trying a
/// change before the real cluster sees it. It speaks HTTP's messages, so an executor cannot tell it from a connection.
///
/// **Served**, of the kinds in `ResourceType`: GET and LIST (label and field selectors, `limit`, `continue`); POST; DELETE of
/// one object with preconditions and grace period; PATCH (strategic merge, RFC 7386, RFC 6902) and PUT of one object and of a
/// deployment's `scale`; server-side apply of network policies, deployments and config maps (JSON bodies); a pod's `eviction`
/// under disruption budgets and its `log`; watches (see `stream`); SelfSubjectReview, SelfSubjectAccessReview and
/// SelfSubjectRulesReview, which allow everything; `dryRun=All`, `fieldValidation`, conflicts by `resourceVersion` and `uid`;
/// errors in the `Status` bodies of a real server; discovery (`/apis` and the kinds of each version), `/version`, `/readyz`,
/// `/livez`. **Not served**: deleting collections, server-side apply of other kinds or in YAML, exec and port-forward,
/// authentication (405, 415 or 404). `managedFields` are kept as they are, but for what is applied.
///
/// **Rollouts** take a few reads: each GET or LIST of a Deployment, but for the first after a write, lets its controller work
/// once (see `DeploymentController`). An image with the tag `broken`, or from `registry.invalid`, is never pulled: after a few reads
/// the rollout exceeds its progress deadline. A Deployment runs at most 500 Pods here; more never become available.
///
/// **The file** is what `kubectl get -o json` prints: a v1 List, a typed list, or one object. What is missing (uid,
/// ReplicaSets, Pods, namespaces, status) is filled in on reading. Every change is written back to it as a v1 List, atomically;
/// a file changed by somebody else is read again. Processes take turns: the file is locked for as long as a request takes.
/// At most 16 MiB and 20,000 objects.
public final class EmbeddedCluster: HTTPTransport {
    private let path: String?
    private let clock: () -> Int64
    private let release: ServerRelease
    private var state: ClusterState
    /// The file's bytes as last read or written.
    private var fileContent: [UInt8] = []
    /// Whether whoever speaks here carries what is no token.
    var isStranger = false

    /// A cluster in memory alone.
    ///
    /// - Parameters:
    ///   - objects: a v1 List, a typed list, or one object.
    ///   - clock: seconds since 1970-01-01T00:00:00Z, for time stamps only.
    ///   - release: whose versions of the API it serves.
    public init(
        objects: JSONValue, clock: @escaping () -> Int64, release: ServerRelease = .v1_36
    ) throws(EmbeddedClusterError) {
        path = nil
        self.clock = clock
        self.release = release
        state = try ClusterFile.state(of: objects, now: Timestamp(seconds: clock()).description)
    }

    private init(path: String, clock: @escaping () -> Int64) throws(EmbeddedClusterError) {
        self.path = path
        self.clock = clock
        release = .v1_36
        fileContent = try Self.read(path)
        state = try Self.parse(fileContent, path: path, now: Timestamp(seconds: clock()).description)
    }

    /// Opens a file; every change is written back to it.
    public static func open(
        path: String, clock: @escaping () -> Int64
    ) throws(EmbeddedClusterError) -> EmbeddedCluster {
        try EmbeddedCluster(path: path, clock: clock)
    }

    /// The objects as a v1 List.
    public var objects: JSONValue { state.list }

    public func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        if ObjectWatch.isMeant(by: request) {
            var body: [UInt8] = []
            var response = try watch(request) { line in
                body += line
                return .goOn
            }
            if response.status == 200 { response.body = body }
            return response
        }
        return try answer { $0.handle(request) }
    }

    /// Has one thing done to the newest state, and keeps what comes of it.
    func answer(_ work: (inout RequestHandler) -> HTTPResponse) throws(HTTPError) -> HTTPResponse {
        if isStranger { return Self.unauthorized }
        let lock = try path.map(Self.lock)
        defer { withExtendedLifetime(lock) {} }
        try readAgain()
        var handler = RequestHandler(state: state, now: Timestamp(seconds: clock()).description, release: release)
        let response = work(&handler)
        do throws(EmbeddedClusterError) {
            try replaceState(handler.state)
        } catch {
            return StatusFailure.internalError(error.message).response
        }
        return response
    }

    private func replaceState(_ next: ClusterState) throws(EmbeddedClusterError) {
        if let path, next.resourceVersion != state.resourceVersion {
            let content = next.list.evidenceBytes
            guard content.count <= ClusterFile.maximumSize else {
                throw EmbeddedClusterError(
                    code: .tooLarge, message: "the cluster would exceed \(ClusterFile.maximumSize >> 20) MiB")
            }
            do throws(SystemError) {
                try Files.writeAtomically(path, content, mode: Files.permissions(path) ?? 0o600)
            } catch {
                throw EmbeddedClusterError(code: .unreadable, message: error.description)
            }
            fileContent = content
        }
        state = next
    }

    private static func lock(_ path: String) throws(HTTPError) -> FileLock {
        do {
            return try FileLock.acquire(replaceable: path)
        } catch {
            throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: error.description)
        }
    }

    /// Takes over what another process wrote.
    private func readAgain() throws(HTTPError) {
        guard let path else { return }
        do throws(EmbeddedClusterError) {
            let content = try Self.read(path)
            if content == fileContent { return }
            var next = try Self.parse(content, path: path, now: Timestamp(seconds: clock()).description)
            (next.idleReads, next.unseen) = (state.idleReads, state.unseen)
            (next.endings, next.replacements) = (state.endings, state.replacements)
            next.raise(to: String(state.resourceVersion))
            next.forgetChanges()
            state = next
            fileContent = content
        } catch {
            throw HTTPError(code: .malformed, mayHaveBeenApplied: false, message: error.message)
        }
    }

    private static func read(_ path: String) throws(EmbeddedClusterError) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, limit: ClusterFile.maximumSize)
        } catch {
            throw EmbeddedClusterError(
                code: .unreadable,
                message: "\(error.description); give a file that `kubectl get -o json` has written")
        }
    }

    private static func parse(
        _ content: [UInt8], path: String, now: String
    ) throws(EmbeddedClusterError) -> ClusterState {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(
                parsing: content, limits: JSONLimits(bytes: ClusterFile.maximumSize, depth: ClusterFile.fileDepth))
        } catch {
            throw EmbeddedClusterError(code: .malformed, message: "`\(path)`, \(error.description)")
        }
        do throws(EmbeddedClusterError) {
            return try ClusterFile.state(of: value, now: now)
        } catch {
            throw EmbeddedClusterError(code: error.code, message: "`\(path)`: \(error.message)")
        }
    }
}
