import ChangeModel
import HTTP
import Kubectl
import KubernetesAccess
import KubernetesExecutor
import OperatingSystem
import Runner
import Synchronization
import TestSupport
import Testing

/// The API server that `Tests/kubernetes-server.sh` started, and one namespace of it that belongs to one test.
///
/// Nodes and pods are objects alone; the stand-in beside the server says of them what a kubelet would.
final class RealCluster: Sendable {
    static let folder = Host.real().environment["AGENTSAFE_TEST_KUBERNETES"]
    static let isThere = folder != nil
    static let isMissing: Comment = """
        no API server: `AGENTSAFE_TEST_KUBERNETES` names no folder that `Tests/kubernetes-server.sh start` filled \
        (Debian 12 only)
        """

    /// New for each test; in it nodes and pods are labelled `test: <namespace>`.
    let namespace: String

    init() throws {
        let bytes = Host.real().random(5)
        namespace = "t-" + bytes.map { String(UInt16($0) + 256, radix: 16).suffix(2) }.joined()
        try make(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        // Until its account has a token, no pod can be made.
        try wait(for: "the namespace's own account") {
            try ask("GET", path("serviceaccounts", "default")).body["secrets"]?.arrayValue?.isEmpty == false
        }
    }

    /// It goes when the server likes; nobody waits for it.
    deinit {
        _ = try? ask("DELETE", "/api/v1/namespaces/\(namespace)")
        _ = try? ask("DELETE", "/api/v1/nodes?labelSelector=test%3D\(namespace)")
        _ = try? ask("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/\(namespace)")
    }

    // MARK: - Requests

    static func path(_ name: String) throws -> String { "\(try #require(folder, isMissing))/\(name)" }

    /// - Parameter user: whose `<user>.kubeconfig` it is: `admin`, or `nobody`, who may do nothing.
    static func transport(_ user: String = "admin") throws -> any HTTPTransport {
        try connection(user)
    }

    /// With a token instead of the certificate.
    static func transport(token: String) throws -> any HTTPTransport {
        let connection = try connection("nobody")
        try connection.use(bearerToken: token)
        return connection
    }

    private static func connection(_ user: String) throws -> ClusterConnection {
        let (specification, _) = try ClusterSpecification.find(
            kubeconfig: try path("\(user).kubeconfig"), context: nil, host: Host.real())
        return try ClusterConnection(specification, host: Host.real())
    }

    /// Streams through the kubectl that belongs to the server.
    static func streams(_ user: String = "admin") throws -> any PodStreams {
        let (kubectl, kubeconfig) = (try path("bin/kubectl"), try path("\(user).kubeconfig"))
        return KubectlStreams(program: { () throws(ExecutionError) in
            guard
                let program = KubectlProgram(
                    path: kubectl, kubeconfig: kubeconfig, context: nil, host: Host.real())
            else { throw ExecutionError(code: .unsupported, message: "no kubectl") }
            return program
        })
    }

    @discardableResult
    func ask(
        _ method: String, _ target: String, _ body: JSONValue? = nil, type: String = "application/json"
    ) throws -> (status: Int, body: JSONValue) {
        let response = try Self.transport().send(
            HTTPRequest(
                method: method, target: target, headers: body == nil ? [] : [("Content-Type", type)],
                body: body?.canonicalBytes ?? []))
        return (response.status, (try? JSONValue(parsing: response.body)) ?? .null)
    }

    func get(_ target: String) throws -> JSONValue {
        let answer = try ask("GET", target)
        try #require(answer.status == 200, "GET \(target): \(answer)")
        return answer.body
    }

    func patch(_ target: String, _ body: JSONValue) throws {
        let answer = try ask("PATCH", target, body, type: "application/merge-patch+json")
        try #require(answer.status == 200, "PATCH \(target): \(answer)")
    }

    /// Creates an object; its `apiVersion` and `kind` say where.
    @discardableResult
    func make(_ object: JSONValue) throws -> JSONValue {
        let answer = try ask("POST", try collection(of: object), object)
        try #require(answer.status == 201, "POST \(object.canonicalText): \(answer)")
        return answer.body
    }

    private func collection(of object: JSONValue) throws -> String {
        let (version, kind) = (object["apiVersion"]?.stringValue ?? "", object["kind"]?.stringValue ?? "")
        let root = version.contains("/") ? "/apis/\(version)" : "/api/\(version)"
        let name = kind == "NetworkPolicy" ? "networkpolicies" : kind.lowercased() + "s"
        return object.at("metadata", "namespace") == nil ? "\(root)/\(name)" : "\(root)/namespaces/\(namespace)/\(name)"
    }

    func path(_ plural: String, _ name: String = "", group: String = "") -> String {
        (group.isEmpty ? "/api/v1" : "/apis/\(group)") + "/namespaces/\(namespace)/\(plural)"
            + (name.isEmpty ? "" : "/\(name)")
    }

    func deploymentPath(_ name: String = "web") -> String { path("deployments", name, group: "apps/v1") }

    /// Asks again until it holds.
    func wait(
        for what: String, sourceLocation: Testing.SourceLocation = #_sourceLocation, _ holds: () throws -> Bool
    ) throws {
        for _ in 0..<600 {
            if try holds() { return }
            Host.real().sleep(100)
        }
        Issue.record("waited in vain for \(what)", sourceLocation: sourceLocation)
        throw WaitedInVain()
    }

    struct WaitedInVain: Error {}

    // MARK: - Objects

    /// A node of this test's own, ready.
    @discardableResult
    func makeNode(_ suffix: String, unschedulable: Bool = false) throws -> String {
        let name = "\(namespace)-\(suffix)"
        try make([
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(name), "labels": ["test": .string(namespace), "node": .string(suffix)]],
            "spec": unschedulable ? ["unschedulable": true] : [:],
        ])
        try wait(for: "node \(name)") {
            (try get("/api/v1/nodes/\(name)").at("status", "conditions")?.arrayValue ?? [])
                .contains { $0["type"] == "Ready" && $0["status"] == "True" }
        }
        return name
    }

