import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Evidence is shipped to a folder")
struct FolderShippingTests {
    @Test("every event once, in order, and a stranger with an empty folder proves the copy")
    func story() throws {
        let governance = try ExecutedLedger.copy().governance
        let newest = try governance.newestHeight
        #expect(newest > 4)
        let first = try governance.ship().json
        #expect(first["count"]?.integerValue == Int64(newest + 1))
        #expect(first["before"] == JSONValue.null)
        #expect(try Files.list(governance.shelf) == (0...newest).map { Governance.shipmentName($0) })
        let audit = try governance.audit()
        #expect(audit["result"] == "authentic")
        #expect(audit["height"]?.integerValue == Int64(newest))
        #expect(audit.at("verification", "ledger", "tip")?.stringValue == (try governance.tip("ledger")))
        #expect(audit["clone"] == JSONValue.null)
        // Nothing new, nothing sent.
        let before = try Files.list(governance.shelf).map { Files.stamp("\(governance.shelf)/\($0)") }
        let again = try governance.ship().json
        #expect(again["count"] == 0)
        #expect(try Files.list(governance.shelf).map { Files.stamp("\(governance.shelf)/\($0)") } == before)
    }

    @Test("what happens later follows, and a clone says how far the copy is behind, or ahead")
    func following() throws {
        let governance = try ExecutedLedger.copy().governance
        try governance.ship()
        let shipped = try governance.newestHeight
        try governance.execute(replicas: 7)
        let newest = try governance.newestHeight
        try governance.git("bob", "fetch", "-q")
        let behind = try governance.expect(
            0, "bob", ["ledger", "verify-shipped", governance.shelf, "--output", "json"]
        ).json
        #expect(behind.at("clone", "relation") == "behind")
        #expect(behind.at("clone", "by")?.integerValue == Int64(newest - shipped))
        #expect(behind["height"]?.integerValue == Int64(shipped))
        let dry = try governance.ship(options: ["--dry-run"]).json
        #expect(dry["count"]?.integerValue == Int64(newest - shipped) && dry["dry_run"] == true)
        #expect(try Files.list(governance.shelf).count == shipped + 1)
        let next = try governance.ship().json
        #expect(
            next["sent"] == [["from": .integer(Int64(shipped + 1)), "to": .integer(Int64(newest))]], "\(next)")
        let same = try governance.expect(
            0, "bob", ["ledger", "verify-shipped", governance.shelf, "--output", "json"]
        ).json
        #expect(same.at("clone", "relation") == "same")
        // carol has not fetched.
        let ahead = try governance.expect(
            0, "carol", ["ledger", "verify-shipped", governance.shelf, "--output", "json"]
        ).json
        #expect(ahead.at("clone", "relation") == "ahead", "\(ahead)")
    }

    @Test("stock git alone rebuilds the repository from the bundles, and shows the same tips and the same log")
    func stockGit() throws {
        let governance = try ExecutedLedger.copy().governance
        // Merged branches come along, whatever lies on them.
        let id = try governance.propose(target: "prod/web", ["replicas=6"])
        try governance.mergeUnsigned(id)
        try governance.expect(0, "gate", ["gate", "--record"] + ["--head", id.branch])
        try governance.execute(replicas: 3)
        try governance.ship()
        let copy = try governance.folder("rebuilt")
        func git(_ words: String...) throws -> String { try governance.run(["git", "-C", copy] + words) }
        _ = try git("init", "-q", "--bare", "-b", "main")
        for name in try Files.list(governance.shelf) {
            _ = try git("bundle", "verify", "-q", "\(governance.shelf)/\(name)")
            _ = try git("fetch", "-q", "\(governance.shelf)/\(name)", "refs/heads/*:refs/heads/*")
        }
        _ = try git("fsck", "--strict", "--full")
        #expect(try git("rev-parse", "ledger") == governance.tip("ledger"))
        #expect(try git("rev-parse", "main") == governance.tip("main"))
        for branch in ["main", "ledger"] {
            let original = try governance.run(["git", "-C", governance.remote, "log", "--format=%H %s", branch])
            #expect(try git("log", "--format=%H %s", branch) == original)
        }
        let verified = try governance.expect(
            0, "stranger", ["verify", "--genesis", try governance.genesis, "--output", "json"], in: copy,
            adding: ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/other-state"])
        #expect(try verified.json["result"] == "authentic")
    }

    @Test("two shippers write the same bytes, from clones that were packed in different ways")
    func sameBytes() throws {
        let governance = try ExecutedLedger.copy().governance
        try governance.git("gate", "gc", "-q", "--aggressive", "--prune=now")
        let other = "\(governance.directory.path)/other"
        try governance.ship()
        try governance.ship(to: other, as: "gate")
        for name in try Files.list(governance.shelf) {
            #expect(try Files.read("\(other)/\(name)") == Files.read("\(governance.shelf)/\(name)"), "\(name)")
        }
        // Each finds the other's, and has nothing to add.
        #expect(try governance.ship(to: other).json["count"] == 0)
    }

    @Test("what was taken away is shipped again, and said")
    func refilled() throws {
        let governance = try ExecutedLedger.copy().governance
        try governance.ship()
        try Files.remove(governance.shipment(2))
        try Files.remove(governance.shipment(4))
        let again = try governance.ship().json
        #expect(again["count"] == 2 && again["refilled"] == 2, "\(again)")
        #expect(try governance.audit()["result"] == "authentic")
    }

    @Test("a ledger that has only begun is shipped, and proves nothing yet")
    func onlyGenesis() throws {
        let governance = try Governance()
        #expect(try governance.newestHeight == 0)
        try governance.ship()
        let audit = try governance.audit(1)
        #expect(audit["result"] == "unproved")
        #expect(audit["height"] == JSONValue.null)
        try governance.execute()
        try governance.ship()
        #expect(try governance.audit()["result"] == "authentic")
    }

    @Test("places that can be none are refused before anything is done")
    func places() throws {
        let governance = try Governance()
        for (place, options, words) in [
            ("ftp://host/x", [], "is no place for evidence"), ("s3://", [], "names no bucket"),
            ("s3://bucket/a//b", [], "names no bucket"), ("s3://bucket/../b", [], "names no bucket"),
            ("file://relative", [], "a path from the root"), ("", [], "is no place for evidence"),
            ("folder", ["--object-lock", "governance", "--retain-days", "3"], "are for S3"),
            ("s3://bucket/x", ["--object-lock", "governance"], "go together"),
            ("s3://bucket/x", ["--object-lock", "governance", "--retain-days", "0"], "from 1 to 36500"),
            ("s3://bucket/x", ["--retain-days", "x"], "from 1 to 36500"),
        ] {
            let refused = try governance.ship(2, to: place, options: options)
            #expect(refused.errors.contains(words), "\(place): \(refused)")
        }
        let missing = try governance.expect(1, "sam", ["ledger", "verify-shipped", "nowhere"])
        #expect(missing.errors.contains("there is no folder"), "\(missing)")
        let empty = try governance.folder("empty")
        #expect(try governance.expect(1, "sam", ["ledger", "verify-shipped", empty]).errors.contains("no shipments"))
        let pinless = try governance.expect(30, "stranger", ["ledger", "verify-shipped", empty], in: empty)
        #expect(pinless.errors.contains("--genesis"), "\(pinless)")
    }
}
