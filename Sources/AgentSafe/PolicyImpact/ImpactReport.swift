public import ChangeModel
public import Git

/// One request that another policy would answer otherwise.
public struct DecisionFlip: Sendable {
    /// The change that was asked about; nil for a request out of a file.
    public let change: ChangeID?
    /// The line of the file of requests.
    public let line: Int?
    /// `scale-deployment on staging/api-server`
    public let summary: String
    public let caller: String?
    public let at: Timestamp
    public let shift: DecisionShift
    public let before: Decision
    public let after: Decision

    public var json: JSONValue {
        .compact([
            "change": change.map { .string($0.text) }, "line": line.map { .integer(Int64($0)) },
            "summary": .string(summary), "caller": caller.map { .string($0) } ?? .null,
            "at": .string(at.description), "shift": .string(shift.rawValue), "before": before.json,
            "after": after.json,
        ])
    }
}

/// What a change of the policy does to what was, or could be, asked.
public struct ImpactReport: Sendable {
    public enum Result: String, Sendable {
        /// Something would be let through that is not now, or with fewer people's consent.
        case softer
        /// Answers change, and none of them for the softer.
        case stricter
        case same
    }

    public let base: ObjectID
    public let head: ObjectID
    /// How many requests were answered by both.
    public let compared: Int
    /// The gravest first, and within one kind in the order of the ledger or the file.
    public let flips: [DecisionFlip]
    /// What was recorded and could not be asked again, with the reason.
    public let skipped: [String]

    public var result: Result {
        flips.contains(where: \.shift.isSofter) ? .softer : flips.contains(where: \.shift.isFlip) ? .stricter : .same
    }

    public func count(_ shift: DecisionShift) -> Int { flips.count { $0.shift == shift } }

    public var json: JSONValue {
        [
            "result": .string(result.rawValue), "base": .string(base.description), "head": .string(head.description),
            "compared": .integer(Int64(compared)),
            "counts": .object(
                Dictionary(
                    uniqueKeysWithValues: DecisionShift.allCases.map { ($0.rawValue, .integer(Int64(count($0)))) })),
            "flips": .array(flips.map(\.json)), "skipped": .strings(skipped),
        ]
    }
}
