public import Git
internal import Ledger

/// Ships the events of one verified ledger, in order, each when the one before is there.
public final class Shipper {
    private let repository: Repository
    private let destination: any ShipmentDestination
    private let maker: ShipmentMaker
    private let height: Int
    /// The ledger's commits from the newest down, as far as they were looked at.
    private var commits: [ObjectID]

    /// How often a receiver may say in one run that it lacks earlier events.
    private static let maximumReturns = 3

    /// - Parameters:
    ///   - tip: the newest event that was verified, and its height.
    public init(_ repository: Repository, tip: ObjectID, height: Int, to destination: any ShipmentDestination) {
        self.repository = repository
        self.destination = destination
        self.height = height
        commits = [tip]
        maker = ShipmentMaker(repository)
    }

    public struct Outcome: Sendable {
        /// Heights that were sent, or would be.
        public var sent: [ClosedRange<Int>] = []
        /// How many of them somebody else had shipped meanwhile.
        public var alreadyThere = 0
        /// The newest that was there before; nil for none.
        public var before: Int?
        /// The newest that is there now.
        public var newest: Int?

        public var count: Int { sent.reduce(0) { $0 + $1.count } }

        fileprivate mutating func add(_ height: Int) {
            if let last = sent.last, last.upperBound == height - 1 {
                sent[sent.count - 1] = last.lowerBound...height
            } else {
                sent.append(height...height)
            }
        }
    }

    /// - Parameters:
    ///   - isRehearsal: nothing is sent.
    ///   - progress: called with the number of events sent, and of all that will be.
    public func ship(
        isRehearsal: Bool = false, progress: (_ sent: Int, _ all: Int) -> Void = { _, _ in }
    ) throws(ShippingError) -> Outcome {
        let inventory = try destination.inventory()
        var outcome = Outcome()
        outcome.before = inventory.newest
        outcome.newest = inventory.newest
        if let newest = inventory.newest {
            guard newest <= height else {
                throw ShippingError(
                    .ahead,
                    "\(destination.name) holds events up to height \(newest), and this ledger ends at \(height)")
            }
            // Each shipment names the one before, so this one stands for all.
            try destination.confirm(try shipment(newest))
        }
        var waiting = inventory.missing(through: height)
        if isRehearsal {
            outcome.sent = waiting
            return outcome
        }
        var (returns, all) = (0, waiting.reduce(0) { $0 + $1.count })
        while let range = waiting.first {
            waiting.removeFirst()
            let next = range.lowerBound
            switch try destination.add(try shipment(next)) {
            case .lacks(let earlier):
                returns += 1
                guard earlier < next, earlier >= 0, returns <= Self.maximumReturns else {
                    throw ShippingError(
                        .failed,
                        "\(destination.name) wants the event of height \(earlier) before that of \(next), which was sent; see "
                            + "what ails the receiver")
                }
                all += next - earlier
                waiting.insert(earlier...range.upperBound, at: 0)
                continue
            case .alreadyThere: outcome.alreadyThere += 1
            case .stored: break
            }
            outcome.add(next)
            outcome.newest = max(next, outcome.newest ?? 0)
            progress(outcome.count, all)
            if next < range.upperBound { waiting.insert((next + 1)...range.upperBound, at: 0) }
        }
        return outcome
    }

    private var last: (height: Int, tips: ShipmentTips)?

    private func shipment(_ height: Int) throws(ShippingError) -> Shipment {
        let previous: ShipmentTips?
        if let last, last.height == height - 1 {
            previous = last.tips
        } else {
            previous = height == 0 ? nil : try maker.tips(at: try commit(height - 1))
        }
        let shipment = try maker.shipment(try commit(height), after: previous)
        guard shipment.height == height else {
            throw ShippingError(.notAuthentic, "the ledger's heights have a gap; run `agentsafe verify`")
        }
        last = (height, shipment.tips)
        return shipment
    }

    /// The ledger's commit at a height. It is verified, so each has one parent, and heights have no gaps.
    private func commit(_ height: Int) throws(ShippingError) -> ObjectID {
        let place = self.height - height
        while commits.count <= place, let oldest = commits.last {
            guard let parent = try git({ () throws(GitError) in try repository.commit(oldest).parents.first }) else {
                throw ShippingError(.notAuthentic, "the ledger is shorter than its height says; run `agentsafe verify`")
            }
            commits.append(parent)
        }
        return commits[place]
    }
}
