import ChangeModel
import OperatingSystem
import Testing

@Suite("Records that cannot be pushed")
struct OutboxTests {
    /// A server that takes the claim and the preparation, and nothing after them.
    private func refuseExecutions(_ governance: Governance) throws -> String {
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.createDirectory(Files.parent(of: hook))
        let script = """
            #!/bin/sh
            while read old new name; do
                case "$(git log -1 --format=%s "$new")" in execution*) echo "no room left" >&2; exit 1;; esac
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
        let hook = try refuseExecutions(governance)
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

    @Test("a change whose execution was never recorded is unknown when its lease has ended, and never runs again")
    func unknown() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        _ = try refuseExecutions(governance)
        try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
        governance.clock.advance(3600)
        // Another machine of the same runner knows nothing of the outbox.
        try governance.git("runner", "update-ref", "-d", "refs/agentsafe/outbox/\(id)")
        #expect(try governance.state(of: id) == "unknown")
        let result = try governance.expect(1, "runner", ["run"] + governance.cluster())
        #expect(result.output.contains("unknown"))
    }
}
