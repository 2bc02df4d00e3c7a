import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import OperatingSystem
import Runner
import TestSupport
import Testing

/// The connection breaks, at any byte and in any way. What was applied is told as it is, or as unknown; nothing is sent
/// twice. `AGENTSAFE_CUTS=N` cuts at N random places for each action, `AGENTSAFE_CUTS=0` at every byte.
@Suite("ThreatCutConnection", .serialized)
struct ThreatCutConnection {
    struct Case: CustomTestStringConvertible, Sendable {
        let action: String
        let parameters: [String: JSONValue]
        /// How many objects it changes, each once.
        var mutations = 1
        /// Whether the cluster shows that the action was done.
        let isDone: @Sendable (JSONValue) -> Bool
        var testDescription: String { action }
        var step: ExecutionStep { Fixture.step(action, parameters) }
    }

    private static func object(_ kind: String, _ name: String, _ state: JSONValue) -> JSONValue? {
        state["items"]?.arrayValue?.first {
            $0["kind"]?.stringValue == kind && $0.at("metadata", "name")?.stringValue == name
        }
    }

    static let cases = [
        Case(action: "restart-deployment", parameters: Fixture.target) {
            object("Deployment", "api", $0)?.at(
                "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt") != nil
        },
        Case(action: "scale-deployment", parameters: Fixture.target.merging(["replicas": 5]) { $1 }) {
            object("Deployment", "api", $0)?.at("spec", "replicas") == 5
        },
        Case(action: "cordon-node", parameters: ["node": "node-1"]) {
            object("Node", "node-1", $0)?.at("spec", "unschedulable") == true
        },
        Case(action: "create-namespace", parameters: ["namespace": "fresh"]) {
            object("Namespace", "fresh", $0) != nil
        },
        Case(
            action: "update-configmap",
            parameters: ["namespace": "staging", "configmap": "settings", "key": "LOG_LEVEL", "value": "debug"]
        ) {
            object("ConfigMap", "settings", $0)?.at("data", "LOG_LEVEL") == "debug"
        },
        // The node, and two pods on it.
        Case(action: "drain-node", parameters: ["node": "node-1"], mutations: 3) {
            let places = $0["items"]?.arrayValue?.filter { $0["kind"] == "Pod" }.map { $0.at("spec", "nodeName") }
            return object("Node", "node-1", $0)?.at("spec", "unschedulable") == true
                && places?.contains("node-1") == false
        },
    ]

    private static let cluster = [
        Fixture.deployment(), Fixture.node("node-1"), Fixture.node("node-2"), Fixture.configMap, Fixture.kubeSystem,
    ]

    private enum Outcome: Equatable { case done, failed, unknown }

    /// One execution of the step on a fresh cluster, with harm done to it, and whether what it says is true.
    @discardableResult
    private func attempt(
        _ item: Case, _ bench: FaultBench, timeout: Int? = nil, _ what: String,
        arm: () throws -> Void
    ) throws -> Outcome {
        try bench.reset()
        try bench.proxy.arm(nil)
        let executor = try bench.executor(timeout: timeout)
        let before = try executor.captureState(for: item.step)
        let mutations = bench.front.mutations.count
        try arm()
        let outcome: Outcome
        do throws(ExecutionError) {
            _ = try executor.execute(item.step, before: before, mayMutate: { true }, progress: { _ in })
            outcome = .done
        } catch {
            outcome = error.mayHaveBeenApplied ? .unknown : .failed
            #expect(!error.message.contains("hunter2"))
        }
        let sent = bench.front.mutations.dropFirst(mutations).map { "\($0.method) \($0.target)" }
        let isDone = item.isDone(bench.state)
        #expect(Set(sent).count == sent.count, "\(item.action), \(what): arrived: \(sent)")
        switch outcome {
        case .done:
            #expect(isDone && sent.count == item.mutations, "\(item.action), \(what): told as done, and is not")
        case .failed: #expect(!isDone && sent.isEmpty, "\(item.action), \(what): told as failed, and is done")
        case .unknown: break
        }
        return outcome
    }

    @Test("a reset at any byte of any request or answer", arguments: cases)
    func resets(item: Case) throws {
        let bench = try FaultBench(Self.cluster)
        #expect(try attempt(item, bench, "unharmed") { try bench.proxy.arm(nil) } == .done)
        let sizes = try bench.proxy.sizes()
        var places: [(fault: FaultProxy.Fault, exchange: Int, at: Int)] = []
        for (exchange, size) in sizes.enumerated() {
            places += (0...size.request).map { (.request, exchange, $0) }
            places += (0..<size.answer).map { (.response, exchange, $0) }
        }
        let wanted = TestEnvironment.number("AGENTSAFE_CUTS") ?? 30
        if wanted > 0 {
            var generator = SeededGenerator(stream: 21)
            // The ends of each message, where most can go wrong, and some places between.
            let ends = places.filter { place in
                let size = sizes[place.exchange]
                return place.fault == .request
                    ? place.at >= size.request - 1 : place.at == 0 || place.at == size.answer - 1
            }
            places = ends + (0..<wanted).map { _ in generator.pick(places) }
        }
        var outcomes: [Outcome] = []
        for place in places {
            outcomes.append(
                try attempt(item, bench, "\(place)") {
                    try bench.proxy.arm(place.fault, exchange: place.exchange, at: place.at)
                })
        }
        // A broken mutation is unknown; broken reads are made good, where there are any.
        #expect(outcomes.contains(.unknown) && (sizes.count == 1 || outcomes.contains(.done)))
    }

    @Test("wrong lengths, truncated JSON, no HTTP, one exchange after another", arguments: cases)
    func answers(item: Case) throws {
        let bench = try FaultBench(Self.cluster)
        try attempt(item, bench, "unharmed") { try bench.proxy.arm(nil) }
        let count = try bench.proxy.sizes().count
        for fault in [FaultProxy.Fault.truncated, .longer, .shorter, .garbage] {
            for exchange in 0..<count {
                try attempt(item, bench, "\(fault) \(exchange)") { try bench.proxy.arm(fault, exchange: exchange) }
            }
            // It never gets better.
            #expect(try attempt(item, bench, "\(fault)") { try bench.proxy.arm(fault, times: 10_000) } != .done)
        }
    }

    @Test("storms of 5xx, before the server and behind it", arguments: cases)
    func storms(item: Case) throws {
        let bench = try FaultBench(Self.cluster)
        try attempt(item, bench, "unharmed") { try bench.proxy.arm(nil) }
        let count = try bench.proxy.sizes().count
        for fault in [FaultProxy.Fault.storm, .stormAfter] {
            for exchange in 0..<count {
                for times in [1, 3] {
                    try attempt(item, bench, "\(fault) \(exchange) × \(times)") {
                        try bench.proxy.arm(fault, exchange: exchange, times: times)
                    }
                }
            }
            #expect(try attempt(item, bench, "\(fault)") { try bench.proxy.arm(fault, times: 10_000) } != .done)
        }
    }

    @Test("an answer that comes a byte at a time is given up")
    func slow() throws {
        let bench = try FaultBench(Self.cluster)
        let item = Self.cases[1]
        try attempt(item, bench, "unharmed") { try bench.proxy.arm(nil) }
        let exchanges = try bench.proxy.sizes()
        // The mutation is the one with a body.
        let mutation = try #require(exchanges.indices.max { exchanges[$0].request < exchanges[$1].request })
        let outcome = try attempt(item, bench, timeout: 1, "slow") {
            try bench.proxy.arm(.slow, exchange: mutation)
        }
        #expect(outcome == .unknown && item.isDone(bench.state))
    }
}
