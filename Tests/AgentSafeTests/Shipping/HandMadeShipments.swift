import Git
import OperatingSystem
import Testing

@testable import Shipping

/// Shipments as somebody makes them who has this program's source and no scruples: of whatever the remote's branches hold.
struct HandMadeShipments {
    private let governance: Governance
    private let repository: Repository
    let maker: ShipmentMaker
    private let commits: [ObjectID]

    init(_ governance: Governance, _ actor: String) throws {
        self.governance = governance
        try governance.git(actor, "fetch", "-q", "--prune")
        repository = try Repository(containing: governance.clone(actor))
        maker = ShipmentMaker(repository)
        commits = try governance.git(actor, "rev-list", "--reverse", "origin/ledger")
            .split(separator: "\n").compactMap { ObjectID($0) }
    }

    func tips(_ height: Int) throws -> ShipmentTips { try maker.tips(at: commits[height]) }

    func bytes(_ tips: ShipmentTips, after previous: ShipmentTips?, _ objects: Set<ObjectID>) throws -> [UInt8] {
        let prerequisites = previous.map { [$0.ledger, $0.main] } ?? []
        return try Bundle.head(prerequisites: prerequisites, references: tips.bundled)
            + repository.storedPack(of: objects, limit: 1 << 24)
    }

    func write(to folder: String) throws {
        try Files.createDirectory(folder)
        var last: ShipmentTips?
        for (height, commit) in commits.enumerated() {
            // What an event does not say of main is taken from the one before.
            let tips = try (try? maker.tips(at: commit)) ?? ShipmentTips(ledger: commit, main: #require(last).main)
            try Files.create("\(folder)/\(Shipment.name(height))", try maker.bytes(tips, after: last))
            last = tips
        }
    }
}
