import TestSupport

/// One walk: operations that the model and the library take side by side.
struct Walk {
    let number: UInt64
    var operations: [WalkOperation]

    /// Where the two part.
    struct Disagreement: Error, CustomStringConvertible {
        let step: Int
        let operation: WalkOperation
        let words: String

        var description: String { "step \(step), \(operation): \(words)" }
    }

    static let length = 12

    /// Draws a walk, and goes it in the same breath; returns what was gone, and where it ended in disagreement.
    static func go(
        _ number: UInt64, from base: WalkBase, stream: UInt64, tally: WalkTally
    ) throws -> (Walk, Disagreement?) {
        var generator = WalkGenerator(stream: stream)
        var walk = Walk(number: number, operations: [])
        var pair = try Pair(base, number: number)
        while walk.operations.count < length {
            let operation = generator.next(pair.model)
            walk.operations.append(operation)
            do {
                tally.count(operation, try pair.step(operation, walk.operations.count))
            } catch let disagreement as Disagreement {
                return (walk, disagreement)
            }
        }
        do {
            try pair.end(number)
            for number in pair.model.changes.keys { tally.count(pair.model.state(of: number)) }
            return (walk, nil)
        } catch let disagreement as Disagreement {
            return (walk, disagreement)
        }
    }

    /// Goes it again.
    func disagreement(from base: WalkBase) throws -> Disagreement? {
        var pair = try Pair(base, number: number)
        do {
            for (index, operation) in operations.enumerated() { try pair.step(operation, index + 1) }
            try pair.end(0)
            return nil
        } catch let disagreement as Disagreement {
            return disagreement
        }
    }

    /// The walk without the operations that the disagreement does not need.
    func shrunk(from base: WalkBase) throws -> Walk {
        var best = self
        var index = best.operations.count - 1
        while index >= 0 {
            var shorter = best
            shorter.operations.remove(at: index)
            if try shorter.disagreement(from: base) != nil { best = shorter }
            index -= 1
        }
        return best
    }
}

/// Model and world, in step.
private struct Pair {
    var model = WalkBase.model
    let world: WalkWorld

    init(_ base: WalkBase, number: UInt64) throws {
        world = try WalkWorld(base, number: number)
    }

    @discardableResult
    mutating func step(_ operation: WalkOperation, _ step: Int) throws -> WalkResult {
        func part(_ words: String) -> Walk.Disagreement { .init(step: step, operation: operation, words: words) }
        let expected = model.apply(operation)
        if expected == .idle { return .idle }
        let actual: WalkResult
        do {
            actual = try world.apply(operation)
        } catch {
            throw part("the library failed: \(error)")
        }
        guard actual == expected else { throw part("the model says \(expected), the library \(actual)") }
        guard world.height == model.ledger.height else {
            throw part("the model's ledger has height \(model.ledger.height), the library's \(world.height)")
        }
        try compareStates(part, of: touched(by: operation))
        return expected
    }

    /// Which changes' states the operation may have moved.
    private func touched(by operation: WalkOperation) -> [Int] {
        switch operation {
        case .propose, .edit, .gate, .documents, .vandalise: []
        case .vote(let ballot): [ballot.change]
        case .land(let change, _), .run(let change, _, _, _): [change]
        case .record(let event, _, _, _): event.change.map { [$0] } ?? []
        case .wait, .landTogether, .trust: model.changes.keys.sorted()
        }
    }

    private func compareStates(_ part: (String) -> Walk.Disagreement, of numbers: [Int]) throws {
        for number in numbers {
            let (expected, actual) = (model.state(of: number)?.rawValue ?? "", try world.state(of: number))
            guard expected == actual else {
                throw part("the model says that change \(number) is \(expected), the library \(actual)")
            }
        }
    }

    /// At the end every state is compared, and of some walks everything is verified from the beginning.
    func end(_ number: UInt64) throws {
        func part(_ words: String) -> Walk.Disagreement { .init(step: -1, operation: .documents, words: words) }
        try compareStates(part, of: model.changes.keys.sorted())
        guard number % 8 == 0 else { return }
        do {
            try world.verifyAll()
        } catch {
            throw part("what was accepted step by step is not accepted at once: \(error)")
        }
    }
}
