import ChangeModel
import Runner
import Testing

@Suite("pods, secrets and policies on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct PodTests {
    @Test("a deleted pod is gone and its controller starts another; a bare one fails the precheck")
    func deletePod() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let name = try #require(try cluster.pods("app=web").first?.at("metadata", "name")?.stringValue)
        let performer = try Performer(cluster)
        let done = try performer.perform("delete-pod", ["pod": .string(name), "grace_period": 5])
        #expect(done.checked == ["pod-exists", "has-controller"] && done.passed, "\(done.prechecks)")
        #expect(try cluster.ask("GET", cluster.path("pods", name)).status == 404)
        #expect(done.after.objectDigest == nil && done.after.fields["exists"] == false)
        try cluster.wait(for: "another one") { try cluster.pods("app=web").count == 1 }

        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "bare", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ])
        let step = try performer.step("delete-pod", ["pod": "bare"])
        #expect(try performer.verdicts(on: step) == [true, false])
    }

    @Test("a pod that was made anew under the name is left alone")
    func madeAnew() throws {
        let cluster = try RealCluster()
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "bare", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ]
        try cluster.make(pod)
        let performer = try Performer(cluster)
        let error = try performer.failure("delete-pod", ["pod": "bare"]) {
            try cluster.ask("DELETE", cluster.path("pods", "bare") + "?gracePeriodSeconds=0")
            try cluster.make(pod)
        }
        #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false)
        #expect(try cluster.ask("GET", cluster.path("pods", "bare")).status == 200)
    }

    @Test("the newest lines of one container are read; without a name where there are several, they are listed")
    func logs() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "web", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ])
        try cluster.wait(for: "the pod") {
            try cluster.get(cluster.path("pods", "web")).at("status", "phase") == "Running"
        }
        let performer = try Performer(cluster)
        let done = try performer.perform("get-pod-logs", ["pod": "web", "container": "web", "tail_lines": 2])
        #expect(done.report.output?["log"] == "line 99 of web in web\nline 100 of web in web\n")
        let error = try performer.failure("get-pod-logs", ["pod": "web"])
        #expect(error?.code == .invalid && error?.message.contains("`web`, `sidecar`") == true)
    }

    @Test("a log is cut at its bound")
    func longLog() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": "web", "namespace": .string(cluster.namespace), "annotations": ["standin/log-lines": "100000"],
            ], "spec": cluster.podSpec(),
        ])
        try cluster.wait(for: "the pod") {
            try cluster.get(cluster.path("pods", "web")).at("status", "phase") == "Running"
        }
        let done = try Performer(cluster).perform(
            "get-pod-logs", ["pod": "web", "container": "web", "tail_lines": 10000])
        #expect(done.report.output?["cut"] == false)
        let all = try Performer(cluster).perform(
            "get-pod-logs", ["pod": "web", "container": "web", "tail_lines": 100_000])
        #expect(all.report.output?["cut"] == true && all.report.summary.contains("cut at 1024 KiB"))
    }

    @Test("a secret's values are in no record, only in what a caller may ask for")
    func secret() throws {
        let cluster = try RealCluster()
        try cluster.make([
            "apiVersion": "v1", "kind": "Secret",
            "metadata": ["name": "db", "namespace": .string(cluster.namespace)], "data": ["password": "aHVudGVyMg=="],
        ])
        let done = try Performer(cluster).perform("get-secret", ["secret": "db"])
        #expect(done.passed && done.report.output?["keys"] == ["password"])
        #expect(done.report.secretOutput?.at("data", "password") == "aHVudGVyMg==")
        let record =
            "\(done.before)\(done.after)\(done.prechecks)\(done.report.summary)\(done.progress)"
            + (done.report.output?.canonicalText ?? "")
        #expect(!record.contains("aHVudGVyMg") && !record.contains("hunter2"))
    }

    @Test("a network policy is applied by agentsafe as its manager, and another manager's is not taken over")
    func networkPolicy() throws {
        let cluster = try RealCluster()
        let performer = try Performer(cluster)
        let parameters: [String: JSONValue] = ["policy_name": "isolate", "pod_selector": "app=web"]
        let done = try performer.perform("apply-network-policy", parameters)
        #expect(done.checked == ["namespace-exists", "cni-supports-netpol", "affected-pods"] && done.passed)
        let policy = cluster.path("networkpolicies", "isolate", group: "networking.k8s.io/v1")
        let object = try cluster.get(policy)
        #expect(object.at("spec", "podSelector") == ["matchLabels": ["app": "web"]])
        let managers = object.at("metadata", "managedFields")?.arrayValue?.map { $0["manager"] }
        #expect(managers == ["agentsafe"])
        #expect(done.before.objectDigest == nil && done.after.objectDigest != nil)

        try cluster.make([
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": ["name": "other", "namespace": .string(cluster.namespace)],
            "spec": ["podSelector": ["matchLabels": ["app": "db"]], "policyTypes": ["Ingress"]],
        ])
        let error = try performer.failure(
            "apply-network-policy", ["policy_name": "other", "pod_selector": "app=web"])
        #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false, "\(error?.message ?? "")")
        let other = try cluster.get(cluster.path("networkpolicies", "other", group: "networking.k8s.io/v1"))
        #expect(other.at("spec", "podSelector") == ["matchLabels": ["app": "db"]])
    }
}
