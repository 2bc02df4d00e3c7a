public import ChangeModel
public import Git

/// How far a copy went the last time, as this machine remembers it.
public struct ShippingMark: Sendable, Hashable {
    public let height: Int
    /// The event's commit.
    public let ledger: ObjectID

    public var json: JSONValue { ["height": .integer(Int64(height)), "ledger": .string(ledger.description)] }

    public init(height: Int, ledger: ObjectID) {
        self.height = height
        self.ledger = ledger
    }

    /// - Returns: nil for what is no mark.
    public init?(_ bytes: [UInt8]) {
        guard let json = try? JSONValue(parsing: bytes), let height = json["height"]?.integerValue,
            (0...Int64(Shipment.maximumHeight)).contains(height),
            let ledger = json["ledger"]?.stringValue.flatMap({ ObjectID($0) })
        else { return nil }
        self.init(height: Int(height), ledger: ledger)
    }
}
