import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// 17: a secret is read into before-state, after-state, an error message, a log or a diff.
@Suite("threat: a server's answer carries secrets into the record")
struct ThreatSecretInAnswer {
    @Test("no state, precheck, progress line, preview or summary holds a value", arguments: AllActions.names)
    func records(action: String) throws {
        let bench = Bench(try AllActions.cluster())
        let step = try AllActions.step(action)
        let checks = try bench.executor.runPrechecks(for: step)
        let before = try bench.executor.captureState(for: step)
        let preview = try bench.executor.preview(step, before: before)
        let report = try bench.execute(step, before: before)
        let after = try bench.executor.captureState(for: step)
        let rollback = RollbackPair.make(for: step, before: before, catalogue: try DefaultCatalogue.load())
        let all = "\(checks) \(before) \(preview) \(report.summary) \(after) \(bench.progress) \(rollback as Any)"
        #expect(!all.contains(AllActions.secret), "\(all)")
        // The values of a read go to the caller; a secret's only where they are asked for.
        let shown = report.output?.canonicalText.contains(AllActions.secret) ?? false
        #expect(shown == ["get-configmap", "get-pod-logs"].contains(action))
        #expect((report.secretOutput != nil) == (action == "get-secret"))
    }

    @Test(
        "no error repeats what a refusal quotes", arguments: AllActions.names,
        [400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503])
    func errors(action: String, status: Int) throws {
        let bench = Bench(try AllActions.cluster(), timeout: 20)
        let quote = AllActions.secret
        let body: JSONValue = [
            "kind": "Status", "reason": .string("Not \(quote)"), "message": .string(quote),
            "details": [
                "name": .string(quote), "kind": .string(quote),
                "causes": [
                    ["reason": .string("x \(quote)"), "message": .string(quote), "field": .string("a b \(quote)")]
                ],
            ],
        ]
        var isRefusing = { (request: HTTPRequest) in request.method != "GET" }
        bench.transport.afterSend = { request, response in
            isRefusing(request) ? HTTPResponse(status: status, body: body.canonicalBytes) : response
        }
        let step = try AllActions.step(action)
        var said: [String] = []
        func attempt(_ work: () throws -> Void) {
            do { try work() } catch { said.append("\(error)") }
        }
        let before = try bench.executor.captureState(for: step)
        attempt { _ = try bench.executor.preview(step, before: before) }
        attempt { said.append(try bench.execute(step, before: before).summary) }
        isRefusing = { _ in true }
        attempt { _ = try bench.executor.runPrechecks(for: step) }
        attempt { _ = try bench.executor.captureState(for: step) }
        attempt { _ = try bench.executor.confirmIdentity(of: step) }
        #expect(said.count >= 3)
        #expect(!(said + bench.progress).joined().contains(quote), "\(said)")
        #expect(said.allSatisfy { $0.utf8.count < 1200 && $0.utf8.allSatisfy { $0 >= 0x20 } })
    }
}
