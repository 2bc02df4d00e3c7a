/// A pattern's machine with all its moves worked out beforehand, for texts of ASCII characters: one look-up a character, and
/// nothing is allocated (the subset construction of Rabin and Scott 1959). Only for patterns whose table stays small.
struct PatternTable: Hashable, Sendable {
    private static let maximumStates = 512
    /// Instructions that are followed while the table is made, at most: an expression that is made to be slow is not.
    private static let maximumEffort = 4_000_000
    /// The state in which nothing can match any more.
    private static let dead: UInt16 = 0

    /// For each ASCII character, the class of those that the pattern cannot tell apart.
    private let classes: [UInt8]
    private let classCount: Int
    /// For each state, what follows on each class.
    private let moves: [UInt16]
    private let accepts: [Bool]
    private let first: UInt16

    /// - Returns: nil when the table would grow too large.
    init?(_ program: PatternProgram) {
        // One member stands for its class.
        var members: [UInt32] = []
        var kinds: [[Bool]: UInt8] = [:]
        var classes: [UInt8] = []
        let sets = program.sets
        for character in UInt32(0)..<128 {
            let kind = sets.map { $0.contains(character) }
            if kinds[kind] == nil {
                kinds[kind] = UInt8(members.count)
                members.append(character)
            }
            classes.append(kinds[kind] ?? 0)
        }
        var numbers: [PatternProgram.Threads: UInt16] = [.none: Self.dead]
        var states = [PatternProgram.Threads.none]
        func number(of state: PatternProgram.Threads) -> UInt16 {
            if let known = numbers[state] { return known }
            numbers[state] = UInt16(states.count)
            states.append(state)
            return UInt16(states.count - 1)
        }
        first = number(of: program.start)
        var moves: [UInt16] = []
        let affordable = Self.maximumEffort / (members.count * max(1, program.count))
        var next = 0
        while next < states.count {
            for member in members { moves.append(number(of: program.step(states[next], on: member))) }
            guard states.count <= min(Self.maximumStates, affordable) else { return nil }
            next += 1
        }
        self.classes = classes
        self.moves = moves
        classCount = members.count
        accepts = states.map(\.accepts)
    }

    /// Whether the whole text matches; nil when a character is not in the table.
    func matchesWhole(of text: String) -> Bool? {
        var state = first
        for byte in text.utf8 {
            guard byte < 128 else { return nil }
            state = moves[Int(state) * classCount + Int(classes[Int(byte)])]
        }
        return accepts[Int(state)]
    }
}

extension PatternProgram {
    /// Where the machine can be between two characters: the instructions that wait for one, and whether it would accept here
    /// if the text ended.
    struct Threads: Hashable {
        let waiting: [Int]
        let accepts: Bool

        static let none = Threads(waiting: [], accepts: false)
    }

    /// Before the first character.
    var start: Threads { threads(from: [0], isFirst: true) }

    func step(_ state: Threads, on character: UInt32) -> Threads {
        threads(from: state.waiting.filter { takes($0, character) }.map { $0 + 1 }, isFirst: false)
    }

    private func threads(from seeds: [Int], isFirst: Bool) -> Threads {
        // The end of the text is known only when it comes: an instruction that needs it counts for acceptance alone.
        let open = closure(of: seeds, isFirst: isFirst, isLast: false)
        let closed = closure(of: seeds, isFirst: isFirst, isLast: true)
        return Threads(waiting: open.waiting, accepts: closed.accepts)
    }
}
