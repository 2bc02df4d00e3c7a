import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Disks that are full, or take nothing")
struct FullDiskTests {
    /// Where the disk fills, and stays full. Between mutation and record it is not the cluster's own: that would be asked
    /// for minutes whether the rollout is done.
    private func points(_ site: CrashSite, _ phase: CrashSite.Phase) throws -> [ReachedPoint] {
        var generator = SeededGenerator(stream: 21)
        let points = try site.points(phase).filter {
            $0.diskOrdinal != nil && !(phase == .mutated && $0.subject.hasSuffix("cluster.json"))
        }
        let named = Dictionary(grouping: points, by: \.name)
        return named.sorted { $0.key < $1.key }.map { generator.pick($0.value) }.shuffled(stream: 22)
    }

    @Test(
        "a run whose disk fills ends with a word that says so, and when there is room again its record is made",
        arguments: CrashSite.Phase.allCases)
    func full(phase: CrashSite.Phase) throws {
        let site = try CrashSite.allowed.get()
        for point in try points(site, phase).prefix(2) {
            let governance = try Governance(copying: site.governance)
            let cluster = try governance.cluster()
            let place: Comment = "full from \(point.description) on, \(phase)"
            let failed = try governance.spawn(
                "runner", ["run"] + cluster, fault: "disk:\(point.diskOrdinal ?? 0)+:error:ENOSPC")
            let isRecorded = phase == .recorded
            #expect(failed.status == (isRecorded ? 0 : 1), "\(place): \(failed)")
            // A server keeps to itself what its own disk says.
            let words = phase == .mutating ? "answered 500" : "No space left on device"
            #expect(failed.description.contains(words), "\(place): \(failed)")
            #expect(failed.errors.split(separator: "\n").filter { $0.hasPrefix("agentsafe: ") }.count <= 1)
            let mutations = try governance.generation("staging") - site.generation
            #expect(mutations == ([.mutated, .recording, .recorded].contains(phase) ? 1 : 0), place)

            governance.clock.advance(2000)
            _ = try governance.spawn("runner", ["run"] + cluster)
            let state = try governance.state(of: site.id)
            let isUnknown = [.prepared, .mutating, .mutated].contains(phase)
            #expect(state == (isUnknown ? "unknown" : "executed"), "\(place): \(failed)")
            #expect(try governance.generation("staging") - site.generation == (isUnknown ? mutations : 1), place)
            try governance.expectVerified()
            #expect(try governance.leftovers(of: "runner").isEmpty, place)
        }
    }

    @Test("what was done and could be kept nowhere is printed, becomes unknown, and is not done again")
    func afterMutation() throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        let point = try #require(try site.points(.mutated).last { $0.diskOrdinal != nil })
        let failed = try governance.spawn(
            "runner", ["run", "--output", "json"] + cluster, fault: "disk:\(point.diskOrdinal ?? 0)+:error:ENOSPC")
        #expect(failed.status == 1)
        #expect(failed.errors.contains("WHAT WAS DONE FOR \(site.id) IS RECORDED NOWHERE ELSE. KEEP THIS RECORD:"))
        let printed = try #require(failed.errors.split(separator: "\n").first { $0.hasPrefix("{") })
        let record = try JSONValue(parsing: Array(printed.utf8))
        #expect(record["change"]?.stringValue == site.id.text)
        #expect(record.at("execution", "outcome")?.stringValue == "succeeded")
        #expect(record.at("after", "fields", "generation")?.integerValue == site.generation + 1)
        let run = try failed.json["runs"]?.arrayValue?.first
        #expect(run?["status"]?.stringValue == "record_failed")
        #expect(run?["unrecorded"] == record)
        #expect(run?["detail"]?.stringValue?.contains("No space left on device") == true)

