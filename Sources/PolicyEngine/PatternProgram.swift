/// A regular expression as instructions of a machine that follows all its threads in step.
struct PatternProgram: Hashable, Sendable {
    private enum Instruction: Hashable, Sendable {
        case take(ScalarSet)
        case split(Int, Int)
        case jump(Int)
        case start
        case end
        case accept
    }

    private var instructions: [Instruction] = []
    /// Counts the nodes that were visited too: an empty group that is repeated often makes work and no instruction.
    private var effort = 0

    init(_ node: PatternNode) throws(PatternError) {
        try emit(node)
        instructions.append(.accept)
    }

    private mutating func spend() throws(PatternError) {
        effort += 1
        guard effort <= Pattern.maximumStates, instructions.count < Pattern.maximumStates else {
            throw PatternError(
                offset: 0, message: "needs more than \(Pattern.maximumStates) states; use smaller repetitions")
        }
    }

    private mutating func emit(_ node: PatternNode) throws(PatternError) {
        try spend()
        switch node {
        case .empty: break
        case .set(let set): instructions.append(.take(set))
        case .start: instructions.append(.start)
        case .end: instructions.append(.end)
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let alternatives): try emit(alternatives: alternatives)
        case .repetition(let body, let minimum, let maximum):
            for _ in 0..<minimum { try emit(body) }
            if let maximum {
                try emit(optional: body, count: maximum - minimum)
            } else {
                let loop = instructions.count
                instructions.append(.split(loop + 1, loop))
                try emit(body)
                instructions.append(.jump(loop))
                instructions[loop] = .split(loop + 1, instructions.count)
            }
        }
    }

    private mutating func emit(alternatives: [PatternNode]) throws(PatternError) {
        var jumps: [Int] = []
        for (index, alternative) in alternatives.enumerated() {
            guard index < alternatives.count - 1 else {
                try emit(alternative)
                break
            }
            let split = instructions.count
            instructions.append(.split(split + 1, split))
            try emit(alternative)
            jumps.append(instructions.count)
            instructions.append(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    /// `(body(body(…)?)?)?`, each with a way out to the common end.
    private mutating func emit(optional body: PatternNode, count: Int) throws(PatternError) {
        var splits: [Int] = []
        for _ in 0..<count {
            splits.append(instructions.count)
            instructions.append(.split(instructions.count + 1, 0))
            try emit(body)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }

    /// How many instructions there are.
    var count: Int { instructions.count }

    func matchesWhole(of text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var seeds = [0]
        for (index, scalar) in scalars.enumerated() {
            let waiting = closure(of: seeds, isFirst: index == 0, isLast: false).waiting
            seeds = waiting.filter { takes($0, scalar.value) }.map { $0 + 1 }
            guard !seeds.isEmpty else { return false }
        }
        return closure(of: seeds, isFirst: scalars.isEmpty, isLast: true).accepts
    }

    /// Whether an instruction that waits for a character takes this one.
    func takes(_ instruction: Int, _ scalar: UInt32) -> Bool {
        if case .take(let set) = instructions[instruction] { return set.contains(scalar) }
        return false
    }

    /// All sets of characters that the pattern asks for.
    var sets: [ScalarSet] {
        Array(Set(instructions.compactMap { if case .take(let set) = $0 { set } else { nil } }))
    }

    /// Follows every instruction that takes no text.
    ///
    /// - Returns: the instructions that wait for a character, and whether the end of the expression is reached.
    func closure(of seeds: [Int], isFirst: Bool, isLast: Bool) -> (waiting: [Int], accepts: Bool) {
        var visited = [Bool](repeating: false, count: instructions.count)
        var waiting: [Int] = []
        var accepts = false
        var pending = seeds
        while let next = pending.popLast() {
            guard !visited[next] else { continue }
            visited[next] = true
            switch instructions[next] {
            case .take: waiting.append(next)
            case .split(let first, let second): pending += [second, first]
            case .jump(let destination): pending.append(destination)
            case .start: if isFirst { pending.append(next + 1) }
            case .end: if isLast { pending.append(next + 1) }
            case .accept: accepts = true
            }
        }
        return (waiting.sorted(), accepts)
    }
}