    func podSpec(image: String = "registry.example/web:1.0", node: String? = nil) -> JSONValue {
        var selector: [String: JSONValue] = ["test": .string(namespace)]
        if let node { selector["node"] = .string(node) }
        return [
            "nodeSelector": .object(selector),
            "containers": [
                ["name": "web", "image": .string(image), "env": [["name": "TOKEN", "value": "hunter2"]]],
                ["name": "sidecar", "image": "registry.example/sidecar:3"],
            ],
        ]
    }

    /// A deployment of this test's own, rolled out. Needs a node.
    func makeDeployment(
        _ name: String = "web", replicas: Int64 = 2, image: String = "registry.example/web:1.0",
        annotations: [String: JSONValue] = [:]
    ) throws {
        try make([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)], "annotations": .object(annotations)],
                    "spec": podSpec(image: image),
                ],
            ],
        ])
        try wait(for: "deployment \(name)") {
            let deployment = try get(deploymentPath(name))
            return deployment.at("status", "availableReplicas")?.integerValue ?? 0 == replicas
                && deployment.at("status", "observedGeneration") == deployment.at("metadata", "generation")
        }
    }

    func pods(_ selector: String = "") throws -> [JSONValue] {
        let query = selector.isEmpty ? "" : "?labelSelector=" + selector.replacing("=", with: "%3D")
        return try get(path("pods") + query)["items"]?.arrayValue ?? []
    }

    /// Without those that were told to go: a rollout is complete before they are gone.
    func stayingPods(_ selector: String) throws -> [JSONValue] {
        try pods(selector).filter { $0.at("metadata", "deletionTimestamp") == nil }
    }

    /// Lets a service account of this namespace ask who the cluster is, as every runner must.
    func letRecognize(_ account: String) throws {
        let group = "rbac.authorization.k8s.io"
        // One for all tests, and whoever is first makes it.
        let role = try ask(
            "POST", "/apis/\(group)/v1/clusterroles",
            [
                "apiVersion": .string("\(group)/v1"), "kind": "ClusterRole",
                "metadata": ["name": "agentsafe-recognizer"],
                "rules": [
                    [
                        "apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"],
                        "verbs": ["get"],
                    ]
                ],
            ])
        try #require([201, 409].contains(role.status), "\(role)")
        try make([
            "apiVersion": .string("\(group)/v1"), "kind": "ClusterRoleBinding",
            "metadata": ["name": .string(namespace)],
            "roleRef": ["apiGroup": .string(group), "kind": "ClusterRole", "name": "agentsafe-recognizer"],
            "subjects": [["kind": "ServiceAccount", "name": .string(account), "namespace": .string(namespace)]],
        ])
    }

    /// A service account with one role in this namespace, and a token of it from the server itself (TokenRequest).
    func makeAccount(_ name: String, rules: JSONValue) throws -> String {
        let meta: JSONValue = ["name": .string(name), "namespace": .string(namespace)]
        try make(["apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta])
        try make(["apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": rules])
        try make([
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(name)],
            "subjects": [["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)]],
        ])
        let answer = try ask(
            "POST", path("serviceaccounts", "\(name)/token"),
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 600]])
        return try #require(answer.body.at("status", "token")?.stringValue, "\(answer)")
    }
}
