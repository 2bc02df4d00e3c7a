internal import Git

/// Where shipments go: a folder, a bucket, a webhook.
public protocol ShipmentDestination: AnyObject {
    /// For people; holds no secret.
    var name: String { get }

    /// What is there, or what is known of it.
    func inventory() throws(ShippingError) -> ShipmentInventory

    /// Holds the newest shipment that is there against the one that should be.
    ///
    /// - Throws: `ShippingError` of code `notAuthentic` when they differ.
    func confirm(_ shipment: Shipment) throws(ShippingError)

    /// Adds a shipment, for good: it is there when this returns. Never replaces anything.
    ///
    /// - Throws: `ShippingError` of code `notAuthentic` when something else is there under its name.
    func add(_ shipment: Shipment) throws(ShippingError) -> ShipmentAddition
}

/// What became of a shipment that was added.
public enum ShipmentAddition: Sendable, Equatable {
    case stored
    /// Somebody had shipped it before.
    case alreadyThere
    /// Nothing was stored: the receiver lacks what comes before, from this height on.
    case lacks(Int)
}

/// A destination that shipments can be read back from.
public protocol ShipmentSource: AnyObject {
    var name: String { get }
    func inventory() throws(ShippingError) -> ShipmentInventory
    /// - Throws: `ShippingError` when it cannot be said what is there.
    func read(_ height: Int) throws(ShippingError) -> ShipmentContent
}

public enum ShipmentContent: Sendable {
    case bytes([UInt8])
    case nothing
    /// What lies there can be no shipment: a link, a pipe, something too large.
    case impossible(String)
}

extension ShipmentSource {
    /// Compares what is there with what should be.
    func compare(_ shipment: Shipment) throws(ShippingError) {
        let place = "`\(shipment.name)` at \(name)"
        switch try read(shipment.height) {
        case .nothing: throw ShippingError(.failed, "\(place) is gone again; run this once more")
        case .impossible(let reason): throw ShippingError(.notAuthentic, "\(place) is no shipment: \(reason)")
        case .bytes(shipment.bytes): return
        case .bytes(let bytes):
            let found = (try? Bundle.head(of: bytes)).flatMap { ShipmentTips($0.references) }
            guard let found, found.ledger != shipment.tips.ledger else {
                throw ShippingError(
                    .notAuthentic,
                    "\(place) is not what was shipped: it was altered or cut off; find out by whom, and see what else they did "
                        + "with `agentsafe ledger verify-shipped`")
            }
            throw ShippingError(.notAuthentic, other(found.ledger.short, than: shipment))
        }
    }

    private func other(_ found: String, than shipment: Shipment) -> String {
        "`\(shipment.name)` at \(name) holds ledger commit \(found), and this ledger's event of that height is "
            + "\(shipment.tips.ledger.short): one of them is a second ledger, or was rewound; find out which, and who pushed it"
    }
}
