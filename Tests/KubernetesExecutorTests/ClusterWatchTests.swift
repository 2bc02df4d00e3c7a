import ChangeModel
import EmbeddedCluster
import HTTP
import OperatingSystem
import TestSupport
import Testing

@Suite("watches of the embedded cluster")
struct ClusterWatchTests {
    private static let path = "/apis/apps/v1/namespaces/staging/deployments"

    /// The events of one watch, and the status that it was answered with.
    private func watch(
        _ cluster: EmbeddedCluster, _ query: String, of path: String = path, until: (JSONValue) -> Bool = { _ in false }
    ) throws -> (status: Int, events: [JSONValue]) {
        var events: [JSONValue] = []
        let separator = query.isEmpty ? "" : "&"
        let response = try withoutActuallyEscaping(until) { until in
            try cluster.stream(
                HTTPRequest(method: "GET", target: "\(path)?watch=true\(separator)\(query)"), idleTimeout: 1
            ) { line in
                guard line.last == 0x0A, let event = try? JSONValue(parsing: Array(line.dropLast())) else { return .stop }
                events.append(event)
                return until(event) ? .stop : .goOn
            }
        }
        return (response.status, events)
    }

    private func types(_ events: [JSONValue]) -> [String] { events.compactMap { $0["type"]?.stringValue } }

