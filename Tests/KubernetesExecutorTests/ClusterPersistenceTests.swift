import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import OperatingSystem
import Runner
import Testing

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String
    init() throws { path = try Files.temporaryDirectory(in: "/tmp", prefix: "embedded-cluster-") }
    deinit { try? Files.removeTree(path) }

    func file(_ content: String, _ name: String = "cluster.json") throws -> String {
        let file = "\(path)/\(name)"
        try Files.create(file, Array(content.utf8), mode: 0o600)
        return file
    }
}

@Suite("the cluster's file")
struct ClusterPersistenceTests {
    private let deploymentPath = "/apis/apps/v1/namespaces/staging/deployments/api"

    private func open(_ path: String) throws -> EmbeddedCluster {
        try EmbeddedCluster.open(path: path, clock: { Fixture.now })
    }

    @Test("what was changed is there after reopening, and is a list that kubectl's readers know")
    func reopening() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(
            Fixture.list([Fixture.deployment(), Fixture.configMap, Fixture.kubeSystem]).canonicalText)
        let bench = Bench(try open(path))
        let update = Fixture.step(
            "update-image", Fixture.target.merging(["container": "api", "image": "registry.example/api:2.0"]) { $1 })
        _ = try bench.execute(update)
        let after = try bench.executor.captureState(for: update)
        let content = try JSONValue(parsing: try Files.read(path))
        #expect(content["kind"] == "List" && content["apiVersion"] == "v1")
        #expect(Files.permissions(path) == 0o600)
        // Another process goes on where this one stopped.
        let later = Bench(try open(path))
        #expect(try later.executor.captureState(for: update) == after)
        _ = try later.execute(Fixture.step("rollout-undo", Fixture.target))
        #expect(
            try later.executor.captureState(for: update).fields["current_image"] == "registry.example/api:1.0")
        #expect(try Files.list(folder.path) == ["cluster.json"])
    }

    @Test("a rollout that was cut off goes on after reopening")
    func rolloutAcrossProcesses() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Fixture.deployment(replicas: 6).canonicalText)
        let patch = #"{"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}}"#
        #expect(try open(path).ask("PATCH", deploymentPath, MediaType.merge, patch).status == 200)
        var reads = 0
        while reads < 20 {
            reads += 1
            let object = try open(path).ask("GET", deploymentPath).body
            let status = try #require(object["status"])
            if status["observedGeneration"] == 2, status["updatedReplicas"] == 6, status["replicas"] == 6,
                status["availableReplicas"] == 6
            {
                break
            }
        }
        #expect((3...8).contains(reads))
    }

    @Test("reading a settled cluster writes nothing")
    func quietReads() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Fixture.list([Fixture.deployment(), Fixture.node("node-1")]).canonicalText)
        let before = try Files.read(path)
        let cluster = try open(path)
        for _ in 0..<3 { _ = try cluster.ask("GET", deploymentPath) }
        #expect(try Files.read(path) == before)
    }

    @Test("versions only grow, over restarts as well")
    func growingVersions() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Fixture.list([Fixture.configMap]).canonicalText)
        let target = "/api/v1/namespaces/staging/configmaps/settings"
        var last: Int64 = 0
        for number in 0..<4 {
            let body = #"{"data":{"N":"\#(number)"}}"#
            let answer = try open(path).ask("PATCH", target, MediaType.merge, body).body
            let version = try #require(answer.at("metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) })
            #expect(version > last)
            last = version
        }
    }

    @Test("what another process wrote is seen, and a stale version conflicts with it")
    func twoProcesses() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Fixture.list([Fixture.configMap]).canonicalText)
        let target = "/api/v1/namespaces/staging/configmaps/settings"
        let (first, second) = (try open(path), try open(path))
        let old = try #require(try first.ask("GET", target).body.at("metadata", "resourceVersion")?.stringValue)
        #expect(try second.ask("PATCH", target, MediaType.merge, #"{"data":{"A":"2"}}"#).status == 200)
        #expect(try first.ask("GET", target).body.at("data", "A") == "2")
        let stale = #"{"metadata":{"resourceVersion":"\#(old)"},"data":{"A":"1"}}"#
        #expect(try first.ask("PATCH", target, MediaType.merge, stale).status == 409)
    }

    @Test("of writers at one time each one's write is there in the end")
    func writersAtOnce() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Fixture.list([Fixture.configMap]).canonicalText)
        let target = "/api/v1/namespaces/staging/configmaps/settings"
        try await withThrowingTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    let cluster = try EmbeddedCluster.open(path: path, clock: { Fixture.now })
                    for number in 0..<25 {
                        let patch = #"{"data":{"W\#(writer)-\#(number)":"here"}}"#
                        #expect(try cluster.ask("PATCH", target, MediaType.merge, patch).status == 200)
                    }
                }
            }
            try await group.waitForAll()
        }
        let data = try open(path).ask("GET", target).body["data"]?.objectValue ?? [:]
        #expect(data.keys.count { $0.hasPrefix("W") } == 100)
    }

    @Test("objects of other kinds stay in the file")
    func otherKinds() throws {
        let folder = try TemporaryFolder()
        let service: JSONValue = [
            "apiVersion": "v1", "kind": "Endpoints", "metadata": ["name": "api"], "spec": ["x": 1],
        ]
        let path = try folder.file(Fixture.list([Fixture.configMap, service]).canonicalText)
        let cluster = try open(path)
        let target = "/api/v1/namespaces/staging/configmaps/settings"
        #expect(try cluster.ask("PATCH", target, MediaType.merge, #"{"data":{"A":"1"}}"#).status == 200)
        let items = try JSONValue(parsing: try Files.read(path))["items"]?.arrayValue ?? []
        #expect(items.contains(service))
    }

    @Test("the same file is the same cluster, and another one is another")
    func identity() throws {
        func uid(_ objects: [JSONValue]) throws -> JSONValue? {
            let cluster = try EmbeddedCluster(objects: Fixture.list(objects), clock: { Fixture.now })
            return try cluster.ask("GET", "/api/v1/namespaces/kube-system").body.at("metadata", "uid")
        }
        let one = try uid([Fixture.configMap])
        #expect(one != nil)
        // Content may change, and still it is that cluster.
        #expect(try uid([Fixture.configMap.setting(["data", "A"], "1")]) == one)
        #expect(try uid([Fixture.deployment()]) != one)
    }

    @Test(
        "a file that is no cluster is refused with its place",
        arguments: [
            ("", "line 1, column 1"), ("{", "line 1, column 2"), ("{\"kind\": \"List\",\n \"items\": [}", "line 2"),
            ("[]", "`kind` is missing"), ("{\"kind\":\"List\"}", "without `items`"),
            (#"{"kind":"List","items":[7]}"#, "items[0] is no object"),
            (#"{"kind":"List","items":[{"kind":"Pod","apiVersion":"v1"}]}"#, "items[0] has no valid `metadata.name`"),
            (#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"../a"}}"#, "has no valid `metadata.name`"),
            (
                #"{"kind":"Deployment","apiVersion":"extensions/v1beta1","metadata":{"name":"a"}}"#,
                "export it as `apps/v1`"
            ),
            (
                #"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"}}"#,
                "no `spec.selector.matchLabels`"
            ),
            (
                #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"n":1}}"#,
                "has a field of a wrong type"
            ),
            (
                #"{"kind":"List","items":[{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}},"#
                    + #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}}]}"#, "a second `Node` named `a`"
            ),
            ("{\"kind\":\"List\",\"kind\":\"List\"}", "stands twice"),
        ])
    func corruptFiles(content: String, message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(content)
        let error = #expect(throws: EmbeddedClusterError.self) { try open(path) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(path) == true)
        #expect(try Files.read(path) == Array(content.utf8))
    }

    @Test("a missing file, a folder and a file that breaks later are told apart")
    func unreadableFiles() throws {
        let folder = try TemporaryFolder()
        #expect(throws: EmbeddedClusterError.self) { try open(folder.path + "/absent") }
        #expect(throws: EmbeddedClusterError.self) { try open(folder.path) }
        let path = try folder.file(Fixture.configMap.canonicalText)
        let cluster = try open(path)
        try Files.writeAtomically(path, Array("{".utf8))
        let error = #expect(throws: HTTPError.self) {
            try cluster.send(HTTPRequest(method: "GET", target: "/api/v1/nodes"))
        }
        #expect(error?.mayHaveBeenApplied == false && error?.message.contains(path) == true)
    }

    @Test("what cannot be written did not happen")
    func failedWrite() throws {
        let folder = try TemporaryFolder()
        // A name so long that none is left for a temporary file beside it.
        let path = "\(folder.path)/" + String(repeating: "c", count: 248)
        try Files.create(path, Array(Fixture.list([Fixture.configMap]).canonicalText.utf8))
        let cluster = try open(path)
        let target = "/api/v1/namespaces/staging/configmaps/settings"
        let before = try cluster.ask("GET", target).body
        let answer = try cluster.ask("PATCH", target, MediaType.merge, #"{"data":{"A":"1"}}"#)
        #expect(answer.status == 500)
        #expect(try cluster.ask("GET", target).body == before)
    }
}
