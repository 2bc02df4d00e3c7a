import ChangeModel
import EmbeddedCluster
import HTTP
import Testing

/// The embedded cluster against what a real server answered, word by word. `CassetteSweepTests` goes through all that was
/// recorded, and says what is answered otherwise.
@Suite("the embedded cluster answers as the recorded server did")
struct ClusterConformanceTests {
    private func cluster(_ objects: [JSONValue], version: String = "") throws -> EmbeddedCluster {
        let list: JSONValue = [
            "apiVersion": "v1", "kind": "List", "metadata": ["resourceVersion": .string(version)],
            "items": .array(objects),
        ]
        return try EmbeddedCluster(objects: list, clock: { Fixture.now })
    }

    /// The deployment `web` in the state in which most patches were recorded.
    private static func settled() throws -> JSONValue { try Cassette.object("deployment-field-validation") }

    @Test(
        "errors have the recorded status and body",
        arguments: [
            ("deployment-get-404", [0, 1, 2]), ("deployment-bad-patch-400-415", [0, 2, 3, 4]),
            ("deployment-conflict-409", [0, 1, 2, 3]), ("deployment-invalid-422", [0, 1, 2, 3, 4]),
            ("deployment-dryrun", [2, 3]), ("deployment-field-validation", [1]), ("deployment-scale-merge", [3]),
            ("hpa-patch", [1]), ("list-bad-selector-400", [0, 1, 2]), ("method-not-allowed-405", [0]),
        ])
    func errors(name: String, indices: [Int]) throws {
        let cassette = try Cassette(name)
        for index in indices {
            let exchange = cassette.exchanges[index]
            let cluster = try cluster([try Self.settled(), try Cassette.object("hpa-get")])
            let before = cluster.objects
            let response = try cluster.send(exchange.request)
            let expected = try #require(exchange.response)
            #expect(expected["kind"] == "Status")
            #expect(response.status == exchange.status, "\(name) \(index)")
            #expect(try JSONValue(parsing: response.body) == expected, "\(name) \(index)")
            #expect(cluster.objects == before)
        }
    }

