import AgentSafe
import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import OperatingSystem
import Runner
import Testing

@testable import AgentSafe
@testable import Ledger

@Suite("A mutation whose answer is lost")
struct CutMutationTests {
    /// The connection breaks at the request that changes something: before it is sent, on the way, or on the way back.
    enum Cut: CaseIterable { case unsent, lost, answerLost }

    private final class CutTransport: HTTPTransport {
        let cluster: EmbeddedCluster
        let cut: Cut

        init(_ cluster: EmbeddedCluster, _ cut: Cut) {
            self.cluster = cluster
            self.cut = cut
        }

        func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
            guard request.method == "PATCH" else { return try cluster.send(request) }
            if cut == .answerLost { _ = try cluster.send(request) }
            throw HTTPError(code: .timedOut, mayHaveBeenApplied: cut != .unsent, message: "the connection broke")
        }
    }

    @Test(
        "is unknown, whether it was applied or not, and never failed; what was never sent has failed",
        arguments: Cut.allCases)
    func cut(_ cut: Cut) throws {
        let governance = try Governance()
        let id = try governance.propose("agent", ["replicas=5"])
        try governance.land(id)
        let words = try governance.cluster()
        let host = governance.host("runner", adding: ["AGENTSAFE_KEY": governance.key("runner")])
        let workspace = try Workspace(host: host, settings: Settings())
        let view = try workspace.fetchedView()
        let signer = try workspace.signer()
        let recorder = LedgerRecorder(
            workspace: workspace, signer: signer, identity: try workspace.identity(of: signer, in: view.state),
            connection: try workspace.connection(view.state), view: view)
        let change = try #require(try workspace.find(id, in: view)?.change)
        guard case .authorized(let authorized) = try workspace.judge(change, in: view).authorization else {
            Issue.record("it is not allowed")
            return
        }
        let cluster = try EmbeddedCluster.open(path: governance.clusterFile, clock: host.now)
        let executor = KubernetesExecutor(
            transport: CutTransport(cluster, cut), evidenceKey: EvidenceKey([1]), sleep: { _ in }, now: host.now)
        let runner = Runner(executor: executor, store: LedgerClaimStore(recorder: recorder, id: id), host: host)
        let result = try runner.run(authorized) { _ in }
        let events = try governance.record(of: id).events.map(\.kind)
        guard cut != .unsent else {
            guard case .executed(let record) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(record.outcome == .failed && events.last == .execution)
            return
        }
        guard case .unknown = result else {
            Issue.record("\(result)")
            return
        }
        #expect(events == [.decision, .claim, .prepared])
        #expect(try governance.state(of: id) == "claimed")
        governance.clock.advance(901)
        #expect(try governance.state(of: id) == "unknown")
        let again = try governance.expect(1, "runner", ["run", id.text, "--output", "json"] + words)
        #expect(again.output.contains("unknown"))
        #expect(try governance.record(of: id).events.count == 3)
        try governance.verifyEverywhere(0)
    }
}
