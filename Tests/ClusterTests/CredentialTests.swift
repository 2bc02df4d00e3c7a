import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// Tokens that the API server issues for one step (TokenRequest): the runner itself may do nothing but ask for them.
@Suite("credentials from a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct CredentialTests {
    private static let restart: JSONValue = [
        ["apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch", "watch"]],
        ["apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]],
        ["apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]],
    ]

    private func makeGoverned(_ cluster: RealCluster, rules: JSONValue = restart) throws -> GovernedCluster {
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        // Whoever asks for tokens may ask for this one, and for nothing else.
        _ = try cluster.makeAccount("worker", rules: rules)
        try cluster.letRecognize("worker")
        let token = try cluster.makeAccount(
            "issuer",
            rules: [
                [
                    "apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": ["worker"],
                    "verbs": ["create"],
                ]
            ])
        let governed = try GovernedCluster(cluster)
        try governed.configure(
            """
            credentials:
              required: true
              backends:
                - name: tokens
                  kind: token_request
                  types: [kubernetes]
                  namespace: "{{ params.namespace }}"
                  service_account: worker

            """)
        try governed.useToken(token)
        return governed
    }

    @Test("a run comes with a token of its own, and only with that")
    func run() throws {
        let cluster = try RealCluster()
        let governed = try makeGoverned(cluster)
        let id = try governed.propose("restart-deployment", on: "staging/web", [])
        try governed.land(id)
        try governed.agentsafe("runner", ["credential", "test", id, "--kubeconfig", governed.tokenKubeconfig])
        try governed.agentsafe("runner", ["run", id, "--kubeconfig", governed.tokenKubeconfig])
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 2)
        let issuer = try AuditLog.requests(of: "system:serviceaccount:\(cluster.namespace):issuer")
        #expect(!issuer.isEmpty && issuer.allSatisfy { $0.contains("/serviceaccounts/worker/token") }, "\(issuer)")
        let worker = try AuditLog.requests(of: "system:serviceaccount:\(cluster.namespace):worker")
        #expect(worker.contains { $0.hasPrefix("patch ") })
        try governed.run(["git", "fetch", "-q"])
        let ledger = try governed.run(["git", "log", "-p", "--format=%B", "origin/ledger"]).outputText
        // Every token of this kind begins like this.
        #expect(ledger.contains("token") && !ledger.contains("eyJhbGciOi"))
    }

    @Test("a token that may not do what the action needs ends the run before the target is looked at")
    func missingRight() throws {
        let cluster = try RealCluster()
        let governed = try makeGoverned(
            cluster, rules: [["apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]]])
        let id = try governed.propose("restart-deployment", on: "staging/web", [])
        try governed.land(id)
        let run = try governed.agentsafe(
            "runner", ["run", id, "--kubeconfig", governed.tokenKubeconfig], expecting: 1)
        #expect("\(run.outputText)\(run.errorText)".contains("patch deployments"), "\(run.outputText)\(run.errorText)")
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 1)
        #expect(try governed.state(of: id) == "landed")
    }

    @Test("a stream into a pod goes through kubectl with the same token, which is in no file")
    func stream() throws {
        let cluster = try RealCluster()
        let governed = try makeGoverned(cluster)
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "web", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ])
        try cluster.wait(for: "the pod") {
            try cluster.get(cluster.path("pods", "web")).at("status", "phase") == "Running"
        }
        let id = try governed.propose(
            "exec-pod", on: "staging/pod", ["container=web", #"command=["echo","hello"]"#])
        try governed.run(["git", "fetch", "-q"])
        try governed.agentsafe("bob", ["approve", id, "--yes"])
        try governed.land(id)
        let run = try governed.agentsafe("runner", ["run", id, "--kubeconfig", governed.tokenKubeconfig])
        #expect(run.outputText.contains("hello"))
        let worker = try AuditLog.requests(of: "system:serviceaccount:\(cluster.namespace):worker")
        #expect(worker.contains { $0.hasPrefix("create ") && $0.contains("/pods/web/exec?") }, "\(worker)")
    }
}
