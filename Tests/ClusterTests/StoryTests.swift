import ChangeModel
import OperatingSystem
import Testing

/// The whole story through the program itself, on the real server.
@Suite("from proposal to rollback on a real cluster", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct StoryTests {
    @Test("propose, gate, approve, run, rollback", arguments: ["kubeconfig", "kubectl"])
    func whole(_ way: String) throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment("other", replicas: 2)
        let governed = try GovernedCluster(cluster)
        let id = try governed.propose("scale-deployment", on: "prod/other", ["replicas=4"])
        try governed.run(["git", "fetch", "-q"])
        try governed.agentsafe("bob", ["gate", "--head", "origin/change/\(id)"], expecting: 10)
        try governed.agentsafe("bob", ["approve", id, "--yes"])
        try governed.run(["git", "fetch", "-q"])
        try governed.agentsafe("bob", ["gate", "--head", "origin/change/\(id)"])
        try governed.land(id)
        let run = try governed.execute(id, through: ["--cluster", way])
        #expect(run.outputText.contains("scaled deployment `\(cluster.namespace)/other` from 2 to 4 replicas"))
        #expect(try governed.state(of: id) == "executed")
        #expect(try cluster.get(cluster.deploymentPath("other")).at("status", "availableReplicas") == 4)

        let report = try governed.agentsafe("agent", ["rollback", id, "--push", "--output", "json"])
        let back = try #require(try JSONValue(parsing: report.outputText)["id"]?.stringValue)
        try governed.run(["git", "fetch", "-q"])
        try governed.agentsafe("bob", ["approve", back, "--yes"])
        try governed.land(back)
        try governed.execute(back, through: ["--cluster", way])
        #expect(try governed.state(of: back) == "executed")
        #expect(try cluster.get(cluster.deploymentPath("other")).at("spec", "replicas") == 2)
        try governed.run(["git", "fetch", "-q"])
        let events = try governed.run(["git", "log", "--format=%B", "origin/ledger"]).outputText
        #expect(events.contains("execution \(back)"))
        try governed.agentsafe("bob", ["verify"])
    }

    @Test("a runner without rights changes nothing, and the claim is given back")
    func withoutRights() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let governed = try GovernedCluster(cluster)
        let id = try governed.propose("restart-deployment", on: "staging/web", [])
        try governed.land(id)
        let run = try governed.execute(id, as: "nobody", expecting: 1)
        #expect(run.outputText.contains("403") || run.errorText.contains("403"), "\(run)")
        #expect(try governed.state(of: id) == "landed")
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 1)
        // With rights it runs after all.
        try governed.execute(id)
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 2)
    }

    @Test("another cluster than the inventory's is refused, whatever the kubeconfig says")
    func wrongCluster() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.makeDeployment(replicas: 1)
        let governed = try GovernedCluster(cluster)
        let path = "\(governed.clone)/inventory.yaml"
        let uid = try cluster.get("/api/v1/namespaces/kube-system").at("metadata", "uid")?.stringValue ?? ""
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        try Files.writeAtomically(
            path, Array(text.replacing(uid, with: "00000000-0000-4000-8000-000000000000").utf8))
        try governed.agentsafe("alice", ["trust", "commit", "-m", "Another cluster", "--push"])
        let id = try governed.propose("restart-deployment", on: "staging/web", [])
        try governed.land(id)
        let run = try governed.execute(id, expecting: 1)
        #expect("\(run.outputText)\(run.errorText)".contains("is pinned to cluster"))
        #expect(try cluster.get(cluster.deploymentPath()).at("metadata", "generation") == 1)
    }

    @Test("a command in a pod runs through kubectl, and the ledger knows nothing of what it printed")
    func exec() throws {
        let cluster = try RealCluster()
        try cluster.makeNode("a")
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "web", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ])
        try cluster.wait(for: "the pod") {
            try cluster.get(cluster.path("pods", "web")).at("status", "phase") == "Running"
        }
        let governed = try GovernedCluster(cluster)
        for (words, printed, status) in [
            (#"["echo","hunter","2"]"#, "hunter 2", Int32(0)), (#"["ls","/nowhere"]"#, "No such file", 1),
        ] {
            let id = try governed.propose("exec-pod", on: "staging/pod", ["container=web", "command=\(words)"])
            try governed.run(["git", "fetch", "-q"])
            try governed.agentsafe("bob", ["approve", id, "--yes"])
            try governed.land(id)
            let run = try governed.execute(id, expecting: status)
            #expect(run.outputText.contains(printed))
            try governed.run(["git", "fetch", "-q"])
            let ledger = try governed.run(["git", "log", "-p", "--format=%B", "origin/ledger"]).outputText
            #expect(ledger.contains("execution \(id)") && !ledger.contains(printed))
        }
    }
}
