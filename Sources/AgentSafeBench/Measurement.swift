internal import OperatingSystem

/// One thing whose time is taken.
struct Subject {
    let name: String
    /// The most that its median may be, in medians of the baseline; nil: it is shown, not judged.
    let limit: Double?
    /// The subject that it is compared with.
    var baseline = 0
    /// What must be done before each run; its time does not count.
    var prepare: () throws -> Void = {}
    let run: () throws -> Void
    /// How many nanoseconds of the last run count for somebody else.
    var apart: () throws -> UInt64 = { 0 }
}

/// Times of one subject, in nanoseconds.
struct Samples {
    private let sorted: [UInt64]

    init(_ times: [UInt64]) { sorted = times.sorted() }

    var minimum: UInt64 { sorted[0] }
    /// The mean of the two in the middle, where there are two.
    var median: UInt64 { (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2 }
    /// The smallest time that at least 95 of a hundred do not exceed.
    var percentile95: UInt64 { sorted[(sorted.count * 95 + 99) / 100 - 1] }
}

enum Measurement {
    static let warmUps = 3

    /// Runs the subjects in turn, one after the other in each round, so that whatever the machine does besides falls on all.
    static func interleave(_ subjects: [Subject], runs: Int, warmUps: Int = warmUps) throws -> [Samples] {
        var times = [[UInt64]](repeating: [], count: subjects.count)
        for round in -warmUps..<runs {
            for (index, subject) in subjects.enumerated() {
                try subject.prepare()
                let start = Host.bootTimeNanoseconds()
                try subject.run()
                let end = Host.bootTimeNanoseconds()
                let apart = try subject.apart()
                if round >= 0 { times[index].append(end - start - min(apart, end - start)) }
            }
        }
        return times.map { Samples($0) }
    }
}
