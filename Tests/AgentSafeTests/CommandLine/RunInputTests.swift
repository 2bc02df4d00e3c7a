import ChangeModel
import OperatingSystem
import Testing

@Suite("Running and rolling back, seen from the command line")
struct RunInputTests {
    @Test("a cluster that cannot be used is named; nothing is claimed, and the change still waits")
    func clusters() throws {
        let governance = try Governance()
        // What is owed for the trust commits is recorded first, whatever becomes of the change.
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        let id = try governance.propose()
        try governance.land(id)
        try governance.git("runner", "fetch", "-q")
        try governance.expect(0, "runner", ["verify"])
        for cluster in ["foo", "embedded:", "kubeconfig:x", "--force", "", "embedded"] {
            try governance.refuse(
                2, "runner", ["run", "--cluster=\(cluster)"], saying: "`--cluster` takes `kubeconfig`, `kubectl` or `embedded:FILE`")
        }
        let broken = try governance.directory.write("broken.json", "{")
        let empty = try governance.directory.write("empty.json", "{}")
        for (options, words) in [
            ([], "there is no kubeconfig"),
            (["--kubeconfig", "/nowhere"], "cannot open `/nowhere`"),
            (["--cluster", "embedded:/nowhere"], "cannot open `/nowhere`"),
            (["--cluster", "embedded:\(broken)"], "broken.json`, line 1, column 2"),
            (["--cluster", "embedded:\(empty)"], "`kind` is missing"),
        ] {
            let before = try Fingerprint([governance.remote, governance.stateFolder("runner")])
            let result = try governance.expect(1, "runner", ["run"] + options)
            #expect(result.output.contains("failed  \(id)") && result.output.contains(words), "\(result)")
            #expect(result.output.hasSuffix("nothing was claimed"), "\(result)")
            #expect(try Fingerprint([governance.remote, governance.stateFolder("runner")]) == before, "\(options)")
        }
        #expect(try governance.state(of: id) == "landed")
        try governance.expect(
            0, "runner", ["run"],
            adding: ["AGENTSAFE_CLUSTER": "embedded:\(governance.directory.path)/\(try Self.copy(governance))"])
    }

    private static func copy(_ governance: Governance) throws -> String {
        _ = try governance.cluster()
        return "cluster.json"
    }

    @Test("what has not landed, was executed, or expired is not run, and says why")
    func notWaiting() throws {
        let governance = try Governance()
        let cluster = try governance.cluster()
        #expect(try governance.expect(0, "runner", ["run"] + cluster).output == "nothing waits to be run")
        let proposed = try governance.propose()
        try governance.git("runner", "fetch", "-q")
        try governance.refuse(
            1, "runner", ["run", proposed.text] + cluster,
            saying: "has not landed on main; merge `\(proposed.branch)` first")
        let done = try governance.execute(replicas: 5)
        try governance.refuse(
            1, "runner", ["run", done.text] + cluster, saying: "was executed already, and a change runs once")
        let old = try governance.propose("agent", ["replicas=7"], options: ["--expires", "1h"])
        try governance.land(old)
        governance.clock.advance(3601)
        let expired = try governance.expect(20, "runner", ["run", old.text] + cluster)
        #expect(expired.output.contains("denied  \(old)") && expired.output.contains("expired"), "\(expired)")
        #expect(try governance.state(of: old) == "expired")
    }

