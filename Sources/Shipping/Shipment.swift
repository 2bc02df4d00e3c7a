public import ChangeModel
public import Git
public import Ledger

/// Where the two branches stand at one event.
public struct ShipmentTips: Hashable, Sendable {
    /// The event's own commit.
    public let ledger: ObjectID
    /// The main commit that the event names.
    public let main: ObjectID

    static let references = ["refs/heads/ledger", "refs/heads/main"]

    var bundled: [Bundle.Reference] {
        zip(Self.references, [ledger, main]).map { Bundle.Reference(name: $0, id: $1) }
    }

    init(ledger: ObjectID, main: ObjectID) {
        self.ledger = ledger
        self.main = main
    }

    /// nil for any other references than a shipment's two.
    init?(_ references: [Bundle.Reference]) {
        guard references.map(\.name) == Self.references else { return nil }
        self.init(ledger: references[0].id, main: references[1].id)
    }
}

/// One event of the ledger on its way out of the repository: a git bundle with the event's commit, with what main had gained
/// when it was recorded, and with the event before as prerequisite. Its bytes are a function of these commits.
public struct Shipment: Sendable {
    public var height: Int { event.height }
    public let tips: ShipmentTips
    public let event: LedgerEvent
    /// Of the event before; nil of genesis.
    public let previous: ShipmentTips?
    public let bytes: [UInt8]

    public var name: String { Self.name(height) }
    public var digest: Digest { Digest(of: bytes) }

    /// Bytes of one shipment.
    public static let maximumSize = 256 << 20
    /// The newest event that there can be.
    public static let maximumHeight = 999_999_999
    private static let ending = ".bundle"

    /// `000000000042.bundle`, so that names sort by height.
    public static func name(_ height: Int) -> String {
        let digits = String(height)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ending
    }

    /// The height that a name stands for; nil for a name that is no shipment's.
    public static func height(of name: String) -> Int? {
        guard name.utf8.count == 12 + ending.utf8.count, name.hasSuffix(ending),
            name.utf8.prefix(12).allSatisfy({ (0x30...0x39).contains($0) }), let height = Int(name.prefix(12)),
            height <= maximumHeight
        else { return nil }
        return height
    }

    /// Whether a name that is none wants to look like one.
    static func resembles(_ name: String) -> Bool { name.lowercased().hasSuffix(ending) }
}

/// Makes shipments of one ledger; quickest in the order of their heights.
final class ShipmentMaker {
    private let repository: Repository
    private let ledgerGrowth: BranchGrowth
    private let mainGrowth: BranchGrowth

    init(_ repository: Repository) {
        self.repository = repository
        ledgerGrowth = BranchGrowth(repository)
        mainGrowth = BranchGrowth(repository)
    }

    func event(at commit: ObjectID) throws(ShippingError) -> LedgerEvent {
        try ledger { () throws(LedgerError) in try LedgerHistory.event(at: commit, in: repository) }
    }

    /// Where the branches stand at the event that a commit records.
    func tips(at commit: ObjectID) throws(ShippingError) -> ShipmentTips {
        ShipmentTips(ledger: commit, main: try event(at: commit).main)
    }

    /// The objects of a shipment.
    func objects(of tips: ShipmentTips, after previous: ShipmentTips?) throws(GitError) -> Set<ObjectID> {
        try ledgerGrowth.objects(from: previous?.ledger, to: tips.ledger)
            .union(mainGrowth.objects(from: previous?.main, to: tips.main))
    }

    /// The shipment of the event that a commit records.
    func shipment(_ commit: ObjectID, after previous: ShipmentTips?) throws(ShippingError) -> Shipment {
        let event = try event(at: commit)
        let tips = ShipmentTips(ledger: commit, main: event.main)
        return Shipment(tips: tips, event: event, previous: previous, bytes: try bytes(tips, after: previous))
    }

    func bytes(_ tips: ShipmentTips, after previous: ShipmentTips?) throws(ShippingError) -> [UInt8] {
        do throws(GitError) {
            let head = Bundle.head(
                prerequisites: previous.map { [$0.ledger, $0.main] } ?? [], references: tips.bundled)
            return head
                + (try repository.storedPack(
                    of: try objects(of: tips, after: previous), limit: Shipment.maximumSize - head.count - 64))
        } catch {
            throw ShippingError(
                error.code == .malformed ? .notAuthentic : .failed,
                "ledger commit \(tips.ledger.short) cannot be shipped: \(error.message)")
        }
    }
}
