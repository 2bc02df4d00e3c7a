import ChangeModel
import Runner
import Testing

@Suite("namespaces on a real API server", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct NamespaceTests {
    @Test("a namespace is created, and its rollback deletes it")
    func create() throws {
        let cluster = try RealCluster()
        let name = cluster.namespace + "-new"
        let performer = try Performer(cluster)
        let done = try performer.perform("create-namespace", ["namespace": .string(name)])
        #expect(done.checked == ["namespace-not-exists"] && done.passed && done.before.objectDigest == nil)
        #expect(try cluster.get("/api/v1/namespaces/\(name)").at("status", "phase") == "Active")
        #expect(try performer.verdicts(on: done.step) == [false])
        let back = try performer.rollBack(done)
        #expect(back.step.action.name == "delete-namespace" && back.passed, "\(back.prechecks)")
        #expect(try cluster.ask("GET", "/api/v1/namespaces/\(name)").status == 404)
        #expect(back.after.objectDigest == nil)
    }

    @Test("what a namespace holds is listed and recorded before it goes, and values are not")
    func delete() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        for (kind, data) in [("ConfigMap", "hunter2"), ("Secret", "aHVudGVyMg==")] {
            try cluster.make([
                "apiVersion": "v1", "kind": .string(kind),
                "metadata": ["name": "settings", "namespace": .string(cluster.namespace)],
                "data": ["PASSWORD": .string(data)],
            ])
        }
        let performer = try Performer(cluster)
        let done = try performer.perform("delete-namespace", [:])
        #expect(done.checked == ["namespace-exists", "not-system-namespace", "resource-inventory"] && done.passed)
        let inventory = done.before.fields["inventory"]?.canonicalText ?? ""
        for name in ["deployments", "web", "settings", "secrets"] {
            #expect(inventory.contains(name), "\(inventory)")
        }
        let all = "\(done.before)\(done.prechecks)\(done.progress)\(done.report)\(done.after)"
        #expect(!all.contains("hunter2") && !all.contains("aHVudGVyMg"))
        #expect(try cluster.ask("GET", "/api/v1/namespaces/\(cluster.namespace)").status == 404)
        #expect(done.rollback == nil)
    }

    @Test("the cluster's own namespaces are never deleted", arguments: ["kube-system", "default", "kube-public"])
    func system(_ name: String) throws {
        let cluster = try RealCluster()
        let performer = try Performer(cluster)
        let step = try performer.step("delete-namespace", ["namespace": .string(name)])
        #expect(try performer.verdicts(on: step)[1] == false)
        let error = try performer.failure("delete-namespace", ["namespace": .string(name)])
        #expect(error?.code == .refused && performer.transport.mutations.isEmpty)
    }

    @Test("an object that came into the namespace after before-state does not hold it up, one with a finalizer does")
    func finalizer() throws {
        let cluster = try RealCluster()
        let performer = try Performer(cluster, patience: 3)
        try cluster.make([
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": "held", "namespace": .string(cluster.namespace), "finalizers": ["example.com/hold"],
            ],
        ])
        let error = try performer.failure("delete-namespace", [:])
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true, "\(error?.message ?? "")")
        try cluster.patch(cluster.path("configmaps", "held"), ["metadata": ["finalizers": nil]])
    }
}
