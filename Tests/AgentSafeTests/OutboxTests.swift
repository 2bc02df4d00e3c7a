import ChangeModel
import OperatingSystem
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Records that cannot be pushed")
struct OutboxTests {
    /// A server that takes no event of that kind.
    private func refuse(_ kind: String, _ governance: Governance) throws -> String {
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.createDirectory(Files.parent(of: hook))
        let script = """
            #!/bin/sh
            while read old new name; do
                case "$(git log -1 --format=%s "$new")" in \(kind)*) echo "no room left" >&2; exit 1;; esac
            done
            """
        try Files.writeAtomically(hook, Array((script + "\n").utf8), mode: 0o755)
        return hook
    }

    @Test("an execution that the server refused waits on disk, and is recorded by the next run without acting again")
    func executionWaits() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let hook = try refuse("execution", governance)
        let failed = try governance.expect(1, "runner", ["run", id.text, "--output", "json"] + governance.cluster())
        #expect(failed.output.contains("record_failed"))
        #expect(failed.output.contains("no room left"))
        #expect(try governance.state(of: id) == "claimed")
        let cluster = try Files.read(governance.clusterFile)

        try Files.remove(hook)
        let again = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(again.output == "nothing waits to be run")
        #expect(again.errors.contains("waited in the outbox"))
        #expect(try governance.state(of: id) == "executed")
        #expect(try Files.read(governance.clusterFile) == cluster)
        #expect(try governance.git("runner", "for-each-ref", "refs/agentsafe/outbox").isEmpty)
        try governance.expect(0, "sam", ["verify"])
    }

    @Test("a push that outlives its process, and arrives while the next run makes the same record anew, is no fault")
    func arrivesAtLast() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let hook = try refuse("execution", governance)
        try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
        try Files.remove(hook)
        let tip = try governance.git("runner", "for-each-ref", "--format=%(objectname)", "refs/agentsafe/outbox")
        let next = try BackgroundProgram(
            governance, "runner", ["run"] + governance.cluster(), fault: "remote.push:1:stop")
        try next.waitUntilStopped()
        try governance.git("runner", "push", "-q", "origin", "\(tip):refs/heads/ledger")
        next.signal(SIGCONT)
        let ended = try next.wait()
        #expect(ended.status == 0 && !ended.errors.contains("warning"), "\(ended)")
        #expect(try governance.git("runner", "for-each-ref", "refs/agentsafe/outbox").isEmpty)
        #expect(try governance.record(of: id).events.filter { $0.kind == .execution }.count == 1)
        try governance.expectVerified()
    }

    @Test("what waits in the outbox and is settled by another runner meanwhile is dropped")
    func settledMeanwhile() throws {
        let governance = try Governance()
        try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
        let id = try governance.propose(target: "prod/web", ["replicas=5"])
        try governance.expect(0, "bob", ["approve", id.text, "--merge", "--yes"])
        let hook = try refuse("aborted", governance)
        let failed = try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
        #expect(failed.output.contains("record_failed"), "\(failed)")
        #expect(try !governance.git("runner", "for-each-ref", "refs/agentsafe/outbox").isEmpty)
        try Files.remove(hook)
        governance.clock.advance(1000)
        try governance.expect(1, "runner2", ["run", id.text] + governance.cluster())
        #expect(
            try governance.record(of: id).events.filter { $0.kind == .aborted }.map(\.by) == ["runner2", "runner2"])

        let again = try governance.expect(1, "runner", ["run"] + governance.cluster())
        #expect(!again.errors.contains("outbox"), "\(again)")
        #expect(try governance.git("runner", "for-each-ref", "refs/agentsafe/outbox").isEmpty)
    }

    @Test("what cannot be read in the outbox is named, stays there, and keeps no change from being run")
    func unreadable() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let name = "refs/agentsafe/outbox/chg-20261122-7f3k9q2m4x"
        try governance.git("runner", "update-ref", name, "origin/main")
        let result = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(result.errors.contains("warning: what waits in the outbox under `\(name)` cannot be read"), "\(result)")
        #expect(try governance.git("runner", "for-each-ref", "--format=%(refname)", "refs/agentsafe") == name)
        #expect(try governance.state(of: id) == "executed")
    }

    @Test("a change whose execution was never recorded is unknown when its lease has ended, and never runs again")
    func unknown() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        _ = try refuse("execution", governance)
        try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
        governance.clock.advance(3600)
        // Another machine of the same runner knows nothing of the outbox.
        try governance.git("runner", "update-ref", "-d", "refs/agentsafe/outbox/\(id)")
        #expect(try governance.state(of: id) == "unknown")
        let result = try governance.expect(1, "runner", ["run"] + governance.cluster())
        #expect(result.output.contains("unknown"))
    }
}
