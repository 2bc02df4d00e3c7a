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

    func matchesWhole(of text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var threads = ThreadList(capacity: instructions.count)
        var following = ThreadList(capacity: instructions.count)
        var pending: [Int] = []
        add(0, to: &threads, at: 0, of: scalars.count, pending: &pending)
        for (index, scalar) in scalars.enumerated() {
            guard !threads.waiting.isEmpty else { return false }
            following.removeAll()
            for thread in threads.waiting {
                if case .take(let set) = instructions[thread], set.contains(scalar.value) {
                    add(thread + 1, to: &following, at: index + 1, of: scalars.count, pending: &pending)
                }
            }
            swap(&threads, &following)
        }
        return threads.accepted
    }

    /// Follows every instruction that takes no text. `pending` is this function's own stack, lent to save allocations.
    private func add(_ first: Int, to list: inout ThreadList, at index: Int, of count: Int, pending: inout [Int]) {
        pending.append(first)
        while let next = pending.popLast() {
            guard list.visit(next) else { continue }
            switch instructions[next] {
            case .take: list.waiting.append(next)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .jump(let destination): pending.append(destination)
            case .start: if index == 0 { pending.append(next + 1) }
            case .end: if index == count { pending.append(next + 1) }
            case .accept: list.accepted = true
            }
        }
    }
}

/// The threads that are alive before one character.
private struct ThreadList {
    /// Threads that wait for a character.
    var waiting: [Int] = []
    /// Whether some thread has reached the end of the expression.
    var accepted = false
    private var visits: [Int]
    private var generation = 1

    init(capacity: Int) {
        visits = [Int](repeating: 0, count: capacity)
    }

    mutating func removeAll() {
        waiting.removeAll(keepingCapacity: true)
        accepted = false
        generation += 1
    }

    /// False when the instruction was visited before the present character already.
    mutating func visit(_ instruction: Int) -> Bool {
        guard visits[instruction] != generation else { return false }
        visits[instruction] = generation
        return true
    }
}
