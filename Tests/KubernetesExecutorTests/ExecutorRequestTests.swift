import ChangeModel
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// The executor's requests against what a real server was sent and answered, over TLS with a client certificate.
@Suite("executor requests match the recorded ones")
struct ExecutorRequestTests {
    private let path = "/apis/apps/v1/namespaces/shop/deployments/web"
    private let target: [String: JSONValue] = ["namespace": "shop", "deployment": "web"]

    /// The recorded object, as it is once its controller has done what it was told.
    private func converged(_ object: JSONValue) -> JSONValue {
        let replicas = object.at("spec", "replicas")
        return ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
            .reduce(object) { $0.setting(["status", $1], replicas) }
            .setting(["status", "observedGeneration"], object.at("metadata", "generation"))
    }

    private func run(
        _ step: ExecutionStep, _ transport: CassetteTransport, now: Int64 = Fixture.now
    ) throws -> HTTPRequest {
        let connection = try TLSReplay(transport)
        let executor = KubernetesExecutor(
            transport: connection, evidenceKey: Fixture.evidenceKey, sleep: { _ in }, now: { now })
        let before = try executor.captureState(for: step)
        _ = try executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        return try #require(transport.patches.count == 1 ? transport.patches.first : nil)
    }

    /// Same method, path, media type; the body too, apart from the version on which ours is conditional.
    private func expectSame(_ request: HTTPRequest, _ recorded: Cassette.Exchange, version: String) throws {
        let ours = try #require(RequestTarget(parsing: request.target))
        let theirs = try #require(RequestTarget(parsing: recorded.target))
        #expect(request.method == recorded.method)
        #expect(ours.segments == theirs.segments)
        #expect(request.header("Content-Type") == recorded.contentType)
        #expect(ours.value(of: "fieldManager") == "agentsafe")
        #expect(ours.value(of: "fieldValidation") == "Strict")
        let body = try JSONValue(parsing: request.body)
        if case .array(let operations) = body {
            #expect(operations.first == ["op": "test", "path": "/metadata/resourceVersion", "value": .string(version)])
            #expect(JSONValue.array(Array(operations.dropFirst())) == recorded.requestJSON)
        } else {
            #expect(body["metadata"] == ["resourceVersion": .string(version)])
            #expect(body.setting(["metadata"], nil) == recorded.requestJSON)
        }
    }