        for _ in 0..<2 {
            governance.clock.advance(1000)
            _ = try governance.spawn("runner", ["run"] + cluster)
            _ = try governance.spawn("runner2", ["run"] + cluster)
        }
        #expect(try governance.state(of: site.id) == "unknown")
        #expect(try governance.generation("staging") == site.generation + 1)
    }

    @Test("what was done is told though the disk is too full to look at the next change")
    func nextChange() throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let second = try governance.propose(target: "dev/api-server", ["replicas=3"])
        try governance.land(second)
        _ = governance.clone("runner")
        let rehearsal = try Governance(copying: governance)
        let log = rehearsal.directory.file("points")
        #expect(try rehearsal.spawn("runner", ["run"] + rehearsal.cluster(), log: log).status == 0)
        let points = try ReachedPoint.read(log)
        let done = try #require(points.indices.filter { points[$0].name == "remote.pushed" }.dropFirst(2).first)
        let full = try #require(points[done...].lazy.compactMap(\.diskOrdinal).first)

        let failed = try governance.spawn(
            "runner", ["run", "--output", "json"] + governance.cluster(), fault: "disk:\(full)+:error:ENOSPC")
        #expect(failed.status == 1, "\(failed)")
        let runs = try failed.json["runs"]?.arrayValue ?? []
        #expect(runs.map { $0["id"]?.stringValue } == [site.id.text, second.text])
        #expect(runs.map { $0["status"]?.stringValue } == ["executed", "failed"])
        #expect(try governance.spawn("runner", ["run"] + governance.cluster()).status == 0)
        for id in [site.id, second] { #expect(try governance.state(of: id) == "executed") }
    }

    @Test("what waits in the outbox says so, and is printed nowhere")
    func waiting() throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.createDirectory(Files.parent(of: hook))
        let script =
            "#!/bin/sh\nread old new name\ncase \"$(git log -1 --format=%s $new)\" in execution*) exit 1;; esac\n"
        try Files.writeAtomically(hook, Array(script.utf8), mode: 0o755)
        let failed = try governance.expect(1, "runner", ["run"] + governance.cluster())
        #expect(failed.output.contains("the record of that waits in this clone"))
        #expect(!failed.errors.contains("KEEP THIS RECORD"))
    }

    @Test("on a disk that takes nothing a run ends before it claims anything, with one line")
    func readOnly() throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let ledger = try governance.tip("ledger")
        let failed = try governance.spawn(
            "runner", ["run"] + governance.cluster(), fault: "disk:1+:error:EROFS")
        #expect(failed.status == 1 && failed.output.isEmpty, "\(failed)")
        #expect(failed.errors.split(separator: "\n").count == 1, "\(failed)")
        #expect(failed.errors.hasPrefix("agentsafe: the accepted tips cannot be kept"), "\(failed)")
        #expect(failed.errors.contains("Read-only file system"), "\(failed)")
        #expect(try governance.tip("ledger") == ledger)
        let proposal = try governance.spawn("stranger", Governance.proposal, fault: "object.write:1+:error:EROFS")
        #expect(proposal.status == 1 && proposal.output.isEmpty, "\(proposal)")
    }

    @Test("under the system's own limit on the size of files nothing is half-written either", arguments: [0, 1, 8, 16])
    func limited(blocks: Int) throws {
        let site = try CrashSite.allowed.get()
        let governance = try Governance(copying: site.governance)
        let cluster = try governance.cluster()
        let failed = try governance.spawn(
            "runner", ["run"] + cluster, shell: "trap '' XFSZ; ulimit -f \(blocks);")
        #expect(failed.status == 1, "\(failed)")
        let mutations = try governance.generation("staging") - site.generation
        governance.clock.advance(2000)
        _ = try governance.spawn("runner", ["run"] + cluster)
        let state = try governance.state(of: site.id)
        #expect(["executed", "unknown"].contains(state), "\(failed)")
        #expect(try governance.generation("staging") - site.generation == (state == "executed" ? 1 : mutations))
        try governance.expectVerified()
        #expect(try governance.leftovers(of: "runner").isEmpty)
        for repository in [governance.remote, governance.clone("runner") + "/.git"] {
            try governance.run(["git", "--git-dir=\(repository)", "fsck", "--no-dangling", "--no-progress"])
        }
    }
}
