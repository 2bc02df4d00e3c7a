internal import ChangeModel

/// Places people on the entries of a list of requirements, each person on one, so that as many places as possible are
/// filled: a maximum bipartite matching by augmenting paths (Kuhn 1955), where a place for `count` people is met `count`
/// times.
struct ApprovalAssignment {
    /// The people who fill a place, by id.
    let approvers: [String]
    /// What no assignment could fill: entries with the number of people still missing.
    let missing: [ApprovalRequirement]

    /// - Parameter voters: distinct people. Sorted by id, so that every clone computes the same assignment.
    init(_ requirements: [ApprovalRequirement], voters: [Identity]) {
        let voters = voters.sorted { $0.id < $1.id }
        // Nobody fills two places, so more places than voters in one entry would stay empty anyway.
        var occupants = [[Int]](repeating: [], count: requirements.count)
        for voter in voters.indices {
            var visited = [Bool](repeating: false, count: requirements.count)
            _ = Self.place(voter, requirements, voters, &occupants, &visited)
        }
        approvers = occupants.flatMap { $0 }.map { voters[$0].id }.sorted()
        missing = zip(requirements, occupants).compactMap { requirement, occupants in
            let open = requirement.count - occupants.count
            return open > 0 ? ApprovalRequirement(role: requirement.role, count: open) : nil
        }
    }

    /// Finds a place for `voter`, moving others to a place of their own where that makes room. Recursion is bounded by the
    /// number of entries, for each is visited once.
    private static func place(
        _ voter: Int, _ requirements: [ApprovalRequirement], _ voters: [Identity], _ occupants: inout [[Int]],
        _ visited: inout [Bool]
    ) -> Bool {
        for (entry, requirement) in requirements.enumerated()
        where !visited[entry] && voters[voter].has(role: requirement.role) {
            visited[entry] = true
            if occupants[entry].count < requirement.count {
                occupants[entry].append(voter)
                return true
            }
            for (seat, occupant) in occupants[entry].enumerated()
            where place(occupant, requirements, voters, &occupants, &visited) {
                occupants[entry][seat] = voter
                return true
            }
        }
        return false
    }
}
