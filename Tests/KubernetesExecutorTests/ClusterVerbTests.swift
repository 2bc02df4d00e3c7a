import ChangeModel
import EmbeddedCluster
import HTTP
import Testing

/// Creating, deleting, evicting and applying on the embedded cluster, against what a real server answered.
@Suite("the embedded cluster creates, deletes, evicts and applies as the recorded server did")
struct ClusterVerbTests {
    private func cluster(_ objects: [JSONValue], _ release: ServerRelease = .v1_36) throws -> EmbeddedCluster {
        try EmbeddedCluster(objects: Fixture.list(objects), clock: { Fixture.now }, release: release)
    }

    /// Without what differs from run to run, and without the end of a grace period.
    private func lasting(_ value: JSONValue?) -> JSONValue? {
        value?.withoutVolatile.setting(["metadata", "deletionTimestamp"], nil).setting(["details", "uid"], nil)
    }

    /// Plays a cassette in order.
    private func replay(_ name: String, on cluster: EmbeddedCluster, indices: Range<Int>? = nil) throws {
        let exchanges = try Cassette(name).exchanges
        for index in indices ?? exchanges.indices {
            let response = try cluster.send(exchanges[index].request)
            #expect(response.status == exchanges[index].status, "\(name) \(index)")
            let body = try JSONValue(parsing: response.body)
            #expect(lasting(body) == lasting(exchanges[index].response), "\(name) \(index)")
        }
    }

    private func pod(_ name: String, ready: Bool = true) -> JSONValue {
        Fixture.pod(name, namespace: "shop", node: "node-1", labels: ["app": "web"], ready: ready)
    }

    @Test("a namespace is made once")
    func namespaceCreate() throws {
        try replay("namespace-create", on: try cluster([]))
    }

    @Test("a namespace ends by and by, takes nothing new meanwhile, and the protected ones stay")
    func namespaceDelete() throws {
        let doomed: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop-doomed"]]
        let content = Fixture.configMap.setting(["metadata", "namespace"], "shop-doomed")
        let unserved: JSONValue = [
            "apiVersion": "example/v1", "kind": "Thing", "metadata": ["name": "t", "namespace": "shop-doomed"],
        ]
        let named = doomed.setting(["metadata", "labels"], ["kubernetes.io/metadata.name": "shop-doomed"])
            .setting(["spec"], ["finalizers": ["kubernetes"]])
        let cluster = try cluster([named, content, unserved])
        try replay("namespace-delete", on: cluster)
        var statuses: [Int] = []
        for _ in 0..<4 { statuses.append(try cluster.ask("GET", "/api/v1/namespaces/shop-doomed").status) }
        #expect(statuses == [200, 200, 404, 404])
        #expect(!cluster.objects.canonicalText.contains("shop-doomed"))
    }

    @Test("an eviction is answered with a status, its dry run leaves the pod where it is")
    func eviction() throws {
        let cluster = try cluster([pod("web-746fc67c44-cnctt")])
        try replay("eviction-success", on: cluster, indices: 0..<1)
        #expect(cluster.objects.canonicalText.contains("web-746fc67c44-cnctt"))
        try replay("eviction-success", on: cluster, indices: 1..<3)
        let path = "/api/v1/namespaces/shop/pods/web-746fc67c44-cnctt"
        #expect(try cluster.ask("GET", path).body.at("metadata", "deletionTimestamp") != nil)
        #expect(try cluster.ask("GET", path).status == 404)
    }

    @Test("a budget forbids evictions in the recorded words")
    func budgets() throws {
        let names = ["dfbrf", "dhnsk", "a", "b", "c"].map { pod("web-746fc67c44-\($0)") }
        let budget = try Cassette.object("pdb-get")
        try replay("eviction-blocked-429", on: try cluster(names + [budget]))
        let four = budget.setting(["spec", "minAvailable"], 4)
        try replay("eviction-budget-spent-429", on: try cluster(names + [four]))
        // Budgets are reckoned from the pods.
        let read = try cluster(names + [four])
            .ask("GET", "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web").body
        #expect(read.at("status", "disruptionsAllowed") == 1 && read.at("status", "currentHealthy") == 5)
        let two = try cluster(names + [budget, budget.setting(["metadata", "name"], "second")])
        let body = try Cassette("eviction-blocked-429").exchanges[0].request
        #expect(try two.send(body).status == 500)
    }

    @Test(
        "minAvailable and maxUnavailable in numbers and percent",
        arguments: [
            (["minAvailable": 2], 1), (["minAvailable": "50%"], 1), (["maxUnavailable": 2], 2),
            (["maxUnavailable": "34%"], 2), (["maxUnavailable": 0], 0), (["minAvailable": 9], 0),
        ] as [([String: JSONValue], Int64)])
    func budgetNumbers(spec: [String: JSONValue], allowed: Int64) throws {
        let budget: JSONValue = [
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": ["name": "b", "namespace": "shop"],
            "spec": .object(spec.merging(["selector": ["matchLabels": ["app": "web"]]]) { $1 }),
        ]
        let cluster = try cluster(["a", "b", "c"].map { pod($0) } + [budget])
        let list = try cluster.ask("GET", "/apis/policy/v1/poddisruptionbudgets").body
        #expect(list["items"]?.arrayValue?.first?.at("status", "disruptionsAllowed") == .integer(allowed))
    }

