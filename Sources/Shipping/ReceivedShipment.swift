internal import Git
internal import Ledger

/// A shipment as somebody else kept it: well formed, but not yet held against anything.
struct ReceivedShipment {
    let tips: ShipmentTips
    let prerequisites: [ObjectID]
    let pack: StoredPack

    /// Reads what lies under the name of a height.
    ///
    /// - Throws: `GitError` for whatever no shipper writes under that name.
    init(parsing bytes: [UInt8], height: Int) throws(GitError) {
        let bundle = try Bundle(parsing: bytes)
        guard let tips = ShipmentTips(bundle.references) else {
            throw GitError(.malformed, "it carries other branches than `ledger` and `main`")
        }
        (self.tips, prerequisites, pack) = (tips, bundle.prerequisites, bundle.pack)
        guard let raw = pack.content(of: tips.ledger, .commit) else {
            throw GitError(.malformed, "the commit of its own event is not in it")
        }
        let announced: Int
        do throws(LedgerError) {
            announced = try LedgerHistory.announcedHeight(of: try commit(tips.ledger, raw))
        } catch {
            throw GitError(.malformed, error.description)
        }
        guard announced == height else { throw GitError(.malformed, "it is the shipment of height \(announced)") }
    }

    func follows(_ previous: ShipmentTips?) -> Bool {
        prerequisites == (previous.map { [$0.ledger, $0.main] } ?? [])
    }
}

private func commit(_ id: ObjectID, _ raw: [UInt8]) throws(LedgerError) -> Commit {
    do { return try Commit(id: id, raw: raw) } catch { throw .git(error) }
}
