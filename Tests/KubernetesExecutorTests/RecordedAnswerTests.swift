import ChangeModel
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// The requests of namespaces, pods, evictions, autoscalers and network policies against the recorded ones, and what the
/// executor makes of the recorded answers.
@Suite("requests and answers of the remaining actions match the recorded ones")
struct RecordedAnswerTests {
    /// Answers reads from `objects` (404 for what is not there), and the first mutation from a recorded exchange, after which `after`
    /// is what reads find.
    private func bench(
        _ exchange: Cassette.Exchange, objects: [String: JSONValue], after: [String: JSONValue]? = nil
    ) -> Bench {
        let groups: JSONValue = [
            "groups": [
                ["name": "autoscaling", "versions": [["version": "v2"], ["version": "v1"]]],
                ["name": "policy", "versions": [["version": "v1"]]],
            ]
        ]
        var present = objects
        return Bench(
            ScriptedTransport { request in
                if request.method != "GET" {
                    if let after { present = after }
                    return HTTPResponse(
                        status: exchange.status, headers: exchange.responseHeaders, body: exchange.responseBody)
                }
                let path = String(request.target.prefix { $0 != "?" })
                if path == "/apis" { return HTTPResponse(status: 200, body: groups.canonicalBytes) }
                guard let object = present[path] else {
                    let segments = path.split(separator: "/").map(String.init)
                    let status: JSONValue = [
                        "kind": "Status", "reason": "NotFound",
                        "details": [
                            "name": .string(segments.last ?? ""), "kind": .string(segments.dropLast().last ?? ""),
                        ],
                    ]
                    return HTTPResponse(status: 404, body: status.canonicalBytes)
                }
                return HTTPResponse(status: 200, body: object.canonicalBytes)
            }, timeout: 20)
    }

    /// Same method, path and media type.
    private func expectSame(
        _ request: HTTPRequest, _ recorded: Cassette.Exchange, location: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let ours = try #require(RequestTarget(parsing: request.target), sourceLocation: location)
        let theirs = try #require(RequestTarget(parsing: recorded.target), sourceLocation: location)
        #expect(request.method == recorded.method && ours.segments == theirs.segments, sourceLocation: location)
        if let type = recorded.contentType {
            #expect(request.header("Content-Type") == type, sourceLocation: location)
        }
    }

