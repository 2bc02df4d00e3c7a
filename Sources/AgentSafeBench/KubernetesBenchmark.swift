internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

/// What a restart, a scaling and a drain through `run` take, from the start of the process to its end, beside the kubectl commands
/// that do the same and wait as long, on the same API server.
enum KubernetesBenchmark: Benchmark {
    static let spec = CommandSpec(
        name: "kubernetes", summary: "Restart, scale and drain through `run`, beside kubectl's own commands.",
        discussion:
            "Needs a server that `Tests/kubernetes-server.sh start FOLDER` started. A run verifies, claims, prepares and records, "
            + "too: three pushes to a remote on this disk, whose time is shown with and without. kubectl's discovery is cached.",
        example: "agentsafe-bench kubernetes --kubernetes /tmp/kubernetes --runs 10",
        options: [BenchmarkSettings.kubernetes] + BenchmarkSettings.options)

    static func run(_ settings: BenchmarkSettings) throws -> any BenchmarkReport {
        guard let folder = settings.kubernetes else {
            throw BenchmarkError(
                description: "no API server; start one with `Tests/kubernetes-server.sh start FOLDER`, and pass "
                    + "`--kubernetes FOLDER`", isUsage: true)
        }
        let bench = try ClusterBench(settings, folder: settings.host.absolute(folder))
        defer { bench.cleanUp() }
        let restart = Pair(
            name: "restart", commands: "rollout restart, status", prepare: bench.settle,
            kubectl: {
                try bench.kubectl("rollout", "restart", "deployment/web")
                try bench.kubectl("rollout", "status", "deployment/web")
            }, propose: { try bench.propose("restart-deployment", on: "staging/web") })
        let scale = Pair(
            name: "scale", commands: "scale, rollout status", prepare: bench.settle,
            kubectl: {
                try bench.kubectl("scale", "--replicas=\(bench.nextReplicas())", "deployment/web")
                try bench.kubectl("rollout", "status", "deployment/web")
            },
            propose: {
                try bench.propose("scale-deployment", on: "staging/web", ["replicas=\(bench.nextReplicas())"])
            })
        let drain = Pair(
            name: "drain", commands: "drain", prepare: bench.gather,
            kubectl: { try bench.kubectl("drain", bench.loadedNode) },
            propose: {
                try bench.propose("drain-node", on: "staging/\(bench.loadedNode)", approvals: ["bob", "carol"])
            })
        let subjects = [restart, scale, drain].enumerated().flatMap { $1.subjects(bench, first: $0 * 3) }
        let samples = try Measurement.interleave(subjects, runs: settings.runs, warmUps: 1)
        return TimesReport("kubernetes", runs: settings.runs, subjects: subjects, samples: samples)
    }
}

/// One action, and the kubectl commands that do the same.
private struct Pair {
    let name: String
    let commands: String
    /// Brings the cluster to where both begin.
    let prepare: () throws -> Void
    let kubectl: () throws -> Void
    let propose: () throws -> Void

    /// kubectl's commands, the whole run, and the run without the time that git takes for pushes and fetches.
    func subjects(_ bench: ClusterBench, first: Int) -> [Subject] {
        func make() throws {
            try prepare()
            try propose()
            _ = try bench.trace.take()
        }
        return [
            Subject(name: "kubectl \(commands)", limit: nil, baseline: first, prepare: prepare, run: kubectl),
            Subject(name: "agentsafe run, \(name)", limit: nil, baseline: first, prepare: make, run: bench.run),
            Subject(
                name: "agentsafe run, \(name), without git", limit: 1, baseline: first, prepare: make, run: bench.run,
                apart: bench.trace.take),
        ]
    }
}

/// A governance repository and a namespace of the real cluster with two nodes, for one benchmark.
private final class ClusterBench {
    private let fixture: GovernanceFixture
    private let folder: String
    private let namespace: String
    private var change = ""
    private var isLarge = false
    private(set) var loadedNode: String
    var trace: GitTrace { GitTrace(path: "\(fixture.directory)/trace") }
    private var nodes: [String] { ["\(namespace)-a", "\(namespace)-b"] }

