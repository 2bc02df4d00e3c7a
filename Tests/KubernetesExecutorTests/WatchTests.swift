import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// A transport with streams over the embedded cluster: a watch tells of the deployment after each step of its controller.
final class WatchingTransport: HTTPStreamingTransport {
    let cluster: EmbeddedCluster
    private(set) var watches: [HTTPRequest] = []
    /// What the stream says before, or instead of, the events; nil ends it there.
    var instead: [UInt8]?
    var failure: HTTPError?

    init(_ cluster: EmbeddedCluster) { self.cluster = cluster }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse { try cluster.send(request) }

    func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        watches.append(request)
        if let failure { throw failure }
        let head = HTTPResponse(status: 200)
        if let instead {
            _ = receive(instead[...])
            return head
        }
        let object = HTTPRequest(method: "GET", target: "/apis/apps/v1/namespaces/staging/deployments/api")
        for _ in 0..<20 {
            let body = try cluster.send(object).body
            let line = Array(#"{"type":"MODIFIED","object":"#.utf8) + body + Array("}\n".utf8)
            // In pieces, as a network brings them.
            for start in stride(from: 0, to: line.count, by: 700)
            where receive(line[start..<min(start + 700, line.count)]) == .stop { return head }
        }
        return head
    }
}

@Suite("waiting by a watch")
struct WatchTests {
    private func bench(_ transport: WatchingTransport) -> (KubernetesExecutor, (ExecutionStep) throws -> [String]) {
        let executor = KubernetesExecutor(
            transport: transport, evidenceKey: Fixture.evidenceKey, sleep: { _ in }, now: { Fixture.now })
        return (
            executor,
            { step in
                var said: [String] = []
                _ = try executor.confirmIdentity(of: step)
                _ = try executor.runPrechecks(for: step)
                let before = try executor.captureState(for: step)
                _ = try executor.execute(step, before: before, mayMutate: { true }, progress: { said.append($0) })
                return said
            }
        )
    }

    @Test("one request tells of the whole rollout, and after-state is what it ended with")
    func watch() throws {
        let transport = WatchingTransport(try Fixture.cluster())
        let (executor, run) = bench(transport)
        let step = try DefaultCatalogue.step("restart-deployment", Fixture.target)
        let said = try run(step)
        #expect(said.count > 2 && said.first?.contains("waiting for the controller") == true)
        #expect(transport.watches.count == 1)
        let target = try #require(transport.watches.first.flatMap { RequestTarget(parsing: $0.target) })
        #expect(target.value(of: "watch") == "true" && target.value(of: "fieldSelector") == "metadata.name=api")
        #expect(target.value(of: "timeoutSeconds") == "300" && target.value(of: "resourceVersion") != nil)
        let after = try executor.captureState(for: step)
        #expect(after.fields["available_replicas"] == 3 && after.fields["observed_generation"] == 2)
    }

    @Test(
        "a watch that ends without an answer is followed by looking",
        arguments: [
            "", "no JSON\n", "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n",
            "{\"type\":\"MODIFIED\",\"obj", "{}\n", "[]\n", "\n\n\n",
        ])
    func broken(text: String) throws {
        let transport = WatchingTransport(try Fixture.cluster())
        transport.instead = Array(text.utf8)
        let (executor, run) = bench(transport)
        let step = try DefaultCatalogue.step("scale-deployment", Fixture.target.merging(["replicas": 5]) { $1 })
        _ = try run(step)
        #expect(!transport.watches.isEmpty)
        #expect(try executor.captureState(for: step).fields["available_replicas"] == 5)
    }

    @Test("a connection that breaks under a watch is no failure")
    func cut() throws {
        let transport = WatchingTransport(try Fixture.cluster())
        transport.failure = HTTPError(code: .timedOut, mayHaveBeenApplied: false, message: "cut")
        let (executor, run) = bench(transport)
        let step = try DefaultCatalogue.step("scale-deployment", Fixture.target.merging(["replicas": 1]) { $1 })
        _ = try run(step)
        #expect(try executor.captureState(for: step).fields["available_replicas"] == 1)
    }

    @Test(
        "a deployment that is made anew or overwritten meanwhile is no success",
        arguments: [
            #"{"type":"MODIFIED","object":{"metadata":{"uid":"other"}}}"#,
            #"{"type":"MODIFIED","object":{"metadata":{"uid":"uid-api"},"spec":{"replicas":9}}}"#,
        ])
    func moved(event: String) throws {
        let transport = WatchingTransport(try Fixture.cluster())
        transport.instead = Array((event + "\n").utf8)
        let (_, run) = bench(transport)
        let step = try DefaultCatalogue.step("scale-deployment", Fixture.target.merging(["replicas": 1]) { $1 })
        let error = #expect(throws: ExecutionError.self) { try run(step) }
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true)
    }

    @Test("a scale to what is there already does not wait for news that never come")
    func nothingNew() throws {
        let transport = WatchingTransport(try Fixture.cluster())
        let (_, run) = bench(transport)
        _ = try run(try DefaultCatalogue.step("scale-deployment", Fixture.target.merging(["replicas": 3]) { $1 }))
        #expect(transport.watches.isEmpty)
    }

    @Test("the recorded first events, which carry the new generation with the old status, are no end of a rollout")
    func recorded() throws {
        let events = String(decoding: try Cassette("deployment-watch-rollout").exchanges[0].responseBody, as: UTF8.self)
        let uid = try #require(
            try JSONValue(parsing: Array(events.split(separator: "\n")[0].utf8)).at("object", "metadata", "uid")?
                .stringValue)
        let transport = WatchingTransport(try Fixture.cluster())
        transport.instead = Array(events.replacing(uid, with: "uid-api").utf8)
        let (_, run) = bench(transport)
        let step = try DefaultCatalogue.step("scale-deployment", Fixture.target.merging(["replicas": 2]) { $1 })
        let said = try run(step)
        // Two events before the controller saw it, one after; then the cluster itself was looked at.
        #expect(said.first == "deployment `staging/api`: waiting for the controller to see the new spec")
        #expect(said.count > 1 && !transport.watches.isEmpty)
    }
}
