public import ChangeModel

/// What a copy of the evidence proves.
public struct ShippedReport: Sendable {
    public enum Result: String, Sendable {
        case authentic
        case notAuthentic = "not_authentic"
        /// Only the ledger's first event is there, and what pins it comes with the second.
        case unproved
    }

    public enum Fault: String, Sendable { case missing, altered, extra }

    public var source = ""
    public var genesis = ""
    /// How many shipments are there.
    public var shipments = 0
    /// Up to here everything was proved; nil: nothing was.
    public var height: Int?
    /// When the last proved event was recorded.
    public var at: Timestamp?
    public var verification: VerificationReport?
    /// What is wrong with shipments: the first of them, by name.
    public var faults: [(name: String, fault: Fault, reason: String)] = []
    public var faultCount = 0
    /// Why verification ended before the last shipment that is whole.
    public var failure: String?
    /// Other things that lie there, which were not looked at.
    public var others = 0
    /// How the copy stands to the clone in which this was asked; nil outside of one.
    public var clone: Clone?
    /// Why the copy is not the one that was verified here before.
    public var regression: String?

    /// A clone's own ledger.
    public struct Clone: Sendable {
        public enum Relation: String, Sendable {
            case same
            /// The copy lacks events that the clone has.
            case behind
            /// The copy has events that the clone has not fetched.
            case ahead
            /// The two are different ledgers.
            case forked
        }

        public var relation: Relation
        /// Events between the two.
        public var by = 0
        public var height: Int
        public var tip: String
    }

    public var result: Result {
        if faultCount > 0 || failure != nil || clone?.relation == .forked || regression != nil { return .notAuthentic }
        return verification == nil ? .unproved : .authentic
    }

    public var json: JSONValue {
        [
            "result": .string(result.rawValue), "source": .string(source), "genesis": .string(genesis),
            "shipments": .integer(Int64(shipments)), "height": height.map { .integer(Int64($0)) } ?? .null,
            "at": at.map { .string($0.description) } ?? .null,
            "faults": .array(
                faults.map {
                    ["name": .string($0.name), "fault": .string($0.fault.rawValue), "reason": .string($0.reason)]
                }), "fault_count": .integer(Int64(faultCount)), "failure": failure.map { .string($0) } ?? .null,
            "other_files": .integer(Int64(others)),
            "clone": clone.map {
                [
                    "relation": .string($0.relation.rawValue), "by": .integer(Int64($0.by)),
                    "height": .integer(Int64($0.height)), "tip": .string($0.tip),
                ]
            } ?? .null, "regression": regression.map { .string($0) } ?? .null,
            "verification": verification?.json ?? .null,
        ]
    }
}