    @Test("a namespace is created by the recorded request, and a name that is taken meanwhile is a conflict")
    func namespaceCreate() throws {
        let exchanges = try Cassette("namespace-create").exchanges
        let created = bench(exchanges[0], objects: [:])
        let step = try DefaultCatalogue.step("create-namespace", ["namespace": "shop"])
        let before = try created.executor.captureState(for: step)
        _ = try created.execute(step, before: before)
        let request = try #require(created.transport.mutations.first)
        try expectSame(request, exchanges[0])
        #expect(
            try JSONValue(parsing: request.body)
                == exchanges[0].requestJSON?.setting(["metadata", "labels"], nil))
        let object = try #require(exchanges[0].response)
        let taken = bench(exchanges[1], objects: [:], after: ["/api/v1/namespaces/shop": object])
        let error = try #require(try taken.failure(step, before: before))
        #expect(error.code == .conflict && !error.mayHaveBeenApplied && taken.transport.mutations.count == 1)
    }

    @Test("a protected namespace is refused by the server without its words")
    func protectedNamespace() throws {
        let exchange = try Cassette("namespace-delete").exchanges[4]
        let path = "/api/v1/namespaces/shop-doomed"
        let object = try #require(try Cassette("namespace-delete").exchanges[0].response)
        let bench = bench(exchange, objects: [path: object])
        let step = try DefaultCatalogue.step("delete-namespace", ["namespace": "shop-doomed"])
        let error = try #require(try bench.failure(step))
        #expect(error.code == .refused && !error.mayHaveBeenApplied)
        #expect(error.message.contains("403 Forbidden") && !error.message.contains("may not be deleted"))
    }

    @Test("a pod is deleted by the recorded request, and one of another uid is left alone")
    func podDelete() throws {
        let exchanges = try Cassette("pod-delete").exchanges
        let path = "/api/v1/namespaces/shop/pods/web-746fc67c44-76qnd"
        let pod = try #require(exchanges[0].response).setting(["metadata", "deletionTimestamp"], nil)
        let step = try DefaultCatalogue.step("delete-pod", ["namespace": "shop", "pod": "web-746fc67c44-76qnd"])
        let gone = bench(exchanges[0], objects: [path: pod], after: [:])
        let before = try gone.executor.captureState(for: step)
        #expect(try gone.execute(step, before: before).summary == "deleted pod `shop/web-746fc67c44-76qnd`")
        let request = try #require(gone.transport.mutations.first)
        try expectSame(request, exchanges[0])
        #expect(try JSONValue(parsing: request.body).at("preconditions", "uid") == pod.at("metadata", "uid"))
        let other = pod.setting(["metadata", "uid"], "another").setting(["metadata", "resourceVersion"], "1")
        let replaced = bench(exchanges[3], objects: [path: pod], after: [path: other])
        #expect(try replaced.failure(step, before: before)?.code == .conflict)
    }

    @Test("an eviction is the recorded request, and the recorded 429 is tried again and is no failure of the server")
    func eviction() throws {
        let exchanges = try Cassette("eviction-success").exchanges
        let pod = try #require(try Cassette("pod-delete").exchanges[0].response)
            .setting(["metadata", "deletionTimestamp"], nil)
            .setting(["metadata", "name"], "web-746fc67c44-cnctt").setting(["spec", "volumes"], nil)
        let node = try Cassette.object("node-cordon", 0)
        let path = "/api/v1/nodes/fake-node-1"
        let pods: JSONValue = ["items": [pod]]
        let step = try DefaultCatalogue.step("drain-node", ["node": "fake-node-1", "timeout": 30])
        let evicted = bench(
            exchanges[1], objects: [path: node, "/api/v1/pods": pods],
            after: [path: node, "/api/v1/pods": ["items": []]])
        _ = try evicted.execute(step)
        let request = try #require(evicted.transport.mutations.first)
        try expectSame(request, exchanges[1])
        #expect(
            try JSONValue(parsing: request.body).setting(["deleteOptions"], nil) == exchanges[1].requestJSON)
        let blocked = bench(
            try Cassette("eviction-blocked-429").exchanges[0], objects: [path: node, "/api/v1/pods": pods])
        let error = try #require(try blocked.failure(step))
        #expect(error.code == .notConverged && error.mayHaveBeenApplied && error.message.contains("budget forbids"))
        #expect(blocked.transport.mutations.count >= 6 && blocked.slept >= 30_000)
    }

    @Test("an autoscaler is changed by merge patch, and the recorded refusal names the field alone")
    func autoscaler() throws {
        let exchanges = try Cassette("hpa-patch").exchanges
        let path = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"
        let object = try Cassette.object("hpa-get")
        let step = try DefaultCatalogue.step(
            "scale-hpa", ["namespace": "shop", "hpa": "web", "min_replicas": 1, "max_replicas": 3])
        let refused = bench(exchanges[1], objects: [path: object])
        let error = try #require(try refused.failure(step))
        try expectSame(try #require(refused.transport.mutations.first), exchanges[1])
        #expect(error.code == .invalid && error.message.contains("spec.maxReplicas: FieldValueInvalid"))
    }

    @Test("a network policy is applied by the recorded request, and the recorded conflict names the field alone")
    func networkPolicy() throws {
        let exchanges = try Cassette("networkpolicy-apply-ssa").exchanges
        let step = try DefaultCatalogue.step(
            "apply-network-policy", ["namespace": "shop", "policy_name": "deny-all", "pod_selector": "app=web"])
        let selected = try #require(exchanges[1].response)
            .setting(["spec", "podSelector"], ["matchLabels": ["app": "web"]])
        let exchange = Cassette.Exchange(
            method: "PATCH", target: exchanges[1].target, contentType: exchanges[1].contentType, accept: exchanges[1].accept,
            requestBody: [],
            status: 201, responseHeaders: [], responseBody: selected.canonicalBytes)
        let applied = bench(exchange, objects: [:])
        _ = try applied.execute(step)
        let request = try #require(applied.transport.mutations.first)
        try expectSame(request, exchanges[1])
        #expect(
            try JSONValue(parsing: request.body)
                == exchanges[1].requestJSON?.setting(["spec", "podSelector"], ["matchLabels": ["app": "web"]]))
        let conflict = bench(try Cassette("deployment-apply-ssa").exchanges[2], objects: [:])
        let error = try #require(try conflict.failure(step))
        #expect(error.code == .conflict && error.message.contains(".spec.replicas: FieldManagerConflict"))
        #expect(!error.message.contains("our-client") && conflict.transport.mutations.count == 1)
    }

    @Test("a recorded secret is recorded by names and keyed hashes")
    func secret() throws {
        let exchange = try Cassette("secret-get").exchanges[0]
        let bench = bench(exchange, objects: ["/api/v1/namespaces/shop/secrets/db": try #require(exchange.response)])
        let step = try DefaultCatalogue.step("get-secret", ["namespace": "shop", "secret": "db"])
        let state = try bench.executor.captureState(for: step)
        let data = try #require(state.fields["data"]?.objectValue)
        #expect(data.keys.sorted() == ["password", "user"])
        #expect(data.values.allSatisfy { $0.stringValue?.hasPrefix("hmac-sha256:") == true })
        #expect(!"\(state)".contains("dGVzdC1vbmx5"))
        #expect(try bench.execute(step).secretOutput == ["data": exchange.response?["data"] ?? .null])
    }

    @Test(
        "recorded refusals of rights decide nothing and quote nothing",
        arguments: ["forbidden-403", "unauthorized-401"])
    func rights(name: String) throws {
        let exchange = try Cassette(name).exchanges[0]
        let bench = Bench(
            ScriptedTransport { _ in
                HTTPResponse(status: exchange.status, headers: exchange.responseHeaders, body: exchange.responseBody)
            })
        for action in AllActions.names {
            let error = #expect(throws: ExecutionError.self) {
                try bench.executor.captureState(for: try AllActions.step(action))
            }
            #expect(error?.code == .refused && error?.mayHaveBeenApplied == false)
            #expect(error?.message.contains("token-") == false && error?.message.contains("cannot get") == false)
        }
    }
}