    @Test("a pod is deleted with its grace period, by uid, and not at all in a dry run")
    func podDelete() throws {
        let recorded = try Cassette("pod-delete").exchanges
        let pods = try [0, 1, 4].map { index in
            let pod = try #require(recorded[index].response)
            return ["deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences"]
                .reduce(pod) { $0.setting(["metadata", $1], nil) }.setting(["metadata", "generation"], 1)
        }
        let cluster = try cluster(pods)
        for (index, exchange) in recorded.enumerated() {
            let response = try cluster.send(exchange.request)
            #expect(response.status == exchange.status, "\(index)")
            let expected = lasting(exchange.response)?.setting(["metadata", "ownerReferences"], nil)
            #expect(lasting(try JSONValue(parsing: response.body)) == expected, "\(index)")
        }
        #expect(try cluster.ask("GET", "/api/v1/namespaces/shop/pods/web-746fc67c44-dfbrf").status == 200)
        #expect(try cluster.ask("GET", "/api/v1/namespaces/shop/pods/web-746fc67c44-bbrjq").status == 404)
    }

    @Test("a network policy is applied, owned and deleted")
    func networkPolicy() throws {
        let shop: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]]
        let cluster = try cluster([shop])
        let exchanges = try Cassette("networkpolicy-apply-ssa").exchanges
        try replay("networkpolicy-apply-ssa", on: cluster, indices: 0..<4)
        let path = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/deny-all"
        func owners() throws -> [JSONValue?] {
            (try cluster.ask("GET", path).body.at("metadata", "managedFields")?.arrayValue ?? []).map { $0["fieldsV1"] }
        }
        let expected = exchanges[2].response?.at("metadata", "managedFields")?.arrayValue?.first?["fieldsV1"]
        #expect(try owners() == [expected])
        let other =
            #"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"deny-all"},"#
            + #""spec":{"policyTypes":["Ingress"]}}"#
        let apply = "application/apply-patch+yaml"
        let conflict = try cluster.ask("PATCH", path + "?fieldManager=other", apply, other)
        #expect(conflict.status == 409)
        #expect(
            conflict.body.at("details", "causes") == [
                [
                    "reason": "FieldManagerConflict", "message": "conflict with \"our-client\"",
                    "field": ".spec.policyTypes",
                ]
            ])
        #expect(try cluster.ask("PATCH", path + "?fieldManager=other&force=true", apply, other).status == 200)
        #expect(
            try owners() == [["f:spec": ["f:ingress": [:], "f:podSelector": [:]]], ["f:spec": ["f:policyTypes": [:]]]])
        let unnamed = try cluster.ask("PATCH", path, apply, other)
        #expect(unnamed.status == 422)
        let recorded = try Cassette("deployment-apply-ssa-yaml").exchanges[1]
        #expect(unnamed.body == recorded.response)
        try replay("networkpolicy-apply-ssa", on: cluster, indices: 4..<5)
        #expect(try cluster.ask("GET", path).status == 404)
    }

    @Test("a deployment is created, and applied by two managers, as recorded")
    func deploymentApply() throws {
        let shop: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]]
        try replay("deployment-create", on: try cluster([shop]))
        let cluster = try cluster([shop])
        for (index, exchange) in try Cassette("deployment-apply-ssa").exchanges.enumerated() {
            let response = try cluster.send(exchange.request)
            let (ours, theirs) = (try JSONValue(parsing: response.body), try #require(exchange.response))
            #expect(response.status == exchange.status, "\(index)")
            if theirs["kind"] == "Status" {
                #expect(ours == theirs)
                continue
            }
            #expect(ours.withoutVolatile["spec"] == theirs.withoutVolatile["spec"], "\(index)")
            #expect(ours.at("metadata", "generation") == theirs.at("metadata", "generation"), "\(index)")
            func managers(_ object: JSONValue) -> [JSONValue?] {
                let fields = object.at("metadata", "managedFields")?.arrayValue ?? []
                return fields.filter { $0["operation"] == "Apply" }.map { $0["manager"] }
            }
            #expect(Set(managers(ours)) == Set(managers(theirs)), "\(index)")
        }
    }

    @Test("metadata alone is there for the asking")
    func partialMetadata() throws {
        let recorded = try Cassette("deployment-get-partial-metadata").exchanges[0]
        let web = try Cassette.object("deployment-get")
        let cluster = try cluster([web])
        var request = recorded.request
        request.headers = [("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json")]
        #expect(try JSONValue(parsing: try cluster.send(request).body) == recorded.response)
        request.target = "/apis/apps/v1/namespaces/shop/deployments"
        let list = try JSONValue(parsing: try cluster.send(request).body)
        #expect(list["kind"] == "PartialObjectMetadataList")
        #expect(list["items"]?.arrayValue?.first?.objectValue?.keys.sorted() == ["metadata"])
    }

    @Test("a deployment that is deleted takes its replica sets and pods along")
    func deploymentDelete() throws {
        let web = Fixture.deployment("web-ssa").setting(["metadata", "namespace"], "shop")
        let cluster = try cluster([web])
        try replay("deployment-delete", on: cluster, indices: 0..<1)
        #expect(try cluster.ask("GET", "/api/v1/namespaces/shop/pods").body["items"] == [])
        #expect(try cluster.ask("GET", "/apis/apps/v1/namespaces/shop/replicasets").body["items"] == [])
    }

    @Test("whoever asks what is allowed hears that everything is")
    func accessReview() throws {
        try replay("selfsubjectaccessreview", on: try cluster([]), indices: 0..<1)
    }

    @Test("a log has its lines, its limits and its errors")
    func logs() throws {
        let name = "web-746fc67c44-dhnsk"
        let text = "one\ntwo\nthree\n"
        let pod = pod(name).setting(["metadata", "annotations"], ["embedded.agentsafe/log-web": .string(text)])
        let cluster = try cluster([pod])
        try replay("pod-log-no-kubelet", on: cluster, indices: 1..<2)
        func log(_ query: String) throws -> String {
            let target = "/api/v1/namespaces/shop/pods/\(name)/log\(query)"
            return String(decoding: try cluster.send(HTTPRequest(method: "GET", target: target)).body, as: UTF8.self)
        }
        #expect(try log("") == text)
        #expect(try log("?tailLines=2") == "two\nthree\n" && log("?tailLines=0") == "" && log("?tailLines=9") == text)
        #expect(try log("?limitBytes=5") == "one\nt")
    }

    @Test("the older versions of a group are views of the same objects")
    func versions() throws {
        let autoscaler = try Cassette.object("hpa-get")
        let old = try cluster([autoscaler, try Cassette.object("pdb-get")], .v1_20)
        let path = "/namespaces/shop/horizontalpodautoscalers/web"
        #expect(try old.ask("GET", "/apis/autoscaling/v2" + path).status == 404)
        let beta = try old.ask("GET", "/apis/autoscaling/v2beta2" + path).body
        #expect(beta["apiVersion"] == "autoscaling/v2beta2" && beta["spec"] == autoscaler["spec"])
        let first = try old.ask("GET", "/apis/autoscaling/v1" + path).body
        #expect(first.at("spec", "targetCPUUtilizationPercentage") == 70 && first.at("spec", "metrics") == nil)
        let patch = #"{"apiVersion":"autoscaling/v2beta2","spec":{"maxReplicas":7}}"#
        #expect(try old.ask("PATCH", "/apis/autoscaling/v2beta2" + path, MediaType.merge, patch).status == 200)
        #expect(try old.ask("PATCH", "/apis/autoscaling/v1" + path, MediaType.merge, patch).status == 405)
        #expect(try old.ask("GET", "/apis/policy/v1/poddisruptionbudgets").status == 404)
        #expect(
            try old.ask("GET", "/apis/policy/v1beta1/poddisruptionbudgets").body["kind"] == "PodDisruptionBudgetList")
        let groups = try old.ask("GET", "/apis").body["groups"]?.arrayValue ?? []
        #expect(groups.first { $0["name"] == "policy" }?.at("preferredVersion", "version") == "v1beta1")
    }

    @Test("discovery lists the kinds as the recorded server does")
    func discovery() throws {
        let recorded = try Cassette.object("discovery-apps-v1")["resources"]?.arrayValue ?? []
        let ours = try cluster([]).ask("GET", "/apis/apps/v1").body
        #expect(ours["kind"] == "APIResourceList" && ours["groupVersion"] == "apps/v1")
        for resource in ours["resources"]?.arrayValue ?? [] {
            let theirs = recorded.first { $0["name"] == resource["name"] }
            #expect(theirs?["kind"] == resource["kind"] && theirs?["namespaced"] == resource["namespaced"])
            let verbs = Set((resource["verbs"]?.arrayValue ?? []).compactMap(\.stringValue))
            #expect(verbs.isSubset(of: (theirs?["verbs"]?.arrayValue ?? []).compactMap(\.stringValue)))
        }
    }

    @Test(
        "what is not served is refused as a server would",
        arguments: [
            ("DELETE", "/api/v1/namespaces/staging/pods/", 405), ("DELETE", "/api/v1/namespaces/staging/pods", 405),
            ("POST", "/api/v1/namespaces/staging/pods/a", 405),
            ("GET", "/api/v1/namespaces/staging/pods/a/eviction", 405),
            ("POST", "/api/v1/namespaces/staging/pods/a/exec", 404), ("GET", "/apis/batch/v1/jobs", 404),
        ])
    func refused(method: String, target: String, status: Int) throws {
        let cluster = try Fixture.cluster()
        let before = cluster.objects
        #expect(try cluster.ask(method, target, "application/json", "{}").status == status)
        #expect(cluster.objects == before)
    }
}
