import Git
import OperatingSystem
import Testing

@testable import Shipping

/// Shipments as somebody makes them who has this program's source and no scruples: of whatever the remote's branches hold.
struct HandMadeShipments {
    private let governance: Governance
    private let repository: Repository
    private let commits: [ObjectID]

    init(_ governance: Governance, _ actor: String) throws {
        self.governance = governance
        try governance.git(actor, "fetch", "-q", "--prune")
        repository = try Repository(containing: governance.clone(actor))
        commits = try governance.git(actor, "rev-list", "--reverse", "origin/ledger")
            .split(separator: "\n").compactMap { ObjectID($0) }
    }

    func write(to folder: String) throws {
        try Files.createDirectory(folder)
        let maker = ShipmentMaker(repository)
        var last: ShipmentTips?
        for (height, commit) in commits.enumerated() {
            // What an event does not say of main is taken from the one before.
            let tips = try (try? maker.tips(at: commit)) ?? ShipmentTips(ledger: commit, main: #require(last).main)
            try Files.create("\(folder)/\(Shipment.name(height))", try maker.bytes(tips, after: last))
            last = tips
        }
    }
}