    @Test("a change that awaits approval is not run, and the exit code says so")
    func awaiting() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server")
        try governance.land(id)
        let result = try governance.expect(10, "runner", ["run"] + governance.cluster())
        #expect(
            result.output.contains("awaiting_approval") && result.output.contains("still missing: 1 × approver"),
            "\(result)")
    }

    @Test("a locked target is skipped, the others go on, and the exit code is the worst")
    func locked() throws {
        let governance = try Governance()
        let cluster = try governance.cluster()
        let (first, second) = (
            try governance.propose("agent", ["replicas=4"]), try governance.propose("agent", ["replicas=5"])
        )
        let elsewhere = try governance.propose(target: "dev/api-server", ["replicas=3"])
        for id in [first, second, elsewhere] { try governance.land(id) }
        // The first run claims, and can record nothing more: as if it had died.
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.createDirectory("\(governance.remote)/hooks")
        try Files.writeAtomically(
            hook,
            Array(
                """
                #!/bin/sh
                while read old new ref; do
                    case "$ref $(git log -1 --format=%s $new)" in 'refs/heads/ledger prepared '*) echo full >&2; exit 1;; esac
                done
                """.utf8), mode: 0o755)
        let dead = try governance.expect(1, "runner", ["run", first.text] + cluster)
        #expect(dead.output.contains("record_failed  \(first)"), "\(dead)")
        try Files.remove(hook)
        let result = try governance.expect(1, "runner", ["run", "--output", "json"] + cluster)
        let statuses = try result.json["runs"]?.arrayValue?.map {
            "\($0["id"]?.stringValue ?? "") \($0["status"]?.stringValue ?? "")"
        }
        #expect(statuses == ["\(first) claimed", "\(second) locked", "\(elsewhere) executed"], "\(result)")
        #expect(try governance.state(of: first) == "claimed")
        // When the lease has ended, the claim is given back, and both run.
        governance.clock.advance(1000)
        try governance.expect(0, "runner", ["run"] + cluster)
        for id in [first, second] { #expect(try governance.state(of: id) == "executed") }
        try governance.expect(0, "sam", ["verify"])
    }

    @Test("a rollout that fails is recorded as failed, and can be rolled back")
    func failingRollout() throws {
        let governance = try Governance()
        let id = try governance.propose(
            action: "update-image", ["container=api", "image=registry.example/api:broken"])
        try governance.expect(0, "bob", ["approve", id.text, "--merge", "--yes"])
        let result = try governance.expect(1, "runner", ["run"] + governance.cluster())
        #expect(result.output.contains("failed  \(id)"), "\(result)")
        #expect(try governance.state(of: id) == "failed")
        try governance.expect(1, "sam", ["status", id.text])
        let back = try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"]).json
        #expect(back["action"]?.stringValue == "rollout-undo")
        let undo = try #require(back["id"]?.stringValue)
        try governance.expect(0, "bob", ["approve", undo, "--merge", "--yes"])
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        try governance.expect(0, "sam", ["verify"])
    }

    @Test("a failed precheck aborts before anything is changed, and the change can be run again")
    func precheck() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/web", ["replicas=5"])
        try governance.expect(0, "bob", ["approve", id.text, "--merge", "--yes"])
        let cluster = try governance.cluster()
        let before = try Fingerprint([governance.clusterFile])
        for _ in 0..<2 {
            let result = try governance.expect(1, "runner", ["run", id.text] + cluster)
            #expect(
                result.output.contains("aborted  \(id)") && result.output.contains("precheck `hpa-check` failed"),
                "\(result)")
            #expect(try governance.state(of: id) == "landed")
        }
        #expect(try Fingerprint([governance.clusterFile]) == before)
    }

    @Test("a cluster that is not the pinned one is left alone")
    func wrongCluster() throws {
        let governance = try Governance()
        try governance.git("alice", "pull", "-q", "origin", "main")
        let inventory = try governance.read("alice", "inventory.yaml")
        let other = inventory.split(separator: "4c7e1f8a-52d3", omittingEmptySubsequences: false).joined(
            separator: "00000000-52d3")
        try governance.write("alice", "inventory.yaml", other)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Another cluster", "--push"])
        let id = try governance.propose()
        try governance.land(id)
        let cluster = try governance.cluster()
        let before = try Fingerprint([governance.clusterFile])
        let result = try governance.expect(1, "runner", ["run"] + cluster)
        #expect(result.output.contains("aborted  \(id)") && result.output.contains("00000000-52d3"), "\(result)")
        #expect(!result.errors.contains("precheck"), "\(result)")
        #expect(try Fingerprint([governance.clusterFile]) == before)
    }

    @Test("a rollback needs an execution with a way back, and is done once")
    func rollbacks() throws {
        let governance = try Governance()
        let cluster = try governance.cluster()
        let landed = try governance.propose("agent", ["replicas=9"])
        try governance.land(landed)
        try governance.settle("agent")
        try governance.refuse(
            1, "agent", ["rollback", landed.text], saying: "was never executed, so there is nothing to roll back")
        let read = try governance.propose(action: "get-configmap", target: "staging/app-config", [])
        try governance.land(read)
        try governance.expect(0, "runner", ["run"] + cluster)
        try governance.settle("agent")
        try governance.refuse(
            1, "agent", ["rollback", read.text], saying: "nothing undoes \(read)", "propose what should happen instead")
        let proposed = try governance.expect(0, "agent", ["rollback", landed.text, "--push", "--output", "json"]).json
        let back = try #require(proposed["id"]?.stringValue.flatMap { ChangeID($0) })
        try governance.land(back)
        try governance.expect(0, "runner", ["run"] + cluster)
        try governance.settle("agent")
        try governance.refuse(
            1, "agent", ["rollback", landed.text], saying: "was rolled back by \(back) already",
            "agentsafe rollback \(back)")
        // What came after is mentioned, since it may be undone as well.
        let older = try governance.execute(replicas: 3)
        let newer = try governance.execute(replicas: 4)
        let result = try governance.expect(0, "agent", ["rollback", older.text])
        #expect(
            result.errors
                == "warning: \(newer) was executed on the same target after \(older); the rollback may undo that, too")
    }
}
