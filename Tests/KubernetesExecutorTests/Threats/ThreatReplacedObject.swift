import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// 21: the target changed between approval and execution.
@Suite("threat: the object is another one than was looked at")
struct ThreatReplacedObject {
    private static let label = #"{"metadata":{"labels":{"changed":"yes"}}}"#

    /// Changes the object of an action, or makes it where there was none.
    private static func disturb(_ action: String, _ cluster: EmbeddedCluster) throws(HTTPError) {
        func send(_ method: String, _ path: String, _ type: String, _ body: String) throws(HTTPError) {
            let response = try cluster.send(
                HTTPRequest(method: method, target: path, headers: [("Content-Type", type)], body: Array(body.utf8)))
            if response.status >= 300 {
                throw HTTPError(code: .malformed, mayHaveBeenApplied: false, message: "\(response.status)")
            }
        }
        switch action {
        case "create-namespace":
            let body = #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"fresh"}}"#
            try send("POST", "/api/v1/namespaces", "application/json", body)
        case "apply-network-policy":
            let body =
                #"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"isolate"},"#
                + #""spec":{"podSelector":{"matchLabels":{"app":"other"}}}}"#
            try send(
                "PATCH", "/apis/networking.k8s.io/v1/namespaces/staging/networkpolicies/isolate?fieldManager=someone",
                "application/apply-patch+yaml", body)
        default: try send("PATCH", AllActions.objects[action] ?? "", MediaType.merge, label)
        }
    }

    @Test("one that changed since before-state is left as it is", arguments: AllActions.mutating)
    func changed(action: String) throws {
        let cluster = try AllActions.cluster()
        let bench = Bench(cluster)
        let step = try AllActions.step(action)
        let before = try bench.executor.captureState(for: step)
        try Self.disturb(action, cluster)
        let objects = cluster.objects
        let error = try #require(try bench.failure(step, before: before))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied, "\(error)")
        #expect(cluster.objects == objects)
        #expect(bench.transport.mutations.count <= 1)
    }

    @Test("and so is one that changes right before the request arrives", arguments: AllActions.mutating)
    func race(action: String) throws {
        let cluster = try AllActions.cluster()
        let bench = Bench(cluster)
        let step = try AllActions.step(action)
        let before = try bench.executor.captureState(for: step)
        var objects: JSONValue?
        bench.transport.beforeSend = { request throws(HTTPError) in
            guard request.method != "GET", objects == nil else { return }
            try Self.disturb(action, cluster)
            objects = cluster.objects
        }
        let error = try #require(try bench.failure(step, before: before))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied, "\(error)")
        #expect(cluster.objects == objects)
    }

    @Test(
        "an object that was made anew under the name is another one",
        arguments: ["delete-pod", "delete-namespace", "update-configmap", "scale-hpa"])
    func anew(action: String) throws {
        let cluster = try AllActions.cluster()
        let bench = Bench(cluster)
        let step = try AllActions.step(action)
        let path = try #require(AllActions.objects[action])
        let before = try bench.executor.captureState(for: step)
        var object = try bench.get(path)
        object = object.setting(["metadata", "resourceVersion"], nil).setting(["metadata", "uid"], nil)
        #expect(try cluster.ask("DELETE", path).status == 200)
        for _ in 0..<4 { _ = try cluster.ask("GET", path) }
        let collection = path.split(separator: "/").dropLast().joined(separator: "/")
        #expect(try cluster.ask("POST", "/" + collection, "application/json", object.canonicalText).status == 201)
        let objects = cluster.objects
        let error = try #require(try bench.failure(step, before: before))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied, "\(error)")
        #expect(cluster.objects == objects)
    }

    @Test(
        "an object that went meanwhile is not found, and nothing else is touched",
        arguments: AllActions.objects.keys.sorted())
    func gone(action: String) throws {
        let cluster = try AllActions.cluster()
        let bench = Bench(cluster)
        let step = try AllActions.step(action)
        let path = try #require(AllActions.objects[action])
        let before = try bench.executor.captureState(for: step)
        #expect(try cluster.ask("DELETE", path).status == 200)
        for _ in 0..<4 { _ = try cluster.ask("GET", path) }
        let objects = cluster.objects
        let error = try #require(try bench.failure(step, before: before))
        #expect([.notFound, .conflict].contains(error.code) && !error.mayHaveBeenApplied, "\(error)")
        #expect(cluster.objects == objects)
    }

    @Test("a mutation is sent once, whatever happens to its answer", arguments: AllActions.mutating)
    func once(action: String) throws {
        let bench = Bench(try AllActions.cluster())
        let step = try AllActions.step(action)
        bench.transport.afterSend = { request, response throws(HTTPError) in
            if request.method == "GET" { return response }
            throw HTTPError(code: .timedOut, mayHaveBeenApplied: true, message: "cut")
        }
        let error = try #require(try bench.failure(step))
        #expect(error.code == .unreachable && error.mayHaveBeenApplied)
        #expect(bench.transport.mutations.count == 1)
    }
}