    private func version(_ object: JSONValue) -> Int64 {
        object.at("metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) } ?? 0
    }

    @Test("a rollout is told of as the recorded one, change for change, in the order of their versions")
    func rollout() throws {
        let cluster = try Fixture.cluster()
        let before = version(try cluster.ask("GET", "\(Self.path)/api").body)
        let image: JSONValue = [
            "spec": ["template": ["spec": ["containers": [["name": "api", "image": "registry.example/api:2"]]]]]
        ]
        let name = try #require(
            try cluster.ask("GET", "\(Self.path)/api").body.at("spec", "template", "spec", "containers")?.arrayValue?
                .first?["name"])
        let patch = try cluster.ask(
            "PATCH", "\(Self.path)/api", MediaType.strategic,
            image.canonicalText.replacing(#""name":"api""#, with: #""name":"\#(name.stringValue ?? "")""#))
        #expect(patch.status == 200)
        let (status, events) = try watch(cluster, "fieldSelector=metadata.name%3Dapi&resourceVersion=\(before)")
        let recorded = String(decoding: try Cassette("deployment-watch-rollout").exchanges[0].responseBody, as: UTF8.self)
            .split(separator: "\n").map { try? JSONValue(parsing: String($0)) }
        #expect(status == 200 && recorded.count == 3)
        for (ours, theirs) in zip(events, recorded) {
            #expect(ours["type"] == theirs?["type"])
            #expect(ours.objectValue?.keys.sorted() == theirs?.objectValue?.keys.sorted())
            #expect(CassetteSweepTests.shape(ours["object"])["keys"] == CassetteSweepTests.shape(theirs?["object"])["keys"])
        }
        // First the new spec with the old status, and at its end all replicas of it.
        #expect(events.first?.at("object", "status", "observedGeneration") == 1)
        #expect(events.last?.at("object", "status", "observedGeneration") == 2)
        #expect(events.last?.at("object", "status", "updatedReplicas") == 3)
        #expect(events.last?.at("object", "status", "availableReplicas") == 3)
        let versions = events.map { version($0["object"] ?? [:]) }
        #expect(versions == versions.sorted() && Set(versions).count == versions.count && events.count > 3)
        #expect(try cluster.ask("GET", "\(Self.path)/api").body == events.last?["object"])
    }

    @Test("it ends when the receiver has seen enough, and by itself when nothing happens any more")
    func end() throws {
        let cluster = try Fixture.cluster()
        let start = try cluster.ask("PATCH", "\(Self.path)/api", MediaType.merge, #"{"spec":{"replicas":5}}"#).body
        #expect(try watch(cluster, "resourceVersion=\(version(start))") { _ in true }.events.count == 1)
        let rest = try watch(cluster, "resourceVersion=\(version(start))").events
        #expect(rest.last?.at("object", "status", "availableReplicas") == 5)
        let last = version(rest.last?["object"] ?? [:])
        #expect(try watch(cluster, "resourceVersion=\(last)").events.isEmpty)
    }

    @Test(
        "without a version, or from 0, it begins with what is there; selectors say what comes and goes",
        arguments: ["", "resourceVersion=0"])
    func beginning(query: String) throws {
        let cluster = try Fixture.cluster()
        let maps = "/api/v1/namespaces/staging/configmaps"
        #expect(try types(watch(cluster, query, of: maps).events) == ["ADDED"])
        let version = version(try cluster.ask("GET", maps).body)
        _ = try cluster.ask("PATCH", "\(maps)/settings", MediaType.merge, #"{"metadata":{"labels":{"a":"b"}}}"#)
        _ = try cluster.ask("PATCH", "\(maps)/settings", MediaType.merge, #"{"data":{"x":"y"}}"#)
        _ = try cluster.ask("PATCH", "\(maps)/settings", MediaType.merge, #"{"metadata":{"labels":{"a":null}}}"#)
        _ = try cluster.ask("DELETE", "\(maps)/settings")
        let all = try watch(cluster, "resourceVersion=\(version)", of: maps).events
        #expect(types(all) == ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"])
        let some = try watch(cluster, "resourceVersion=\(version)&labelSelector=a%3Db", of: maps).events
        #expect(types(some) == ["ADDED", "MODIFIED", "DELETED"])
        // An object that is gone carries the version at which it went.
        #expect(self.version(all.last?["object"] ?? [:]) == self.version(try cluster.ask("GET", maps).body))
        // One object alone, by its own path.
        #expect(try types(watch(cluster, "resourceVersion=\(version)", of: "\(maps)/settings").events) == types(all))
        #expect(try watch(cluster, "resourceVersion=\(version)", of: "\(maps)/other").events.isEmpty)
    }

    @Test("a version that nobody remembers is gone, one that is to come times out, and nonsense is refused")
    func versions() throws {
        let cluster = try Fixture.cluster()
        let old = try watch(cluster, "resourceVersion=1")
        #expect(old.status == 200 && types(old.events) == ["ERROR"])
        #expect(old.events.first?.at("object", "code") == 410 && old.events.first?.at("object", "reason") == "Expired")
        #expect(try watch(cluster, "resourceVersion=99999").status == 504)
        #expect(try watch(cluster, "resourceVersion=x").status == 400)
        #expect(try watch(cluster, "labelSelector=%3D%3D").status == 400)
        #expect(try watch(cluster, "", of: "/api/v1/nothing").status == 404)
        #expect(try watch(cluster, "", of: "\(Self.path)/api/scale").status == 405)
        // A long history is not kept whole.
        let start = version(try cluster.ask("GET", "/api/v1/namespaces/staging/configmaps").body)
        for number in 0..<1100 {
            _ = try cluster.ask(
                "PATCH", "/api/v1/namespaces/staging/configmaps/settings", MediaType.merge, #"{"data":{"x":"\#(number)"}}"#)
        }
        let maps = "/api/v1/namespaces/staging/configmaps"
        #expect(try types(watch(cluster, "resourceVersion=\(start)", of: maps).events) == ["ERROR"])
        #expect(try watch(cluster, "resourceVersion=\(start + 500)", of: maps).events.count == 600)
    }

    @Test("what another process writes ends a watch, for nobody saw what happened between")
    func others() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("cluster.json", Fixture.list([Fixture.deployment(), Fixture.node("a")]).canonicalText)
        let cluster = try EmbeddedCluster.open(path: path, clock: { Fixture.now })
        let start = try cluster.ask("PATCH", "\(Self.path)/api", MediaType.merge, #"{"spec":{"replicas":9}}"#).body
        var isDone = false
        let (status, events) = try watch(cluster, "resourceVersion=\(version(start))") { _ in
            guard !isDone else { return false }
            isDone = true
            let other = try? EmbeddedCluster.open(path: path, clock: { Fixture.now })
            _ = try? other?.ask("PATCH", "\(Self.path)/api", MediaType.merge, #"{"spec":{"replicas":2}}"#)
            return false
        }
        #expect(status == 200 && types(events).last == "ERROR" && types(events).dropLast().allSatisfy { $0 == "MODIFIED" })
    }
}
