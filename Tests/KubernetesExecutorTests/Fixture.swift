import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner

/// A small cluster, and steps on it.
enum Fixture {
    static let now: Int64 = 1_795_390_000

    static func deployment(_ name: String = "api", replicas: Int64 = 3, image: String = "registry.example/api:1.0")
        -> JSONValue
    {
        [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": [
                "name": .string(name), "namespace": "staging", "uid": .string("uid-\(name)"),
                "labels": ["app": .string(name)],
            ],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": [
                        "containers": [
                            [
                                "name": "sidecar", "image": "registry.example/sidecar:3",
                                "envFrom": [["configMapRef": ["name": "settings"]]],
                            ],
                            ["name": "api", "image": .string(image), "env": [["name": "TOKEN", "value": "hunter2"]]],
                        ]
                    ],
                ],
            ],
        ]
    }

    static func node(_ name: String, unschedulable: Bool = false) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name)],
            "spec": unschedulable ? ["unschedulable": true] : [:],
            "status": ["conditions": [["type": "Ready", "status": "True"]]],
        ]
    }

    static func pod(
        _ name: String, namespace: String = "staging", node: String = "node-1", labels: JSONValue = [:],
        ready: Bool = true, controller: String? = nil
    ) -> JSONValue {
        .compact([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": .compact([
                "name": .string(name), "namespace": .string(namespace), "labels": labels,
                "ownerReferences": controller.map {
                    [["apiVersion": "apps/v1", "kind": .string($0), "name": "owner", "uid": "o", "controller": true]]
                },
            ]),
            "spec": ["nodeName": .string(node), "containers": [["name": "web", "image": "registry.example/web:1"]]],
            "status": [
                "phase": "Running", "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
            ],
        ])
    }

    static let configMap: JSONValue = [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "settings", "namespace": "staging"],
        "data": ["LOG_LEVEL": "info", "PASSWORD": "hunter2"], "binaryData": ["blob": "AAEC"],
    ]

    static let kubeSystem: JSONValue = [
        "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "kube-system", "uid": "cluster-one"],
    ]

    static func list(_ items: [JSONValue]) -> JSONValue {
        ["apiVersion": "v1", "kind": "List", "items": .array(items)]
    }

    static func cluster(
        _ extra: [JSONValue] = [], deployment: JSONValue = deployment(), release: ServerRelease = .v1_36
    ) throws -> EmbeddedCluster {
        try EmbeddedCluster(
            objects: list([deployment, node("node-1"), node("node-2"), configMap, kubeSystem] + extra), clock: { now },
            release: release)
    }

    static func step(
        _ action: String, _ parameters: [String: JSONValue], prechecks: [String] = [], stateFields: [String] = [],
        locator: [String: String] = [:]
    ) -> ExecutionStep {
        let place = SourceLocation(file: "test", line: 1)
        return ExecutionStep(
            action: ActionDefinition(
                name: action, riskClass: .medium, targetTypes: ["k8s"],
                prechecks: prechecks.map { .init(name: $0, description: "") },
                stateFields: stateFields.map { .init(name: $0) }, digest: Digest(of: []), location: place),
            target: TargetEntry(
                id: "staging/target", type: "k8s", environment: .staging, sensitivity: .internal, locator: locator,
                location: place),
            parameters: parameters)
    }

    static let evidenceKey = EvidenceKey([1, 2, 3])
    static let target: [String: JSONValue] = ["namespace": "staging", "deployment": "api"]
}

/// An executor with a clock that only its own sleep moves.
final class Bench {
    let transport: ProbeTransport
    private(set) var executor: KubernetesExecutor!
    private(set) var slept = 0
    private(set) var progress: [String] = []
    var mayMutate = true
    var now = Fixture.now

    init(_ transport: any HTTPTransport, timeout: Int = 600) {
        self.transport = ProbeTransport(transport)
        executor = KubernetesExecutor(
            transport: self.transport, evidenceKey: Fixture.evidenceKey,
            sleep: { [unowned self] in
                slept += $0
                now += Int64($0 / 1000)
            },
            now: { [unowned self] in now }, convergenceTimeout: timeout)
    }

    func execute(_ step: ExecutionStep, before: CapturedState? = nil) throws -> ExecutionReport {
        let before = try before ?? executor.captureState(for: step)
        return try executor.execute(
            step, before: before, mayMutate: { mayMutate }, progress: { progress.append($0) })
    }

    /// The error of an execution that must fail.
    func failure(_ step: ExecutionStep, before: CapturedState? = nil) throws -> ExecutionError? {
        let before = try before ?? executor.captureState(for: step)
        do throws(ExecutionError) {
            _ = try executor.execute(step, before: before, mayMutate: { mayMutate }, progress: { progress.append($0) })
            return nil
        } catch {
            return error
        }
    }

    func get(_ target: String) throws -> JSONValue {
        try JSONValue(parsing: try transport.send(HTTPRequest(method: "GET", target: target)).body)
    }
}

extension EmbeddedCluster {
    func ask(_ method: String, _ target: String, _ type: String? = nil, _ body: String = "") throws -> (
        status: Int, body: JSONValue
    ) {
        let headers = type.map { [(name: "Content-Type", value: $0)] } ?? []
        let response = try send(HTTPRequest(method: method, target: target, headers: headers, body: Array(body.utf8)))
        return (response.status, try JSONValue(parsing: response.body))
    }
}

enum MediaType {
    static let strategic = "application/strategic-merge-patch+json"
    static let merge = "application/merge-patch+json"
    static let json = "application/json-patch+json"
}
