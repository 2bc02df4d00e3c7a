import ChangeModel
import EmbeddedCluster
import HTTP
import Testing

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere for one seed.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("rollouts of the embedded cluster")
struct RolloutTests {
    private let path = "/apis/apps/v1/namespaces/staging/deployments/api"

    private func status(_ cluster: EmbeddedCluster) throws -> (object: JSONValue, count: (String) -> Int64) {
        let object = try cluster.ask("GET", path).body
        return (object, { object.at("status", $0)?.integerValue ?? 0 })
    }

    @Test("a rollout keeps within surge and unavailability, and converges in a few reads", arguments: 0..<40)
    func bounds(number: Int) throws {
        let seed: UInt64 = 20_261_123 + UInt64(number)
        var random = SeededGenerator(state: seed)
        let replicas = Int64.random(in: 0...30, using: &random)
        let surge = Int64.random(in: 0...4, using: &random)
        let missing = Int64.random(in: 0...4, using: &random)
        let rolling: JSONValue = ["maxSurge": .integer(surge), "maxUnavailable": .integer(missing)]
        let strategy: JSONValue = ["type": "RollingUpdate", "rollingUpdate": rolling]
        let cluster = try Fixture.cluster(
            deployment: Fixture.deployment(replicas: replicas).setting(["spec", "strategy"], strategy))
        let image = #"{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"new:1"}]}}}}"#
        let changed = try cluster.ask("PATCH", path, MediaType.strategic, image).body
        // The answer and the first read have the new generation and the old status.
        #expect(changed.at("metadata", "generation") == 2 && changed.at("status", "observedGeneration") == 1)
        #expect(try status(cluster).count("observedGeneration") == 1)
        let floor = replicas - max(missing, surge == 0 ? 1 : 0)
        var reads = 0
        while reads < 40 {
            reads += 1
            let (_, count) = try status(cluster)
            #expect(count("observedGeneration") == 2, "seed \(seed)")
            #expect(count("availableReplicas") >= floor, "seed \(seed)")
            #expect(count("replicas") <= replicas + surge, "seed \(seed)")
            #expect(count("updatedReplicas") <= replicas, "seed \(seed)")
            if count("updatedReplicas") == replicas, count("replicas") == replicas,
                count("availableReplicas") == replicas
            {
                break
            }
        }
        #expect(reads <= 14, "seed \(seed)")
        let pods = try cluster.ask("GET", "/api/v1/namespaces/staging/pods?labelSelector=app%3Dapi").body
        #expect(pods["items"]?.arrayValue?.count == Int(replicas), "seed \(seed)")
    }

    @Test("with Recreate, old pods are gone before the first new one starts")
    func recreate() throws {
        let cluster = try Fixture.cluster(
            deployment: Fixture.deployment().setting(["spec", "strategy"], ["type": "Recreate"]))
        let image = #"{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"new:1"}]}}}}"#
        #expect(try cluster.ask("PATCH", path, MediaType.strategic, image).status == 200)
        var totals: [Int64] = []
        for _ in 0..<6 {
            let (_, count) = try status(cluster)
            totals.append(count("replicas"))
            #expect(count("updatedReplicas") == 0 || count("replicas") == count("updatedReplicas"))
        }
        #expect(totals.contains(0) && totals.last == 3)
    }

    @Test("without a schedulable node no pod starts, and after an uncordon it does")
    func cordonedNodes() throws {
        let objects = Fixture.list([Fixture.deployment(), Fixture.node("node-1")])
        let cluster = try EmbeddedCluster(objects: objects, clock: { Fixture.now })
        let node = "/api/v1/nodes/node-1"
        #expect(try cluster.ask("PATCH", node, MediaType.merge, #"{"spec":{"unschedulable":true}}"#).status == 200)
        #expect(try cluster.ask("PATCH", path, MediaType.merge, #"{"spec":{"replicas":4}}"#).status == 200)
        for _ in 0..<4 { #expect(try status(cluster).count("availableReplicas") == 3) }
        #expect(try cluster.ask("PATCH", node, MediaType.merge, #"{"spec":{"unschedulable":null}}"#).status == 200)
        _ = try status(cluster)
        #expect(try status(cluster).count("availableReplicas") == 4)
    }

    @Test("a stuck rollout exceeds its deadline, and moves on when the image is mended")
    func deadline() throws {
        let cluster = try Fixture.cluster()
        func setImage(_ image: String) throws {
            let body = #"{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"\#(image)"}]}}}}"#
            #expect(try cluster.ask("PATCH", path, MediaType.strategic, body).status == 200)
        }
        func reason() throws -> String? {
            let conditions = try status(cluster).object.at("status", "conditions")?.arrayValue ?? []
            return conditions.first { $0["type"] == "Progressing" }?["reason"]?.stringValue
        }
        try setImage("registry.invalid/api:1")
        var reasons: [String] = []
        for _ in 0..<8 { reasons.append(try reason() ?? "") }
        #expect(reasons.first == "NewReplicaSetAvailable")
        #expect(reasons.contains("NewReplicaSetCreated") && reasons.last == "ProgressDeadlineExceeded")
        try setImage("api:2")
        for _ in 0..<8 { reasons.append(try reason() ?? "") }
        #expect(reasons.last == "NewReplicaSetAvailable")
    }

    @Test("more replicas than the cluster runs never become available, and cost no memory")
    func tooMany() throws {
        let cluster = try Fixture.cluster()
        #expect(try cluster.ask("PATCH", path, MediaType.merge, #"{"spec":{"replicas":2147483647}}"#).status == 200)
        for _ in 0..<3 { _ = try status(cluster) }
        #expect(try status(cluster).count("replicas") == 500)
        #expect(try cluster.ask("PATCH", path, MediaType.merge, #"{"spec":{"replicas":2147483648}}"#).status == 422)
    }

    @Test("old replica sets beyond the history limit are forgotten")
    func history() throws {
        let cluster = try Fixture.cluster(
            deployment: Fixture.deployment(replicas: 1).setting(["spec", "revisionHistoryLimit"], 2))
        for number in 1...5 {
            let body = #"{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"a:\#(number)"}]}}}}"#
            #expect(try cluster.ask("PATCH", path, MediaType.strategic, body).status == 200)
            for _ in 0..<5 { _ = try status(cluster) }
        }
        let sets =
            try cluster.ask("GET", "/apis/apps/v1/namespaces/staging/replicasets").body["items"]?.arrayValue ?? []
        let revisions = sets.compactMap {
            $0.at("metadata", "annotations", "deployment.kubernetes.io/revision")?.stringValue
        }
        #expect(revisions.sorted() == ["4", "5", "6"])
    }
}
