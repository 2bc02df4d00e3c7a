import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// What a dry run tells before anything is changed.
@Suite("previews")
struct PreviewTests {
    static let configMap: [String: JSONValue] = ["namespace": "staging", "configmap": "settings"]
    static let steps: [(String, [String: JSONValue], [String])] = [
        ("restart-deployment", Fixture.target, ["generation", "restarted_at", "template_digest"]),
        ("scale-deployment", Fixture.target.merging(["replicas": 5]) { $1 }, ["generation", "replicas"]),
        (
            "update-image", Fixture.target.merging(["container": "api", "image": "registry.example/api:2.0"]) { $1 },
            ["current_image", "generation", "images", "template_digest"]
        ),
        ("cordon-node", ["node": "node-1"], ["schedulable"]),
        ("update-configmap", configMap.merging(["key": "LOG_LEVEL", "value": "x"]) { $1 }, ["data"]),
    ]

    @Test("shows what would change, and changes nothing", arguments: steps.indices)
    func predicted(index: Int) throws {
        let (action, parameters, fields) = Self.steps[index]
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster)
        let step = Fixture.step(action, parameters)
        let before = try bench.executor.captureState(for: step)
        let objects = cluster.objects
        guard case .predicted(let prediction) = try bench.executor.preview(step, before: before) else {
            Issue.record("no prediction of `\(action)`")
            return
        }
        #expect(prediction.differences.map(\.field) == fields)
        #expect(prediction.after.objectDigest != before.objectDigest)
        #expect(prediction.after.version == nil)
        #expect(cluster.objects == objects)
        #expect(bench.transport.mutations.allSatisfy { $0.target.contains("dryRun=All") })
        #expect(!"\(prediction)".contains("hunter2"))
        // Doing it leads there.
        _ = try bench.execute(step, before: before)
        let after = try bench.executor.captureState(for: step)
        for difference in prediction.differences where difference.field != "restarted_at" {
            #expect(after.fields[difference.field] == difference.after, "\(difference.field)")
        }
    }

    @Test("every action of the catalogue has one, which changes nothing", arguments: AllActions.names)
    func all(action: String) throws {
        let cluster = try AllActions.cluster()
        let bench = Bench(cluster)
        let step = try AllActions.step(action)
        let before = try bench.executor.captureState(for: step)
        let objects = cluster.objects
        guard case .predicted(let prediction) = try bench.executor.preview(step, before: before) else {
            Issue.record("no prediction of `\(action)`")
            return
        }
        #expect(cluster.objects == objects)
        #expect(prediction.differences.isEmpty == AllActions.reads.contains(action))
        if AllActions.reads.contains(action) { return }
        let isDry = bench.transport.mutations.allSatisfy { request in
            request.target.contains("dryRun=All")
                || String(decoding: request.body, as: UTF8.self).contains(#""dryRun":["All"]"#)
        }
        #expect(isDry && !bench.transport.mutations.isEmpty)
        // What comes to be, or goes, is told.
        let fields = prediction.after.fields
        switch action {
        case "create-namespace", "apply-network-policy": #expect(fields["exists"] == true)
        case "delete-pod": #expect(fields["exists"] == false && prediction.after.objectDigest == nil)
        case "delete-namespace":
            #expect(fields["exists"] == false && prediction.notes.contains("would be lost: 1 secrets (db)"))
        default: break
        }
    }

    @Test("what is so already is no difference, and a read changes nothing")
    func nothing() throws {
        let bench = Bench(try Fixture.cluster())
        for (action, parameters) in [("uncordon-node", ["node": "node-1"]), ("get-configmap", Self.configMap)]
            as [(String, [String: JSONValue])]
        {
            let step = Fixture.step(action, parameters)
            let before = try bench.executor.captureState(for: step)
            let preview = try bench.executor.preview(step, before: before)
            guard case .predicted(let prediction) = preview else {
                Issue.record("\(preview)")
                return
            }
            #expect(prediction.differences.isEmpty && prediction.notes.count == 1 && prediction.after == before)
        }
        #expect(bench.transport.mutations.isEmpty)
    }

    @Test(
        "where it cannot be told, it is unavailable, never without a difference",
        arguments: [
            (
                400,
                #"{"kind":"Status","reason":"BadRequest","message":"admission webhook \"w\" does not support dry run"}"#
            ),
            (500, "{}"), (503, ""), (429, ""), (200, "<html>"), (0, ""),
        ])
    func unavailable(status: Int, body: String) throws {
        let bench = Bench(try Fixture.cluster())
        bench.transport.afterSend = { request, response throws(HTTPError) in
            if request.method == "GET" { return response }
            if status == 0 { throw HTTPError(code: .timedOut, mayHaveBeenApplied: true, message: "cut") }
            return HTTPResponse(status: status, body: Array(body.utf8))
        }
        let step = Fixture.step("restart-deployment", Fixture.target)
        let before = try bench.executor.captureState(for: step)
        guard case .unavailable(let reason) = try bench.executor.preview(step, before: before) else {
            Issue.record("a prediction without an answer")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("what the server refuses is an error, and nothing that may have been applied", arguments: [403, 422, 400])
    func refused(status: Int) throws {
        let bench = Bench(try Fixture.cluster())
        bench.transport.afterSend = { request, response in
            request.method == "GET" ? response : HTTPResponse(status: status, body: Array("{}".utf8))
        }
        let step = Fixture.step("restart-deployment", Fixture.target)
        let before = try bench.executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) { try bench.executor.preview(step, before: before) }
        #expect(error?.mayHaveBeenApplied == false)
    }
}
