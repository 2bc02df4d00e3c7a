import ChangeModel
import OperatingSystem
import Testing

/// A runner dies when it has written down what it did, and before its key has signed that.
@Suite("Records that nobody has signed")
struct UnsignedRecordTests {
    private static let place = "agentsafe/unsigned/"

    /// A clone in which such a record waits.
    private func killed() throws -> (site: CrashSite, governance: Governance, path: String) {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let point = try #require(
            try site.points(.recording).first { $0.name == "file.stands" && $0.subject.contains(Self.place) })
        let run = try governance.spawn(
            "runner", ["run"] + governance.cluster(), fault: "\(point.name):\(point.ordinal):kill")
        try #require(run.status == 128 + 9, "\(run)")
        let path = "\(governance.clone("runner"))/.git/\(Self.place)\(site.id).json"
        #expect(Files.permissions(path) == 0o600)
        return (site, governance, path)
    }

    @Test("the next run in the clone signs what its own key had claimed, and nothing is done again")
    func signed() throws {
        let (site, governance, path) = try killed()
        let cluster = try governance.cluster()
        let other = try governance.spawn("runner", ["run", "--key", governance.key("runner2")] + cluster)
        #expect(other.errors.contains("the execution of \(site.id) waits to be signed by `runner`"), "\(other)")
        #expect(try governance.state(of: site.id) == "claimed")

        governance.clock.advance(2000)
        let again = try governance.spawn("runner", ["run"] + cluster)
        #expect(again.status == 0 && again.errors.contains("recorded the execution of \(site.id)"), "\(again)")
        #expect(try governance.state(of: site.id) == "executed")
        #expect(try governance.generation(site.namespace) == site.generation + 1)
        #expect(Files.kind(path) == nil)
        try governance.verifyEverywhere(0)
    }

    @Test("what a person resolved meanwhile is kept for people, and is no event any more")
    func resolvedMeanwhile() throws {
        let (site, governance, path) = try killed()
        let bytes = try Files.read(path)
        governance.clock.advance(2000)
        try governance.expect(
            0, "bob", ["resolve", site.id.text, "--outcome", "applied", "--reason", "I looked at it", "--yes"])
        let run = try governance.spawn("runner", ["run"] + governance.cluster())
        #expect(run.errors.contains("came too late to be recorded: `bob` had ended its claim"), "\(run)")
        #expect(Files.kind(path) == nil)
        #expect(try Files.read(path + ".late") == bytes)
        #expect(try governance.executions() == site.executions)
        let next = try governance.spawn("runner", ["run"] + governance.cluster())
        #expect(!next.errors.contains("too late"), "it is said once: \(next)")
    }

    @Test("one that cannot be read is named, left where it is, and keeps nothing else from being run")
    func damaged() throws {
        let (_, governance, path) = try killed()
        try Files.writeAtomically(path, Array("{\"by\":".utf8))
        let next = try governance.propose(target: "dev/api-server", ["replicas=3"])
        try governance.land(next)
        let run = try governance.spawn("runner", ["run", next.text] + governance.cluster())
        #expect(run.errors.contains("that waits to be signed at `") && run.errors.contains("cannot be read"), "\(run)")
        #expect(try governance.state(of: next) == "executed")
        #expect(Files.kind(path) != nil)
    }
}
