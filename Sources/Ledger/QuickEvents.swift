internal import ChangeModel
internal import Git
internal import OperatingSystem

/// The events of a long chain, each judged by its predecessor, on all cores.
///
/// That an event follows an accepted one is the same question wherever in the chain it is asked. A worker takes the next
/// stretch, takes the commit before it for accepted, and judges until something is wrong. The history that goes through the
/// chain in order uses a stretch only after everything before it, and judges again, and reports, what a worker stopped at: so
/// the first failure is the one that is found, as if there were no stretches.
struct QuickEvents {
    /// The kinds of the events of each stretch that hold, oldest first; shorter than the stretch where one does not.
    private var stretches: [Int: [EventKind]] = [:]

    static let pace = Pace(minimum: 64, stretch: 256)
    private let pace: Pace

    /// - Parameters:
    ///   - chain: newest first; its last commit is accepted.
    ///   - progress: called on the caller's own thread with the number of events judged so far.
    init(
        _ chain: FirstParentChain, main: MainHistory, in repository: Repository, now: Timestamp, pace: Pace,
        progress: (Int) -> Void
    ) {
        self.pace = pace
        let count = chain.ids.count - 1
        guard count >= pace.minimum, let newest = try? chain.commit(0, in: repository).tree else { return }
        let portions = Portions(count: count, size: pace.stretch)
        nonisolated(unsafe) let (originalMain, originalRepository) = (main, repository)
        let judged = Locked<(stretches: [Int: [EventKind]], failed: Int, count: Int)>(([:], .max, 0))
        withoutActuallyEscaping(progress) { progress in
            nonisolated(unsafe) let progress = progress
            Threads.run(portions.workers) { worker in
                guard let repository = try? originalRepository.reopened() else { return }
                let main = MainHistory(originalMain, reading: repository)
                let judge = EventJudge(repository: repository, main: main, now: now)
                while let portion = portions.next() {
                    // What follows a failure is never asked for.
                    if judged.withLock({ $0.failed }) < portion.lowerBound { return }
                    let kinds = Self.judge(portion, of: chain, newest: newest, judge)
                    let total = judged.withLock { judged in
                        judged.stretches[portion.lowerBound] = kinds
                        judged.count += kinds.count
                        if kinds.count < portion.count { judged.failed = min(judged.failed, portion.lowerBound) }
                        return judged.count
                    }
                    if worker == 0 { progress(total) }
                }
            }
        }
        stretches = judged.withLock { $0.stretches }
    }

    /// Judges the events with these numbers, the first after the chain's start being 0, until one does not hold.
    private static func judge(
        _ numbers: Range<Int>, of chain: FirstParentChain, newest: ObjectID, _ judge: EventJudge
    ) -> [EventKind] {
        var kinds: [EventKind] = []
        kinds.reserveCapacity(numbers.count)
        let last = chain.ids.count - 1
        do {
            let before = try chain.commit(last - numbers.lowerBound, in: judge.repository)
            let accepted = AcceptedEvent(
                commit: before, event: try AnnouncedEvent.event(of: before, in: judge.repository))
            let quick = try QuickJudge(judge, tip: newest, after: accepted)
            for number in numbers {
                kinds.append(try quick.accept(chain.commit(last - number - 1, in: judge.repository)).kind)
            }
        } catch {
            // Whoever goes through the chain in order comes upon it, and says it.
        }
        return kinds
    }

    /// The kinds of the events from `number` on that are known to hold one after the other, up to the end of a stretch.
    func known(from number: Int) -> [EventKind] {
        guard number % pace.stretch == 0 else { return [] }
        return stretches[number] ?? []
    }
}