    init(_ settings: BenchmarkSettings, folder: String) throws {
        self.folder = folder
        fixture = try GovernanceFixture(settings)
        namespace = "bench-" + settings.host.random(4).map { String(UInt16($0) + 256, radix: 16).suffix(2) }.joined()
        loadedNode = "\(namespace)-a"
        try kubectl(
            "apply", "--filename=-",
            input: """
                {"apiVersion": "v1", "kind": "List", "items": [
                  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "\(namespace)"}},
                  \(node(nodes[0])), \(node(nodes[1])),
                  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "\(namespace)"},
                   "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": {
                     "metadata": {"labels": {"app": "web"}},
                     "spec": {"nodeSelector": {"bench": "\(namespace)"},
                              "containers": [{"name": "web", "image": "registry.example/web:1"}]}}}}]}
                """)
        try kubectl("rollout", "status", "deployment/web")
        let uid = try kubectl("get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}")
        let entries =
            [entry("web", "k8s-deployment", uid, "namespace: \(namespace)\n      deployment: web")]
            + nodes.map { entry($0, "k8s-node", uid, "node: \($0)") }
        try Files.writeAtomically("\(fixture.clone)/inventory.yaml", Array(("targets:\n" + entries.joined()).utf8))
        try fixture.agentsafe(
            "trust", "commit", "-m", "The benchmark's cluster", "--push", "--key", fixture.key("alice"))
    }

    func cleanUp() {
        _ = try? kubectl("delete", "namespace", namespace, "--wait=false")
        _ = try? kubectl("delete", "node", nodes[0], nodes[1])
    }

    private func node(_ name: String) -> String {
        #"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "\#(name)", "labels": {"bench": "\#(namespace)"}}}"#
    }

    private func entry(_ id: String, _ type: String, _ uid: String, _ locator: String) -> String {
        """
          - id: staging/\(id)
            type: \(type)
            environment: staging
            sensitivity: internal
            owner: bench
            locator:
              cluster_uid: "\(uid)"
              \(locator)

        """
    }

    /// kubectl as an admin, in the benchmark's namespace.
    @discardableResult
    func kubectl(_ words: String..., input: String = "") throws -> String {
        try fixture.run(
            ["\(folder)/bin/kubectl", "--kubeconfig=\(folder)/admin.kubeconfig", "--namespace=\(namespace)"] + words,
            input: input)
    }

    /// A restart within the second of the last one is none.
    func settle() throws {
        try kubectl("rollout", "status", "deployment/web")
        Host.real().sleep(1100)
    }

    /// 3 and 6 in turn.
    func nextReplicas() -> Int {
        isLarge.toggle()
        return isLarge ? 6 : 3
    }

    /// Brings all pods onto one node, with the other ready to take them.
    func gather() throws {
        let other = nodes.first { $0 != loadedNode } ?? loadedNode
        for node in nodes { try kubectl("uncordon", node) }
        try kubectl("drain", loadedNode)
        try kubectl("rollout", "status", "deployment/web")
        try kubectl("uncordon", loadedNode)
        loadedNode = other
        try settle()
    }

    /// Proposes, lets approve and lands one change, up to what `run` does.
    func propose(_ action: String, on target: String, _ parameters: [String] = [], approvals: [String] = []) throws {
        let report = try fixture.run(
            [
                fixture.program, "propose", action, "--target", target, "--reason", "Measuring", "--push", "--output",
                "json", "--key", fixture.key("agent"),
            ] + parameters.flatMap { ["--param", $0] })
        guard let id = try JSONValue(parsing: report)["id"]?.stringValue else {
            throw BenchmarkError(description: "`agentsafe propose` named no change")
        }
        change = id
        for actor in approvals { try fixture.agentsafe("approve", id, "--yes", "--key", fixture.key(actor)) }
        try fixture.run(["git", "fetch", "-q"])
        try fixture.run(["git", "checkout", "-q", "-B", "main", "origin/main"])
        try fixture.run(["git", "merge", "-q", "--ff", "-m", "Land it", "origin/change/\(id)"])
        try fixture.run(["git", "push", "-q", "origin", "main"])
    }

    func run() throws {
        try fixture.agentsafe(
            "run", change, "--kubeconfig", "\(folder)/admin.kubeconfig", "--key", fixture.key("runner"),
            adding: trace.variables)
    }
}