    @Test("a restart sets the annotation that kubectl sets")
    func restart() throws {
        let exchange = try Cassette("deployment-restart-strategic").exchanges[0]
        let transport = CassetteTransport(
            exchange, objectPath: path, before: try Cassette.object("deployment-get"),
            after: converged(try #require(exchange.response)))
        let noon = try #require(Timestamp("2026-11-22T12:00:00Z")).seconds
        let request = try run(Fixture.step("restart-deployment", target), transport, now: noon)
        try expectSame(request, exchange, version: "299")
    }

    @Test("scaling patches the scale subresource")
    func scale() throws {
        let exchange = try Cassette("deployment-scale-merge").exchanges[1]
        let before = try Cassette.object("deployment-restart-strategic")
        let transport = CassetteTransport(
            exchange, objectPath: path, before: before, after: converged(before.setting(["spec", "replicas"], 5)))
        var parameters = target
        parameters["replicas"] = 5
        let request = try run(Fixture.step("scale-deployment", parameters), transport)
        try expectSame(request, exchange, version: "300")
    }

    @Test("an image is set by the container's name")
    func image() throws {
        let exchange = try Cassette("deployment-image-strategic").exchanges[0]
        let transport = CassetteTransport(
            exchange, objectPath: path, before: try Cassette.object("deployment-restart-strategic"),
            after: converged(try #require(exchange.response)))
        let parameters = target.merging(["container": "web", "image": "registry.example/web:2.0"]) { $1 }
        let request = try run(Fixture.step("update-image", parameters), transport)
        try expectSame(request, exchange, version: "300")
    }

    @Test("an undo takes the older replica set's template and keeps the bookkeeping")
    func undo() throws {
        let exchange = try Cassette("deployment-undo-jsonpatch").exchanges[0]
        let transport = CassetteTransport(
            exchange, objectPath: path, before: try Cassette.object("deployment-field-validation"),
            after: converged(try #require(exchange.response)),
            lists: [
                "/apis/apps/v1/namespaces/shop/replicasets": try Cassette.object("replicasets-by-selector")
            ])
        let request = try run(Fixture.step("rollout-undo", target), transport)
        try expectSame(request, exchange, version: "531")
    }

    @Test("cordon sets a flag, uncordon removes it", arguments: [("cordon-node", 0), ("uncordon-node", 2)])
    func cordon(action: String, index: Int) throws {
        let exchanges = try Cassette("node-cordon").exchanges
        let before = try #require(exchanges[index == 0 ? 2 : 1].response)
        let transport = CassetteTransport(
            exchanges[index], objectPath: "/api/v1/nodes/fake-node-1", before: before, after: before)
        let request = try run(Fixture.step(action, ["node": "fake-node-1"]), transport)
        try expectSame(request, exchanges[index], version: index == 0 ? "811" : "810")
    }

    @Test("a config map's key is set by merge patch")
    func configMap() throws {
        // The recorded patch sets one key and removes another; ours sets one.
        let exchange = try Cassette("configmap-patch").exchanges[0]
        let before = try Cassette.object("configmap-get")
        let transport = CassetteTransport(
            exchange, objectPath: "/api/v1/namespaces/shop/configmaps/settings", before: before, after: before)
        let request = try run(
            Fixture.step(
                "update-configmap",
                ["namespace": "shop", "configmap": "settings", "key": "LOG_LEVEL", "value": "debug"]), transport)
        #expect(request.header("Content-Type") == exchange.contentType)
        #expect(
            try JSONValue(parsing: request.body)
                == ["metadata": ["resourceVersion": "879"], "data": ["LOG_LEVEL": "debug"]])
    }

    @Test("replica sets are listed by the deployment's own selector")
    func selector() throws {
        let exchange = try Cassette("replicasets-by-selector").exchanges[0]
        let deployment = try Cassette.object("deployment-field-validation")
        let transport = ScriptedTransport { request in
            let isList = request.target.contains("/replicasets")
            return HTTPResponse(
                status: 200, body: isList ? exchange.responseBody : deployment.canonicalBytes)
        }
        let executor = KubernetesExecutor(
            transport: try TLSReplay(transport), evidenceKey: Fixture.evidenceKey, sleep: { _ in },
            now: { Fixture.now })
        let step = Fixture.step("rollout-undo", target, prechecks: ["deployment-exists", "revision-exists"])
        #expect(try executor.runPrechecks(for: step).allSatisfy(\.passed))
        let last = try #require(transport.requests.last)
        let ours = try #require(RequestTarget(parsing: last.target))
        let theirs = try #require(RequestTarget(parsing: exchange.target))
        #expect(ours.segments == theirs.segments)
        #expect(ours.value(of: "labelSelector") == theirs.value(of: "labelSelector"))
    }

    @Test(
        "no error repeats the object that a 422 quotes",
        arguments: [
            ("configmap-patch", 2), ("deployment-bad-patch-400-415", 1),
        ])
    func redaction(name: String, index: Int) throws {
        let exchange = try Cassette(name).exchanges[index]
        let before = try Cassette.object("configmap-get")
        let transport = CassetteTransport(
            exchange, objectPath: "/api/v1/namespaces/shop/configmaps/settings", before: before, after: before)
        let step = Fixture.step(
            "update-configmap", ["namespace": "shop", "configmap": "settings", "key": "PORT", "value": "8080"])
        let error = try #require(try Bench(try TLSReplay(transport)).failure(step))
        #expect(error.code == .invalid && !error.mayHaveBeenApplied)
        #expect(error.message.contains("422 Invalid (patch: FieldValueInvalid)"))
        #expect(!error.message.contains("AAECAw") && !error.message.contains("registry.example"))
        #expect(error.message.utf8.count < 400)
    }

    @Test(
        "what a server answers decides between failed and unknown",
        arguments: [
            (401, ExecutionError.Code.refused, false), (403, .refused, false), (404, .notFound, false),
            (409, .conflict, false), (415, .invalid, false), (422, .invalid, false), (500, .unreachable, true),
            (504, .unreachable, true),
        ])
    func statuses(status: Int, code: ExecutionError.Code, mayHaveBeenApplied: Bool) throws {
        let before = try Cassette.object("configmap-get")
        let transport = ScriptedTransport { request in
            request.method == "GET"
                ? HTTPResponse(status: 200, body: before.canonicalBytes)
                : HTTPResponse(status: status, body: Array(#"{"kind":"Status","reason":"Some secret text"}"#.utf8))
        }
        let step = Fixture.step(
            "update-configmap", ["namespace": "shop", "configmap": "settings", "key": "A", "value": "b"])
        let error = try #require(try Bench(try TLSReplay(transport)).failure(step))
        #expect(error.code == code)
        #expect(error.mayHaveBeenApplied == mayHaveBeenApplied)
        #expect(!error.message.contains("secret"))
    }

    @Test("a busy server is asked again after the time it names, then left alone")
    func busy() throws {
        let before = try Cassette.object("configmap-get")
        let transport = ScriptedTransport { request in
            request.method == "GET"
                ? HTTPResponse(status: 200, body: before.canonicalBytes)
                : HTTPResponse(status: 429, headers: [("Retry-After", "7")], body: Array("too many".utf8))
        }
        let bench = Bench(transport)
        let step = Fixture.step(
            "update-configmap", ["namespace": "shop", "configmap": "settings", "key": "A", "value": "b"])
        let error = try #require(try bench.failure(step))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied)
        #expect(bench.transport.mutations.count == 3)
        #expect(bench.slept == 21_000)
    }
}
