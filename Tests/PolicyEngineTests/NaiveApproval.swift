import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine

/// A second judgement of votes, from the words of the protocol alone, by trying everything out.
struct NaiveApproval {
    enum Answer: Equatable {
        case rejected, withdrawn, reviewOverdue, executionOverdue
        case awaiting(missing: Int)
        case approved(until: Int64?)
        case broken(by: String, reason: String, missing: Int, until: Int64)
    }

    var required: [ApprovalRequirement]
    var terms: ApprovalTerms
    var plan: Digest
    var proposer: String
    var excluded: Set<String>
    var firstDecision: Int64?
    var votes: [VerifiedVote]
    var now: Int64

    /// When the ledger has it, an unrecorded one being recorded this moment.
    private func recorded(_ vote: VerifiedVote) -> Int64 { vote.recorded.map(\.seconds) ?? now }
    private func age(_ vote: VerifiedVote) -> Int64 {
        vote.at.seconds < recorded(vote) ? vote.at.seconds : recorded(vote)
    }

    private func rank(_ vote: VerifiedVote) -> Int {
        let isOurs = vote.plan == plan
        switch vote.kind {
        case .reject: return 50
        case .cancel: return 40
        case .withdraw: return 30
        case .approve where !isOurs, .breakGlass where !isOurs: return 20
        case .approve: return 10
        case .breakGlass: return 0
        }
    }

    /// What each person says, by what was recorded up to an instant.
    private func words(until instant: Int64) -> [VerifiedVote] {
        let known = votes.filter { recorded($0) <= instant }
        var found: [VerifiedVote] = []
        for name in Set(known.map(\.voter.id)).sorted() {
            var best: VerifiedVote?
            for vote in known where vote.voter.id == name && vote.rejector == nil {
                guard let other = best else {
                    best = vote
                    continue
                }
                if vote.at > other.at || vote.at == other.at && rank(vote) > rank(other) { best = vote }
            }
            guard let best else { continue }
            let isForgiven = known.contains { vote in
                vote.kind == .withdraw && vote.rejector == name && vote.at > best.at && vote.voter.kind == .person
                    && vote.voter.roles.contains("admin") && vote.voter.id != proposer
                    && !excluded.contains(vote.voter.id)
            }
            if best.kind == .reject, isForgiven { continue }
            found.append(best)
        }
        return found
    }

    private func approvals(until instant: Int64) -> [VerifiedVote] {
        words(until: instant).filter {
            $0.kind == .approve && $0.plan == plan && $0.voter.kind == .person && $0.voter.id != proposer
                && !excluded.contains($0.voter.id)
        }
    }

    /// The most places that these people can fill, each one place, by trying every way.
    private func filled(_ people: [Identity]) -> Int {
        let places = required.flatMap { Array(repeating: $0.role, count: $0.count) }
        func most(_ index: Int, _ taken: Set<Int>) -> Int {
            guard index < people.count else { return 0 }
            var best = most(index + 1, taken)
            for (place, role) in places.enumerated() where !taken.contains(place) {
                guard people[index].roles.contains(role) else { continue }
                best = max(best, 1 + most(index + 1, taken.union([place])))
            }
            return best
        }
        return most(0, [])
    }

    private var places: Int { required.map(\.count).reduce(0, +) }

    var answer: Answer {
        let said = words(until: now)
        func person(_ vote: VerifiedVote, _ roles: String...) -> Bool {
            vote.voter.kind == .person && roles.contains { vote.voter.roles.contains($0) }
        }
        if said.contains(where: { $0.kind == .reject && person($0, "approver") }) { return .rejected }
        if said.contains(where: {
            $0.voter.id == proposer && ($0.kind == .withdraw || $0.kind == .cancel)
                || $0.kind == .cancel && person($0, "approver", "admin")
        }) {
            return .withdrawn
        }
        if let seconds = terms.reviewBy, let first = firstDecision, now > first + seconds,
            filled(approvals(until: first + seconds).map(\.voter)) < places
        {
            return .reviewOverdue
        }
        let approvals = approvals(until: now)
        let missing = places - filled(approvals.map(\.voter))
        if missing == 0 {
            guard let seconds = terms.executeWithin else { return .approved(until: nil) }
            var newest = Int64.min
            for vote in approvals where required.contains(where: { vote.voter.roles.contains($0.role) }) {
                newest = max(newest, age(vote))
            }
            return now > newest + seconds ? .executionOverdue : .approved(until: newest + seconds)
        }
        var breakers: [VerifiedVote] = []
        let life = terms.executeWithin ?? 3600
        for vote in said where vote.kind == .breakGlass && vote.plan == plan && vote.voter.kind == .person {
            let mayBreak = terms.breakGlass?.roles.contains { vote.voter.roles.contains($0) } ?? false
            if mayBreak, now - age(vote) <= life { breakers.append(vote) }
        }
        breakers.sort { $0.at == $1.at ? $0.voter.id < $1.voter.id : $0.at < $1.at }
        guard let last = breakers.last else { return .awaiting(missing: missing) }
        return .broken(
            by: last.voter.id, reason: last.reason ?? "", missing: missing, until: age(last) + life)
    }
}
