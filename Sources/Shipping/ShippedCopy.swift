public import ChangeModel
public import Git
public import Ledger
internal import OperatingSystem

/// A repository that is built anew from shipments alone, and judged like any other.
///
/// Nothing of a shipment is run, nor read as a setting: its objects go into a bare repository of their own, and its two branch
/// names are the only ones that there can be.
public final class ShippedCopy {
    private let source: any ShipmentSource
    private let repository: Repository
    private let maker: ShipmentMaker
    private let genesis: ObjectID
    private let now: Timestamp
    public private(set) var inventory = ShipmentInventory()
    /// Where the branches stand at each height, as far as the copy could be built.
    public private(set) var tips: [ShipmentTips] = []
    public private(set) var faults = ShipmentFaults()

    /// Bytes that are taken into the repository at once.
    private static let batchSize = 64 << 20

    /// - Parameters:
    ///   - folder: an empty one, for the repository.
    ///   - genesis: the pinned root of main.
    ///   - now: the reader's clock.
    public init(
        of source: any ShipmentSource, in folder: String, genesis: ObjectID, now: Timestamp
    ) throws(ShippingError) {
        self.source = source
        self.genesis = genesis
        self.now = now
        repository = try git { () throws(GitError) in try Repository.create(at: folder, isBare: true) }
        maker = ShipmentMaker(repository)
    }

    // MARK: - Building

    /// A shipment that was read, whose objects are not in the repository yet.
    private struct Waiting {
        let height: Int
        let tips: ShipmentTips
        let objects: [ObjectID]
    }

    /// Reads all shipments, and takes them in up to the first that is missing or not what a shipper writes.
    ///
    /// - Parameter progress: called with the number of shipments read so far.
    public func build(progress: (Int) -> Void = { _ in }) throws(ShippingError) {
        inventory = try source.inventory()
        for name in inventory.extra { faults.add(name, .extra, "no shipment has such a name") }
        faults.total += inventory.extraCount - inventory.extra.count
        guard let newest = inventory.newest else { return }
        for range in inventory.missing(through: newest) {
            for height in range.prefix(ShipmentFaults.maximumListed) {
                faults.add(Shipment.name(height), .missing, "the next shipments are there")
            }
            faults.total += max(0, range.count - ShipmentFaults.maximumListed)
        }
        var isWhole = true
        var last: ShipmentTips?
        var batch = PackBatch()
        var waiting: [Waiting] = []
        var count = 0
        for range in inventory.ranges {
            for height in range {
                if !waiting.isEmpty, batch.size > Self.batchSize {
                    isWhole = try take(&batch, &waiting) && isWhole
                }
                let received = try receive(height)
                count += 1
                progress(count)
                // What follows a gap is only looked at by itself.
                if height != (waiting.last?.height ?? tips.count - 1) + 1 { isWhole = false }
                guard isWhole else { continue }
                guard let received else {
                    isWhole = false
                    continue
                }
                if !received.follows(last) {
                    // Of two that do not fit, the earlier may be the one that was altered.
                    if try take(&batch, &waiting) {
                        faults.add(
                            Shipment.name(height), .altered, "it follows another event than the one shipped before it")
                    }
                    isWhole = false
                    continue
                }
                batch.add(received.pack)
                waiting.append(Waiting(height: height, tips: received.tips, objects: received.pack.objects.map(\.id)))
                last = received.tips
            }
        }
        _ = try take(&batch, &waiting)
    }

    /// - Returns: nil for what is no shipment of that height, which is noted.
    private func receive(_ height: Int) throws(ShippingError) -> ReceivedShipment? {
        let name = Shipment.name(height)
        switch try source.read(height) {
        case .nothing: throw ShippingError(.failed, "`\(name)` at \(source.name) is gone again; run this once more")
        case .impossible(let reason): faults.add(name, .altered, reason)
        case .bytes(let bytes):
            do throws(GitError) {
                return try ReceivedShipment(parsing: bytes, height: height)
            } catch {
                faults.add(name, .altered, error.message)
            }
        }
        return nil
    }

    /// Takes the objects of what waits into the repository, and holds each shipment against what one of these commits holds.
    ///
    /// - Returns: whether all of them are just that.
    private func take(_ batch: inout PackBatch, _ waiting: inout [Waiting]) throws(ShippingError) -> Bool {
        let held = batch
        batch = PackBatch()
        defer { waiting = [] }
        try git { () throws(GitError) in try repository.receive(held) }
        for shipment in waiting {
            let previous = tips.last
            var fault: String?
            do throws(GitError) {
                let parents = try repository.commit(shipment.tips.ledger).parents
                if parents != (previous.map { [$0.ledger] } ?? []) {
                    fault = "its event follows another one than the event shipped before it"
                } else if try maker.objects(of: shipment.tips, after: previous).sorted() != shipment.objects {
                    fault = "it holds other objects than its event has"
                }
            } catch {
                fault = error.message
            }
            if fault == nil {
                do throws(ShippingError) {
                    if try maker.tips(at: shipment.tips.ledger) != shipment.tips {
                        fault = "its `main` is not the commit that its event names"
                    }
                } catch {
                    fault = error.message
                }
            }
            if let fault {
                faults.add(Shipment.name(shipment.height), .altered, fault)
                return false
            }
            tips.append(shipment.tips)
        }
        return true
    }

    // MARK: - Judging

    /// What could be proved of a copy.
    public struct Proof {
        public let main: MainHistory
        public let ledger: LedgerHistory
        public let height: Int
    }

    /// Verifies the copy from the pinned genesis, as if it were the repository itself.
    ///
    /// - Returns: what holds, and what comes after it and does not; both nil for an empty copy.
    public func prove(
        progress: (Int) -> Void = { _ in }
    ) throws(ShippingError) -> (proof: Proof?, failure: String?) {
        var (failure, count): (String?, Int) = (nil, tips.count)
        // Each time it ends sooner; after that many nobody wants to know where exactly.
        for _ in 0..<8 where count > 0 {
            do throws(LedgerError) {
                return (try proof(through: count - 1, progress), failure)
            } catch {
                guard case .notAuthentic(let found) = error else { throw ShippingError(error) }
                failure = found.description
                count = try firstHeight(holding: found.commit)
            }
        }
        return (nil, failure)
    }

    private func proof(through height: Int, _ progress: (Int) -> Void) throws(LedgerError) -> Proof {
        let end = tips[height]
        let chain = LedgerChain(walking: repository, from: end.ledger, downTo: nil)
        let main = try MainHistory(
            repository: repository, tip: end.main, start: genesis, genesis: genesis, progress: progress)
        let ledger = try LedgerHistory(chain: chain, repository: repository, main: main, now: now, progress: progress)
        return Proof(main: main, ledger: ledger, height: height)
    }

    /// The first shipment that brought a commit; 0 when none is known to.
    private func firstHeight(holding commit: ObjectID?) throws(ShippingError) -> Int {
        guard let commit else { return 0 }
        if let height = tips.firstIndex(where: { $0.ledger == commit }) { return height }
        for (height, tips) in tips.enumerated() {
            let before = height == 0 ? nil : self.tips[height - 1].main
            var next: ObjectID? = tips.main
            while let id = next, id != before {
                if id == commit { return height }
                next = try git { () throws(GitError) in try repository.commit(id).parents.first }
            }
        }
        return 0
    }

    /// Whether a commit of the ledger is one of the copy's.
    public func height(of commit: ObjectID) -> Int? { tips.firstIndex { $0.ledger == commit } }
}
