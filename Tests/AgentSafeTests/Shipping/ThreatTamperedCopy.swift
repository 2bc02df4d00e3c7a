import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Shipping

@Suite("Threats 10, 11 and 27 at the receiver's end: a shipped copy is altered, cut, or another ledger's")
struct ThreatTamperedCopy {
    private func scene() throws -> (governance: Governance, newest: Int) {
        let governance = try ExecutedLedger.copy().governance
        try governance.ship()
        return (governance, try governance.newestHeight)
    }

    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        try Files.remove(path)
        try Files.create(path, bytes)
    }

    enum Damage: String, CaseIterable {
        case flipped, cutOff, extended, emptied, swapped, leftOut, renamed, repeated, repeatedAtTheEnd, copiedAside
        case linked, pipe, folder

        func faults(_ height: Int, newest: Int) -> [String] {
            let (name, next) = (Governance.shipmentName(height), Governance.shipmentName(height + 1))
            switch self {
            case .flipped, .cutOff, .extended, .emptied, .linked, .pipe, .folder: return ["altered \(name)"]
            case .swapped: return ["altered \(name)", "altered \(next)"]
            case .leftOut: return ["missing \(name)"]
            case .renamed: return ["missing \(name)", "altered \(next)"]
            case .repeated: return ["altered \(next)"]
            case .repeatedAtTheEnd: return ["altered \(Governance.shipmentName(newest + 1))"]
            case .copiedAside: return ["extra \(name.dropLast(7)) (1).bundle"]
            }
        }
    }

    private func damage(_ damage: Damage, _ governance: Governance, _ height: Int, newest: Int) throws {
        let (path, next) = (governance.shipment(height), governance.shipment(height + 1))
        var bytes = try Files.read(path)
        switch damage {
        case .flipped:
            bytes[bytes.count / 2] ^= 1
            try overwrite(path, bytes)
        case .cutOff: try overwrite(path, Array(bytes.dropLast(1)))
        case .extended: try overwrite(path, bytes + [0])
        case .emptied: try overwrite(path, [])
        case .swapped:
            let other = try Files.read(next)
            try overwrite(path, other)
            try overwrite(next, bytes)
        case .leftOut: try Files.remove(path)
        case .renamed: try Files.move(path, to: next)
        case .repeated: try overwrite(next, bytes)
        case .repeatedAtTheEnd: try Files.create(governance.shipment(newest + 1), bytes)
        case .copiedAside: try Files.create("\(path.dropLast(7)) (1).bundle", bytes)
        case .linked:
            try Files.move(path, to: "\(governance.directory.path)/elsewhere")
            try governance.run(["ln", "-s", "\(governance.directory.path)/elsewhere", path])
        case .pipe:
            try Files.remove(path)
            try governance.run(["mkfifo", path])
        case .folder:
            try Files.remove(path)
            try Files.createDirectory(path)
        }
    }

    @Test(
        "each shipment that is not what was shipped is named, and what lies before it still proves",
        arguments: Damage.allCases)
    func named(_ damage: Damage) throws {
        let (governance, newest) = try scene()
        let height = 3
        try self.damage(damage, governance, height, newest: newest)
        let report = try governance.audit(30)
        #expect(report["result"] == "not_authentic")
        #expect(Governance.faults(report) == damage.faults(height, newest: newest), "\(report)")
        let proved: Int
        switch damage {
        case .repeated: proved = height
        case .repeatedAtTheEnd, .copiedAside: proved = newest
        default: proved = height - 1
        }
        #expect(report["height"]?.integerValue == Int64(proved), "\(report)")
    }

    @Test("every single byte of a shipment counts")
    func everyByte() throws {
        let (governance, _) = try scene()
        var generator = SeededGenerator(stream: 71)
        let path = governance.shipment(4)
        let bytes = try Files.read(path)
        // Those of the head one by one, and of the rest some.
        let places = Array(0..<20) + (0..<40).map { _ in Int.random(in: 0..<bytes.count, using: &generator) }
        for place in places {
            var other = bytes
            other[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &generator))
            try overwrite(path, other)
            let report = try governance.audit(30)
            #expect(Governance.faults(report) == ["altered \(Governance.shipmentName(4))"], "byte \(place): \(report)")
        }
    }

    @Test("the first and the last shipment are no exception")
    func ends() throws {
        for isFirst in [true, false] {
            let (governance, newest) = try scene()
            let height = isFirst ? 0 : newest
            try damage(.flipped, governance, height, newest: newest)
            let report = try governance.audit(30)
            #expect(Governance.faults(report) == ["altered \(Governance.shipmentName(height))"])
            let proved: JSONValue = isFirst ? .null : .integer(Int64(newest - 1))
            #expect(report["height"] == proved, "\(report)")
        }
    }

    @Test(
        "a bundle of stock git's with the same commits is not what a shipper writes, and one with more branches neither"
    )
    func otherBundles() throws {
        let (governance, newest) = try scene()
        let path = governance.shipment(newest)
        try governance.git("sam", "branch", "-q", "-f", "ledger", "origin/ledger")
        for extra in [[], ["refs/remotes/origin/main"]] {
            try Files.remove(path)
            try governance.run(
                ["git", "-C", governance.clone("sam"), "bundle", "create", "-q", path, "ledger", "^ledger~1"] + extra)
            #expect(Governance.faults(try governance.audit(30)) == ["altered \(Governance.shipmentName(newest))"])
        }
    }

    enum Invention: String, CaseIterable { case more, less, otherMain, otherEvent, skipped }

    @Test(
        "a shipment in the right spelling that is not its event's own is altered, whoever made it",
        arguments: Invention.allCases)
    func invented(_ invention: Invention) throws {
        let (governance, newest) = try scene()
        let desk = try HandMadeShipments(governance, "sam")
        var tips = try desk.tips(newest)
        var previous: ShipmentTips? = try desk.tips(newest - 1)
        var objects = try desk.maker.objects(of: tips, after: previous)
        switch invention {
        case .more: objects.insert(try desk.tips(0).ledger)
        case .less: objects.remove(try #require(objects.first { $0 != tips.ledger }))
        case .otherMain:
            // Main has gone on since.
            let main = try #require(ObjectID(try governance.tip("main")))
            try #require(main != tips.main)
            tips = ShipmentTips(ledger: tips.ledger, main: main)
            objects = try desk.maker.objects(of: tips, after: previous)
        case .otherEvent: tips = try desk.tips(newest - 1)
        case .skipped:
            previous = try desk.tips(newest - 2)
            objects = try desk.maker.objects(of: tips, after: previous)
        }
        try overwrite(governance.shipment(newest), try desk.bytes(tips, after: previous, objects))
        let report = try governance.audit(30)
        #expect(Governance.faults(report) == ["altered \(Governance.shipmentName(newest))"], "\(report)")
        #expect(report["height"]?.integerValue == Int64(newest - 1))
    }

    @Test("a shipment of a height far away keeps nobody busy")
    func farAway() throws {
        let (governance, newest) = try scene()
        try Files.create(governance.shipment(999_999_999), try Files.read(governance.shipment(newest)))
        let report = try governance.audit(30)
        #expect(report["fault_count"]?.integerValue == Int64(999_999_999 - newest))
        #expect(report["faults"]?.arrayValue?.count == 100)
        #expect(report["height"]?.integerValue == Int64(newest))
        #expect(try governance.ship(30).errors.contains("up to height 999999999"))
    }

    @Test("shipping again over what was altered says so, and touches nothing")
    func shippingOver() throws {
        let (governance, newest) = try scene()
        try damage(.flipped, governance, newest, newest: newest)
        let before = try Files.read(governance.shipment(newest))
        let refused = try governance.ship(30)
        #expect(refused.errors.contains("is not what was shipped"), "\(refused)")
        #expect(try Files.read(governance.shipment(newest)) == before)
        // One in the way of what comes next is found when it comes.
        try Files.remove(governance.shipment(newest))
        try Files.create(governance.shipment(newest), Array("waits here\n".utf8))
        #expect(try governance.ship(30).errors.contains("is not what was shipped"))
    }

    @Test("shipments that were taken from the end are missed by whoever verified the copy before, and by a clone")
    func regression() throws {
        let (governance, newest) = try scene()
        try governance.audit()
        try Files.remove(governance.shipment(newest))
        let report = try governance.audit(30)
        #expect(report["regression"]?.stringValue?.contains("at height \(newest)") == true, "\(report)")
        // Who sees it for the first time cannot know; a clone can.
        let fresh = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh"]
        #expect(try governance.audit(adding: fresh)["height"]?.integerValue == Int64(newest - 1))
        let clone = try governance.expect(
            0, "sam", ["ledger", "verify-shipped", governance.shelf, "--output", "json"]
        ).json
        #expect(clone.at("clone", "relation") == "behind" && clone.at("clone", "by") == 1)
    }

    // MARK: - Other ledgers

    /// A second ledger: the execution went another way, in a fork where the runner's own key signed it.
    private func fork(_ governance: Governance) throws {
        let forgery = try LedgerForgery(governance)
        let execution = try forgery.newest("execution")
        forgery.editMessage(execution) { $0.replacing("succeeded", with: "went well") }
        try forgery.publish(from: execution)
    }

    @Test("a ledger that was forked or rewound after it had been shipped is not shipped over its copy")
    func forkedShipper() throws {
        for how in ["forked", "rewound"] {
            let (governance, newest) = try scene()
            if how == "forked" {
                try fork(governance)
            } else {
                try governance.run(["git", "-C", governance.remote, "update-ref", "refs/heads/ledger", "ledger~1"])
            }
            let before = try Files.list(governance.shelf)
            // Who saw the true ledger does not believe this one.
            try governance.ship(30)
            // Who did not, meets its copy.
            try governance.git("stranger", "fetch", "-q", "--prune")
            let refused = try governance.ship(
                30, as: "stranger",
                adding: [
                    "AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh-\(how)"
                ])
            #expect(
                refused.errors.contains(how == "forked" ? "a second ledger, or was rewound" : "the ledger was rewound"),
                "\(refused)")
            #expect(try Files.list(governance.shelf) == before && before.count == newest + 1)
        }
    }

    @Test("a copy of a fork verifies in itself, for its signatures are good, and not beside the true ledger")
    func forkedCopy() throws {
        let (governance, newest) = try scene()
        try fork(governance)
        try governance.git("stranger", "fetch", "-q", "--prune")
        let other = "\(governance.directory.path)/other"
        try governance.ship(
            to: other, as: "stranger",
            adding: [
                "AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh"
            ])
        #expect(try governance.audit(of: other)["height"]?.integerValue == Int64(newest))
        let report = try governance.expect(
            30, "sam", ["ledger", "verify-shipped", other, "--output", "json"]
        ).json
        #expect(report.at("clone", "relation") == "forked", "\(report)")
        // One shipment of the fork among the true ones is found without any clone.
        try overwrite(governance.shipment(newest), try Files.read(governance.shipment(newest, in: other)))
        try overwrite(governance.shipment(newest - 1), try Files.read(governance.shipment(newest - 2, in: other)))
        #expect(try governance.audit(30)["height"]?.integerValue == Int64(newest - 2))
    }

    @Test("a clone that does not hold itself is not taken for a fault of the copy")
    func forgedClone() throws {
        let (governance, newest) = try scene()
        let forgery = try LedgerForgery(governance)
        let execution = try forgery.newest("execution")
        forgery.edit(try forgery.file("-execution.json", of: execution), from: execution, "{}\n")
        try forgery.publish(from: execution)
        try governance.git("bob", "fetch", "-q")
        let told = try governance.expect(30, "bob", ["ledger", "verify-shipped", governance.shelf])
        #expect(told.errors.contains("the copy holds up to height \(newest), but this clone does not"), "\(told)")
    }

    @Test("a copy with forged events, or of another repository, is refused whoever shipped it")
    func forgedCopy() throws {
        let (governance, _) = try scene()
        let other = try Governance(making: (), at: TestClock.start + 60)
        try other.execute()
        try other.ship()
        let foreign = try governance.audit(30, of: other.shelf)
        #expect(foreign["failure"]?.stringValue?.contains("not at the pinned genesis") == true, "\(foreign)")
        // Somebody who holds the copy, and no key, makes shipments of a history of their own.
        let forgery = try LedgerForgery(governance)
        let execution = try forgery.newest("execution")
        forgery.edit(try forgery.file("-execution.json", of: execution), from: execution, "{}\n")
        try forgery.publish(from: execution)
        let shelf = "\(governance.directory.path)/forged"
        try HandMadeShipments(governance, "stranger").write(to: shelf)
        let report = try governance.audit(30, of: shelf)
        #expect(report["height"]?.integerValue == Int64(execution - 1), "\(report)")
        #expect(report["result"] == "not_authentic")
    }
}
