import ChangeModel
import EmbeddedCluster
import HTTP
import Testing

/// Every recorded exchange against the embedded cluster: the same status, the same reason, the same shape.
@Suite("the embedded cluster answers every recorded exchange alike")
struct CassetteSweepTests {
    /// Which exchanges the cluster answers otherwise, and why. All others it answers alike; `nil` is the whole cassette.
    static let apart: [String: (indices: Set<Int>?, reason: String)] = [
        "delete-empty-name-is-collection": ([0], "a whole collection is never deleted here"),
        "deployment-apply-ssa": ([1, 3], "a real controller has worked by then; here it works when it is read"),
        "deployment-apply-ssa-yaml": ([0], "what is applied is JSON"),
        "deployment-delete": ([1], "what is deleted in the foreground goes at once"),
        "deployment-list-table": (nil, "tables are for people"),
        "deployment-watch-rollout": (nil, "needs a rollout of its own: `ClusterWatchTests`"),
        "events-for-deployment": (nil, "there are no events"),
        "eviction-blocked-429": (nil, "needs pods of its own: `ClusterVerbTests`"),
        "eviction-budget-spent-429": (nil, "needs pods of its own: `ClusterVerbTests`"),
        "forbidden-403": (nil, "nobody is asked who they are"),
        "pod-log-no-kubelet": ([0], "there are logs without a kubelet"),
        "selfsubjectaccessreview": ([1], "nobody is asked who they are"),
        "serviceaccount-token-request": (nil, "no tokens are made"),
        "serviceaccount-token-use": ([0], "nobody is asked who they are"),
        "unauthorized-401": (nil, "nobody is asked who they are"),
    ]

    /// The objects that the recorded requests speak of.
    static func world(for name: String) throws -> [JSONValue] {
        func namespace(_ name: String) -> JSONValue {
            [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)],
                "spec": ["finalizers": ["kubernetes"]],
            ]
        }
        func items(_ list: JSONValue, _ version: String, _ kind: String) -> [JSONValue] {
            (list["items"]?.arrayValue ?? []).map {
                $0.setting(["kind"], .string(kind)).setting(["apiVersion"], .string(version))
            }
        }
        var web = try Cassette.object("deployment-field-validation")
        if name == "deployment-restart-strategic" { web = try Cassette.object("deployment-get") }
        if name == "deployment-scale-merge" { web = try Cassette.object("deployment-restart-strategic") }
        var objects = [
            web, try Cassette.object("configmap-get"), try Cassette.object("secret-get"),
            try Cassette.object("hpa-get"),
            try Cassette.object("pdb-get"), try Cassette.object("node-cordon", 2), namespace("shop"),
            namespace("shop-doomed"), namespace("shop-created"), namespace("default"), namespace("kube-system"),
        ]
        objects += items(try Cassette.object("replicasets-by-selector"), "apps/v1", "ReplicaSet")
        let pods = items(try Cassette.object("pods-by-node-paged"), "v1", "Pod")
        if let pod = pods.first(where: { $0.at("metadata", "namespace") == "shop" }) ?? pods.first {
            for suffix in ["dfbrf", "dhnsk", "cnctt", "76qnd", "bbrjq"] {
                objects.append(
                    pod.setting(["metadata", "name"], .string("web-746fc67c44-\(suffix)"))
                        .setting(["metadata", "namespace"], "shop").setting(
                            ["metadata", "uid"], .string("uid-\(suffix)")))
            }
        }
        for other in ["web-ssa", "roll"]
        where name == "deployment-delete" || (name == "deployment-apply-ssa-yaml" && other == "web-ssa") {
            objects.append(
                web.setting(["metadata", "name"], .string(other)).setting(["metadata", "uid"], .string(other)))
        }
        switch name {
        case "namespace-create":
            objects.removeAll {
                $0.at("metadata", "name") == "shop" || $0.at("metadata", "namespace") == "shop"
            }
        case "deployment-create": objects.removeAll { $0["kind"] == "Deployment" }
        default: break
        }
        return objects
    }

    /// What has to be the same.
    static func shape(_ value: JSONValue?) -> JSONValue {
        guard let value else { return "no JSON" }
        guard value.objectValue != nil else { return "no object" }
        if value["kind"] == "Status" {
            let causes = (value.at("details", "causes")?.arrayValue ?? []).map { cause -> JSONValue in
                .compact(["reason": cause["reason"], "field": cause["field"]])
            }
            return .compact([
                "kind": "Status", "status": value["status"], "reason": value["reason"], "code": value["code"],
                "details": .array((value["details"]?.objectValue?.keys.sorted() ?? []).map { .string($0) }),
                "causes": .array(causes),
            ])
        }
        return .compact([
            "kind": value["kind"], "apiVersion": value["apiVersion"],
            "keys": .array((value.objectValue?.keys.sorted() ?? []).map { .string($0) }),
            "spec": .array((value["spec"]?.objectValue?.keys.sorted() ?? []).map { .string($0) }),
            "status": .array((value["status"]?.objectValue?.keys.sorted() ?? []).map { .string($0) }),
        ])
    }

    @Test("status, reason and shape", arguments: CassettesOverTLSTests.names)
    func exchanges(name: String) throws {
        let cluster = try EmbeddedCluster(
            objects: Fixture.list(try Self.world(for: name)), clock: { Fixture.now })
        let apart = Self.apart[name]
        for (index, exchange) in try Cassette(name).exchanges.enumerated() {
            let response = try cluster.send(exchange.request)
            if let apart, apart.indices?.contains(index) ?? true { continue }
            #expect(response.status == exchange.status, "\(name) \(index)")
            let (ours, theirs) = (try? JSONValue(parsing: response.body), exchange.response)
            #expect(Self.shape(ours) == Self.shape(theirs), "\(name) \(index)")
        }
    }
}
