/// What is wrong with shipments, by name.
public struct ShipmentFaults: Sendable {
    public enum Kind: String, Sendable { case missing, altered, extra }

    public struct Fault: Sendable {
        public let name: String
        public let kind: Kind
        public let reason: String
    }

    /// The first of them.
    public private(set) var listed: [Fault] = []
    public internal(set) var total = 0

    static let maximumListed = 100

    mutating func add(_ name: String, _ kind: Kind, _ reason: String) {
        total += 1
        if listed.count < Self.maximumListed { listed.append(Fault(name: name, kind: kind, reason: reason)) }
    }
}
