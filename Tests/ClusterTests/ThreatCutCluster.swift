import ChangeModel
import HTTP
import KubernetesAccess
import KubernetesExecutor
import OperatingSystem
import PolicyEngine
import Runner
import TestSupport
import Testing

/// The real server's connection, TLS and HTTP/2 and the watch in it, is cut at any byte of either way. What was applied is told as
/// it is, or as unknown; by the server's own audit log nothing was sent twice. Each place is tried on an object of its own.
/// `AGENTSAFE_CUTS=N` cuts at N random places for each action.
@Suite("ThreatCutCluster", .enabled(if: RealCluster.isThere, RealCluster.isMissing), .serialized)
struct ThreatCutCluster {
    /// An admin of whom the audit log tells apart what these tests sent.
    private static let user = "counted-c"

    private let cluster: RealCluster
    private let relay: CuttingRelay
    private let directory: TemporaryDirectory

    init() throws {
        cluster = try RealCluster()
        directory = try TemporaryDirectory()
        let text = String(decoding: try Files.read(try RealCluster.path("\(Self.user).kubeconfig")), as: UTF8.self)
        let found = try #require(text.firstMatch(of: #/server: https:\/\/127\.0\.0\.1:([0-9]+)/#))
        relay = try CuttingRelay(upstream: try #require(Int(found.1)))
        try directory.write(
            "config", text.replacing(":\(found.1)", with: ":\(relay.port)"), mode: 0o600)
    }

    /// A new connection through the relay.
    private func connection() throws -> ClusterConnection {
        let (specification, _) = try ClusterSpecification.find(
            kubeconfig: directory.file("config"), context: nil, host: Host.real())
        return try ClusterConnection(specification, host: Host.real())
    }

    /// An executor over a new connection, as `run` makes one.
    private func performer(patience: Int = 60) throws -> Performer {
        let transport = RetryingTransport(
            try connection(), policy: .underWaitingClient, sleep: { _ in }, random: Host.real().random)
        return Performer(cluster, over: transport, patience: patience)
    }

    private enum Outcome: Equatable { case done, failed, unknown }

    /// Where the connection was cut, and what was told.
    private struct Attempt {
        let place: String
        let outcome: Outcome
        /// What the mutations' targets contain.
        let object: String
    }

    /// Goes through `step`, and has the connection harmed from its execution on, or from its first watch on.
    ///
    /// - Returns: what the executor said, and the bytes of both ways.
    private func attempt(
        _ step: (Performer) throws -> ExecutionStep, patience: Int = 60, inWatch: Bool = false,
        arm: @escaping () throws -> Void
    ) throws -> (outcome: Outcome, request: Int, answer: Int, harmed: Int) {
        try relay.rest()
        let performer = try performer(patience: patience)
        let step = try step(performer)
        var hasWatched = false
        performer.transport.beforeSend = { request in
            guard inWatch, !hasWatched, request.target.contains("watch=true") else { return }
            hasWatched = true
            #expect(throws: Never.self) { try arm() }
        }
        var outcome = Outcome.done
        do {
            try performer.perform(step, meanwhile: inWatch ? {} : arm)
        } catch let error as ExecutionError {
            outcome = error.mayHaveBeenApplied ? .unknown : .failed
            #expect(!error.message.contains("hunter2"))
        }
        let count = try relay.count()
        return (outcome, count.request, count.answer, count.harmed)
    }

    /// Places to cut at: right before the first byte of the answer, where the server has done what it was told, and random ones.
    private func places(_ request: Int, _ answer: Int, _ usual: Int) -> [(CuttingRelay.Way, Int)] {
        var generator = SeededGenerator(stream: 22)
        return [(.answer, 0), (.request, 0)]
            + (0..<(TestEnvironment.number("AGENTSAFE_CUTS") ?? usual)).map { _ in
                let place = generator.pick(Array(0..<(request + answer)))
                return place < request ? (.request, place) : (.answer, place - request)
            }
    }

    /// The verbs of the mutations that arrived for what `object` names, by the audit log.
    private func mutations(_ log: [String], _ object: String) -> [String] {
        log.filter { !$0.hasPrefix("get ") && !$0.hasPrefix("list ") && !$0.hasPrefix("watch ") && $0.contains(object) }
    }

    private func log() throws -> [String] {
        // A request whose connection is gone is written down a moment later.
        Host.real().sleep(500)
        return try AuditLog.requests(of: Self.user).filter { $0.contains(cluster.namespace) }
    }

    @Test("the connection speaks HTTP/2")
    func version() throws {
        let answer = try connection().send(HTTPRequest(method: "GET", target: "/version"))
        // Names of fields are in lower case there, and go's HTTP/1.1 capitalises them (RFC 9113, section 8.2.1).
        #expect(answer.status == 200 && answer.headers.allSatisfy { $0.name == $0.name.lowercased() })
    }

    @Test(
        "a reset anywhere while a deployment is changed and watched", arguments: ["restart-deployment", "scale-deployment"])
    func deployments(action: String) throws {
        try cluster.makeNode("a")
        var number = 0
        /// A deployment that nobody has touched, and whether it has been told what it was to be told.
        func fresh() throws -> (name: String, step: (Performer) throws -> ExecutionStep, isDone: () throws -> Bool) {
            number += 1
            let name = "web-\(number)-"
            let isScaling = action == "scale-deployment"
            try cluster.makeDeployment(name + "x", replicas: 1)
            var parameters: [String: JSONValue] = ["deployment": .string(name + "x")]
            if isScaling { parameters["replicas"] = 2 }
            return (
                name, { try $0.step(action, parameters) },
                {
                    let spec = try cluster.get(cluster.deploymentPath(name + "x"))["spec"]
                    let restarted = "kubectl.kubernetes.io/restartedAt"
                    return isScaling
                        ? spec?["replicas"] == 2 : spec?.at("template", "metadata", "annotations", restarted) != nil
                }
            )
        }
        let whole = try fresh()
        let sizes = try attempt(whole.step) { try relay.rest() }
        #expect(sizes.outcome == .done && sizes.request > 0 && sizes.answer > 0)
        var attempts: [Attempt] = []
        for (way, bytes) in places(sizes.request, sizes.answer, 12) {
            let subject = try fresh()
            let place = "\(way) \(bytes)"
            let result = try attempt(subject.step) { try relay.cut(way, after: bytes) }
            let isDone = try subject.isDone()
            switch result.outcome {
            case .done: #expect(isDone, "\(place): told as done, and is not")
            case .failed: #expect(!isDone, "\(place): told as failed, and is done")
            case .unknown: break
            }
            attempts.append(Attempt(place: place, outcome: result.outcome, object: subject.name))
        }
        let log = try log()
        #expect(mutations(log, whole.name).count == 1, "\(log)")
        for attempt in attempts {
            let sent = mutations(log, attempt.object)
            #expect(sent.count <= 1, "\(attempt.place): \(sent)")
            if attempt.outcome == .done { #expect(sent.count == 1, "\(attempt.place): \(sent)") }
        }
        // Where the answer to the mutation was lost nobody guesses.
        #expect(attempts.contains { $0.outcome == .unknown })
        // What breaks behind the mutation is made good: the watch, and the two connections after it.
        let last = try fresh()
        let result = try attempt(last.step, inWatch: true) { try relay.cut(.answer, after: 100, times: 3) }
        #expect(try result.outcome == .done && result.harmed == 3 && last.isDone())
    }

    @Test("a watch that falls silent is given up, and what came of the change is found")
    func silence() throws {
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let step = { (performer: Performer) in
            try performer.step("scale-deployment", ["deployment": "web", "replicas": 2])
        }
        let result = try attempt(step, patience: 1, inWatch: true) { try relay.stall(.answer, after: 100) }
        // It has converged meanwhile; a look over another connection finds that, where one over the silent one would find nothing.
        #expect(result.harmed == 1 && result.outcome == .done)
        #expect(try cluster.get(cluster.deploymentPath()).at("spec", "replicas") == 2)
    }

    @Test("a reset anywhere while a node is drained")
    func drains() throws {
        var number = 0
        func fresh() throws -> (node: String, label: String) {
            number += 1
            let node = try cluster.makeNode("n\(number)")
            let label = "app-\(number)-"
            // On this node alone.
            for pod in ["a", "b"] {
                try cluster.make([
                    "apiVersion": "apps/v1", "kind": "ReplicaSet",
                    "metadata": ["name": .string(label + pod), "namespace": .string(cluster.namespace)],
                    "spec": [
                        "replicas": 1, "selector": ["matchLabels": ["app": .string(label + pod)]],
                        "template": [
                            "metadata": ["labels": ["app": .string(label + pod), "on": .string(node)]],
                            "spec": cluster.podSpec(node: "n\(number)"),
                        ],
                    ],
                ])
            }
            try cluster.wait(for: "pods on \(node)") { try pods(on: node).count == 2 }
            return (node, label)
        }
        func pods(on node: String) throws -> [JSONValue] {
            try cluster.stayingPods("on=\(node)").filter { $0.at("spec", "nodeName")?.stringValue == node }
        }
        func step(_ node: String) -> (Performer) throws -> ExecutionStep {
            { try $0.step("drain-node", ["node": .string(node)]) }
        }
        let first = try fresh()
        let sizes = try attempt(step(first.node)) { try relay.rest() }
        #expect(sizes.outcome == .done)
        var attempts = [Attempt(place: "unharmed", outcome: .done, object: first.label)]
        var nodes = [first.node]
        for (way, bytes) in places(sizes.request, sizes.answer, 12) {
            let subject = try fresh()
            let place = "\(way) \(bytes)"
            let result = try attempt(step(subject.node)) { try relay.cut(way, after: bytes) }
            let isCordoned = try cluster.get("/api/v1/nodes/\(subject.node)").at("spec", "unschedulable") == true
            let left = try pods(on: subject.node).count
            switch result.outcome {
            case .done: #expect(isCordoned && left == 0, "\(place): told as done, and is not")
            case .failed: #expect(!isCordoned && left == 2, "\(place): told as failed, and something is done")
            case .unknown: break
            }
            attempts.append(Attempt(place: place, outcome: result.outcome, object: subject.label))
            nodes.append(subject.node)
        }
        let log = try log()
        for (attempt, node) in zip(attempts, nodes) {
            let cordons = mutations(log, "/nodes/\(node)?")
            #expect(cordons.count <= 1, "\(attempt.place): \(cordons)")
            for pod in ["a", "b"] {
                let evictions = mutations(log, "/\(attempt.object)\(pod)-").filter { $0.contains("/eviction") }
                #expect(evictions.count <= 1, "\(attempt.place): \(evictions)")
                if attempt.outcome == .done { #expect(evictions.count == 1, "\(attempt.place): \(evictions)") }
            }
            if attempt.outcome == .done { #expect(cordons.count == 1, "\(attempt.place): \(cordons)") }
        }
        #expect(attempts.contains { $0.outcome == .unknown })
    }
}
