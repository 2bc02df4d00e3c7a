import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Shipping that is interrupted")
struct InterruptedShippingTests {
    /// A repository whose evidence another shipper has brought to a folder, and the points that a shipper reaches.
    private func scene(_ place: (Governance) -> String) throws -> (governance: Governance, points: [ReachedPoint]) {
        let governance = try ExecutedLedger.copy().governance
        try governance.ship(to: "\(governance.directory.path)/whole", as: "gate")
        _ = governance.clone("sam")
        let rehearsal = try Governance(copying: governance)
        let log = rehearsal.directory.file("points")
        let result = try rehearsal.spawn("sam", ["ledger", "ship", place(rehearsal)], log: log)
        try #require(result.status == 0, "\(result)")
        return (governance, try ReachedPoint.read(log))
    }

    private func whole(_ governance: Governance) throws -> [String] {
        try Files.list("\(governance.directory.path)/whole")
    }

    /// What is there is the beginning of what there should be, byte for byte.
    private func expectPrefix(_ governance: Governance, _ place: Comment) throws {
        let names = ((try? Files.list(governance.shelf)) ?? []).filter { $0.hasSuffix(".bundle") }
        #expect(names == Array(try whole(governance).prefix(names.count)), place)
        for name in names {
            let original = try Files.read("\(governance.directory.path)/whole/\(name)")
            #expect(try Files.read("\(governance.shelf)/\(name)") == original, "\(place): \(name)")
        }
    }

    @Test("killed at any point, it leaves whole shipments alone, and the next run brings the rest")
    func killed() throws {
        let (original, points) = try scene { $0.shelf }
        var generator = SeededGenerator(stream: 73)
        for (name, points) in Dictionary(grouping: points, by: \.name).sorted(by: { $0.key < $1.key }) {
            let point = generator.pick(points)
            let governance = try Governance(copying: original)
            let place: Comment = "killed at \(point.description)"
            let killed = try governance.spawn(
                "sam", ["ledger", "ship", governance.shelf], fault: "\(name):\(point.ordinal):kill")
            try #require(killed.status == 128 + 9, "\(place): \(killed)")
            try expectPrefix(governance, place)
            let again = try governance.spawn("sam", ["ledger", "ship", governance.shelf])
            #expect(again.status == 0, "\(place): \(again)")
            try expectPrefix(governance, place)
            // Nothing unfinished stays.
            #expect(try Files.list(governance.shelf) == whole(governance), place)
        }
        #expect(Set(points.map(\.name)).isSuperset(of: ["file.link", "file.linked", "file.sync", "folder.sync"]))
    }

    @Test("on a disk that is full or broken it fails, leaves whole shipments alone, and goes on later")
    func fullDisk() throws {
        let (original, points) = try scene { $0.shelf }
        var generator = SeededGenerator(stream: 74)
        for name in ["file.create", "file.write", "file.sync", "file.link", "folder.sync"] {
            let point = generator.pick(points.filter { $0.name == name && $0.subject.contains("/evidence") })
            let governance = try Governance(copying: original)
            let place: Comment = "full at \(point.description)"
            let failed = try governance.spawn(
                "sam", ["ledger", "ship", governance.shelf], fault: "\(name):\(point.ordinal):error:ENOSPC")
            #expect(failed.status == 1 && failed.errors.contains("No space left"), "\(place): \(failed)")
            try expectPrefix(governance, place)
            try governance.ship()
            #expect(try Files.list(governance.shelf) == whole(governance), place)
        }
    }

    @Test("two at once ship every event once: the one that comes later finds what the other wrote")
    func twoAtOnce() throws {
        let (governance, _) = try scene { $0.shelf }
        _ = governance.clone("gate")
        // It stops with the third shipment written and not yet in its place.
        let slow = try BackgroundProgram(
            governance, "sam", ["ledger", "ship", governance.shelf, "--output", "json"], fault: "file.link:3:stop")
        try slow.waitUntilStopped()
        let quick = try governance.spawn("gate", ["ledger", "ship", governance.shelf, "--output", "json"])
        #expect(quick.status == 0, "\(quick)")
        let count = Int64(try whole(governance).count)
        #expect(try quick.json["count"]?.integerValue == count - 2)
        slow.signal(18)
        let result = try slow.wait()
        #expect(result.status == 0, "\(result)")
        #expect(try result.json["count"]?.integerValue == count)
        #expect(try result.json["already_there"]?.integerValue == count - 2)
        try expectPrefix(governance, "after both")
        #expect(try Files.list(governance.shelf) == whole(governance))
    }

    @Test("killed between an answer and the note of it, a shipper sends the event again, and the receiver keeps one")
    func killedWithWebhook() throws {
        let governance = try ExecutedLedger.copy().governance
        let secret = "\(governance.directory.path)/secret"
        try Files.create(secret, Array("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n".utf8), mode: 0o600)
        let folder = "\(governance.directory.path)/received"
        let receiver = try Receiver.keeper(folder, secretFile: secret)
        let words = ["ledger", "ship", "http://127.0.0.1:\(receiver.port)/", "--secret-file", secret]
        let variables = ["AGENTSAFE_LOCAL_HOSTS": "127.0.0.1:\(receiver.port)"]
        var held = 0
        for ordinal in [2, 3, 1] {
            let killed = try governance.spawn(
                "sam", words, fault: "file.rename:\(ordinal):kill", adding: variables)
            try #require(killed.status == 128 + 9, "\(killed)")
            let names = try Files.list(folder)
            #expect(names == names.indices.map { Governance.shipmentName($0) } && names.count > held)
            held = names.count - 1
        }
        let last = try governance.spawn("sam", words, adding: variables)
        #expect(last.status == 0, "\(last)")
        #expect(try governance.audit(of: folder)["height"]?.integerValue == Int64(try governance.newestHeight))
    }
}