    /// The object is quoted in another order of keys, which no client can rely on.
    @Test(
        "a type error is answered with a message that quotes the whole object",
        arguments: [
            ("deployment-bad-patch-400-415", 1), ("configmap-patch", 2),
        ])
    func quotingErrors(name: String, index: Int) throws {
        let exchange = try Cassette(name).exchanges[index]
        let response = try cluster([try Self.settled(), try Cassette.object("configmap-get")]).send(exchange.request)
        let (ours, theirs) = (try JSONValue(parsing: response.body), try #require(exchange.response))
        func frame(_ text: String?) -> [String] {
            let text = text ?? ""
            // What stands before and behind the quoted object.
            return [String(text.prefix { $0 != "{" }), text.split(separator: "\": ").last.map(String.init) ?? ""]
        }
        #expect(response.status == 422)
        #expect(frame(ours["message"]?.stringValue) == frame(theirs["message"]?.stringValue))
        #expect(ours["reason"] == theirs["reason"] && ours["code"] == theirs["code"])
        let (cause, expected) = (
            ours.at("details", "causes")?.arrayValue?.first, theirs.at("details", "causes")?.arrayValue?.first
        )
        #expect(cause?["reason"] == expected?["reason"] && cause?["field"] == expected?["field"])
        #expect(frame(cause?["message"]?.stringValue) == frame(expected?["message"]?.stringValue))
        #expect(ours["message"]?.stringValue?.contains("metadata") == true)
    }

    @Test(
        "an object comes back as it was",
        arguments: [
            "deployment-get", "configmap-get", "secret-get", "hpa-get",
        ])
    func objects(name: String) throws {
        let exchange = try Cassette(name).exchanges[0]
        let object = try #require(exchange.response)
        let response = try cluster([object]).send(exchange.request)
        #expect(response.status == 200)
        #expect(try JSONValue(parsing: response.body) == object)
        #expect(response.header("content-type") == "application/json")
    }

    @Test("replica sets are found by label, without their kind in each item")
    func replicaSets() throws {
        let exchange = try Cassette("replicasets-by-selector").exchanges[0]
        let list = try #require(exchange.response)
        // A typed list is a file, too.
        let cluster = try EmbeddedCluster(objects: list, clock: { Fixture.now })
        let ours = try JSONValue(parsing: try cluster.send(exchange.request).body)
        #expect(ours["kind"] == list["kind"] && ours["apiVersion"] == list["apiVersion"])
        #expect(ours["items"] == list["items"])
        let other = try cluster.ask("GET", "/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app%3Dother")
        #expect(other.body["items"] == [])
    }

    @Test("pods of one node come in the recorded pages")
    func pages() throws {
        let exchanges = try Cassette("pods-by-node-paged").exchanges
        let pages = try exchanges.map { try #require($0.response) }
        let items = pages.flatMap { $0["items"]?.arrayValue ?? [] }
        let pods: JSONValue = ["kind": "PodList", "apiVersion": "v1", "items": .array(items)]
        let cluster = try EmbeddedCluster(objects: pods, clock: { Fixture.now })
        var token = ""
        for page in pages {
            let target = "/api/v1/pods?fieldSelector=spec.nodeName%3Dfake-node-1&limit=3"
            let ours = try cluster.ask("GET", token.isEmpty ? target : target + "&continue=\(token)").body
            #expect(ours["items"] == page["items"])
            token = ours.at("metadata", "continue")?.stringValue ?? ""
        }
        // The recorded server had more; this one ends with the third page.
        #expect(token.isEmpty)
    }

    private struct Success: CustomTestStringConvertible {
        let name: String
        let indices: [Int]
        let objects: () throws -> [JSONValue]
        var testDescription: String { name }
    }

    @Test("a change is answered with the recorded object")
    func changes() throws {
        func imageBefore() throws -> JSONValue {
            // The recorded answer has the new spec and the old status.
            let text = try Cassette.object("deployment-image-strategic").setting(["metadata", "generation"], 3)
                .canonicalText
            return try JSONValue(parsing: text.replacing("registry.example/web:2.0", with: "registry.example/web:1.0"))
        }
        let cases = [
            Success(name: "deployment-restart-strategic", indices: [0]) { [try Cassette.object("deployment-get")] },
            Success(name: "deployment-image-strategic", indices: [0]) { [try imageBefore()] },
            Success(name: "deployment-undo-jsonpatch", indices: [0]) {
                [try Self.settled(), try Cassette.object("replicasets-by-selector")]
            },
            Success(name: "deployment-dryrun", indices: [0]) { [try Cassette.object("deployment-dryrun", 1)] },
            Success(name: "deployment-field-validation", indices: [0, 2]) { [try Self.settled()] },
            Success(name: "configmap-patch", indices: [0, 1]) { [try Cassette.object("configmap-get")] },
            Success(name: "hpa-patch", indices: [0, 2]) { [try Cassette.object("hpa-get")] },
            Success(name: "node-cordon", indices: [0, 1, 2]) { [try Cassette.object("node-cordon", 2)] },
            Success(name: "deployment-scale-merge", indices: [0, 1]) {
                [try Cassette.object("deployment-restart-strategic").setting(["status", "observedGeneration"], 2)]
            },
        ]
        for item in cases {
            let cassette = try Cassette(item.name)
            var objects: [JSONValue] = []
            for object in try item.objects() {
                // Parts of a list go in one by one.
                let kind = object["kind"]?.stringValue?.dropLast(4) ?? ""
                objects +=
                    object["items"]?.arrayValue?.map {
                        $0.setting(["kind"], .string(String(kind))).setting(["apiVersion"], object["apiVersion"])
                    } ?? [object]
            }
            let cluster = try cluster(objects)
            for index in item.indices {
                let exchange = cassette.exchanges[index]
                let response = try cluster.send(exchange.request)
                #expect(response.status == exchange.status, "\(item.name) \(index)")
                #expect(
                    try JSONValue(parsing: response.body).withoutVolatile
                        == exchange.response?.withoutVolatile, "\(item.name) \(index)")
                let warning = exchange.responseHeaders.first { $0.name == "Warning" }?.value
                #expect(response.header("Warning") == warning, "\(item.name) \(index)")
            }
        }
    }

    @Test("an unchanged object keeps its version, a dry run changes nothing but shows the new generation")
    func versions() throws {
        let cluster = try cluster([try Self.settled(), try Cassette.object("node-cordon", 2)])
        let path = "/apis/apps/v1/namespaces/shop/deployments/web"
        let before = cluster.objects
        let dry = try cluster.ask("PATCH", path + "?dryRun=All", MediaType.merge, #"{"spec":{"replicas":9}}"#)
        #expect(dry.body.at("metadata", "generation") == 5)
        #expect(dry.body.at("metadata", "resourceVersion") == "531")
        #expect(cluster.objects == before)
        let node = "/api/v1/nodes/fake-node-1"
        let first = try cluster.ask("PATCH", node, MediaType.strategic, #"{"spec":{"unschedulable":true}}"#)
        let second = try cluster.ask("PATCH", node, MediaType.strategic, #"{"spec":{"unschedulable":true}}"#)
        #expect(first.body == second.body)
        #expect(first.body.at("metadata", "resourceVersion") != "811")
    }

    @Test("a version that is not reached yet is a timeout that names when to ask again")
    func futureVersion() throws {
        let exchange = try Cassette("list-future-resource-version-504").exchanges[0]
        let cluster = try cluster([try Cassette.object("configmap-get")], version: "969")
        let response = try cluster.send(exchange.request)
        var body = try JSONValue(parsing: response.body)
        let current = try #require(cluster.objects.at("metadata", "resourceVersion")?.stringValue)
        let message = try #require(body["message"]?.stringValue)
        body["message"] = .string(message.replacing("current: \(current)", with: "current: 969"))
        #expect(response.status == 504 && response.header("Retry-After") == "1")
        #expect(body == exchange.response)
    }

    @Test("an empty name is the collection: read, but never patched")
    func emptyName() throws {
        let recorded = try Cassette("delete-empty-name-is-collection").exchanges
        let cluster = try cluster([try Self.settled()])
        let path = "/apis/apps/v1/namespaces/shop/deployments/"
        let list = try cluster.ask("GET", path)
        #expect(list.status == recorded[2].status && list.body["kind"] == "DeploymentList")
        let patch = try cluster.ask("PATCH", path, MediaType.merge, "{}")
        #expect(patch.status == recorded[1].status && patch.body == recorded[1].response)
    }

    @Test("it is alive", arguments: [0, 1])
    func health(index: Int) throws {
        let exchange = try Cassette("health").exchanges[index]
        let response = try cluster([try Self.settled()]).send(exchange.request)
        #expect(response.status == 200 && response.body == exchange.responseBody)
        #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
    }
}
