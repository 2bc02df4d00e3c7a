import AgentSafe
import ChangeModel
import EmbeddedCluster
import HTTP
import OperatingSystem
import Runner
import TestSupport
import Testing

/// The command line against a server behind TLS with client certificates, found by a kubeconfig.
@Suite("Running against a cluster over TLS")
struct ClusterOverTLSTests {
    private struct World {
        static let certificates: Result<Certificates, any Error> = Result { try Certificates() }

        let governance: Governance
        let front: HTTPFront
        let proxy: FaultProxy
        let kubeconfig: String

        init() throws {
            governance = try Governance()
            _ = try governance.cluster()
            let certificates = try Self.certificates.get()
            let clock = governance.clock
            let cluster = Locked(try EmbeddedCluster.open(path: governance.clusterFile, clock: { clock.now }))
            front = try HTTPFront { request in
                cluster.withLock { (try? $0.send(request)) ?? HTTPResponse(status: 500) }
            }
            proxy = try FaultProxy(certificates, upstream: front.port)
            kubeconfig = try governance.directory.write(
                "runner.kubeconfig",
                """
                current-context: nobody
                contexts:
                  - {name: nobody, context: {cluster: demo, user: nobody}}
                  - {name: demo, context: {cluster: demo, user: runner}}
                clusters:
                  - name: demo
                    cluster: {server: "\(proxy.address)", certificate-authority: "\(certificates.path("ca.crt"))"}
                users:
                  - {name: nobody, user: {}}
                  - name: runner
                    user: {client-certificate: "\(certificates.path("client.crt"))", client-key: "\(certificates.path("client.key"))"}

                """, mode: 0o600)
        }

        func landed(_ replicas: Int) throws -> ChangeID {
            let id = try governance.propose("agent", ["replicas=\(replicas)"])
            try governance.land(id)
            return id
        }
    }

    @Test("by flags and by variables a change is executed once; without the certificate nothing is")
    func run() throws {
        let world = try World()
        let id = try world.landed(5)
        let refused = try world.governance.expect(1, "runner", ["run", id.text, "--kubeconfig", world.kubeconfig])
        #expect(world.front.requests.isEmpty, "\(refused)")
        try world.governance.expect(
            0, "runner", ["run", "--kubeconfig", world.kubeconfig, "--context", "demo"])
        #expect(world.front.mutations.count == 1)
        let next = try world.landed(6)
        try world.governance.expect(
            0, "runner", ["run", next.text],
            adding: ["KUBECONFIG": "/nowhere:\(world.kubeconfig)", "AGENTSAFE_CONTEXT": "demo"])
        #expect(world.front.mutations.count == 2)
        #expect(try world.governance.state(of: next) == "executed")
        let mixed = ["--cluster", "embedded:\(world.governance.clusterFile)", "--context", "demo"]
        try world.governance.expect(2, "runner", ["run"] + mixed)
    }

    @Test("when the answer to a mutation is lost the change is unknown, and no run sends it again")
    func lostAnswer() throws {
        let world = try World()
        let words = ["--kubeconfig", world.kubeconfig, "--context", "demo"]
        let first = try world.landed(5)
        try world.proxy.arm(nil)
        try world.governance.expect(0, "runner", ["run", first.text] + words)
        let sizes = try world.proxy.sizes()
        // The mutation is the one with a body.
        let mutation = try #require(sizes.indices.max { sizes[$0].request < sizes[$1].request })
        let second = try world.landed(6)
        try world.proxy.arm(.response, exchange: mutation, at: 0)
        let cut = try world.governance.expect(1, "runner", ["run", second.text] + words)
        #expect(world.front.mutations.count == 2 && cut.output.contains("unknown"), "\(cut)")
        try world.proxy.arm(nil)
        _ = world.governance.agentsafe("runner", ["run"] + words)
        _ = world.governance.agentsafe("runner", ["run", second.text] + words)
        #expect(world.front.mutations.count == 2)
        world.governance.clock.advance(86_400)
        let state = try world.governance.state(of: second)
        #expect(state == "unknown", "\(state)")
    }

    @Test("a context of the inventory holds against the flag, and what a target pins nowhere is told")
    func contexts() throws {
        let world = try World()
        func target(_ locator: [String: String]) -> TargetEntry {
            TargetEntry(
                id: "staging/api", type: "k8s-deployment", environment: .staging, sensitivity: .internal,
                locator: locator, location: SourceLocation(file: "inventory.yaml", line: 1))
        }
        let said = Locked<[String]>([])
        func choice(_ context: String?) -> ExecutorChoice {
            ExecutorChoice(
                way: .kubeconfig(file: world.kubeconfig, context: context, allowsInsecure: false),
                host: world.governance.host("runner"), notify: { line in said.withLock { $0.append(line) } },
                evidenceKey: { () throws(AgentSafeError) in EvidenceKey([1]) })
        }
        let error = #expect(throws: AgentSafeError.self) {
            try choice("nobody").connection(for: target(["context": "demo"]))
        }
        #expect(error?.message.contains("reached by context `demo`") == true)
        let named = try choice(nil).connection(for: target(["context": "demo"]))
        #expect(named?.specification.context == "demo" && said.withLock { $0 }.isEmpty)
        let pinned = try choice(nil).connection(for: target(["cluster_uid": "4c7e"]))
        #expect(pinned?.specification.context == "nobody" && said.withLock { $0 }.isEmpty)
        _ = try choice(nil).connection(for: target(["namespace": "staging"]))
        #expect(said.withLock { $0 }.first?.contains("taking context `nobody`") == true)
        #expect(throws: AgentSafeError.self) { try choice("absent").connection(for: target([:])) }
    }
}
