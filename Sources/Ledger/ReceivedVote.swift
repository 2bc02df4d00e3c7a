public import ChangeModel
public import Git

/// `vote/<id>/<voter>-<random>`, or an agent's `change/withdrawn/<id>/<agent>-<random>`, taken apart.
public struct VoteBranchName: Hashable, Sendable {
    public let change: ChangeID
    public let voter: String
    /// 1 to 40 of `a`-`z` and `0`-`9`: whoever votes by hand may choose them.
    public let random: String
    /// Whether agents' withdrawals lie there, and not people's votes.
    public let isWithdrawal: Bool

    /// Reads what stands after `refs/heads/`; nil for anything else.
    public init?(_ branch: String) {
        let all = branch.split(separator: "/", omittingEmptySubsequences: false)
        isWithdrawal = all.first == "change"
        let parts = isWithdrawal ? Array(all.dropFirst()) : all
        guard parts.count == 3, parts[0] == (isWithdrawal ? "withdrawn" : "vote"), let change = ChangeID(parts[1]),
            let dash = parts[2].lastIndex(of: "-")
        else { return nil }
        let random = parts[2][parts[2].index(after: dash)...]
        guard Identifier.isName(parts[2][..<dash]), (1...40).contains(random.utf8.count),
            random.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) })
        else { return nil }
        self.change = change
        voter = String(parts[2][..<dash])
        self.random = String(random)
    }
}

extension VoteBranch {
    /// Judges a vote by its branch's name, its commit's shape, its signature and its author's right. Whether it counts, for
    /// which proposal and until when, is judged where it is counted.
    ///
    /// - Parameter change: the change as it stands, if it is there already.
    public static func receive(
        _ commit: ObjectID, as name: VoteBranchName, main: MainState, change: SignedChange?, in repository: Repository
    ) throws(LedgerError) -> SignedVote {
        let vote = try read(commit, in: repository)
        guard vote.statement.change == name.change else {
            throw .notAuthentic("the vote is for \(vote.statement.change), and the branch is for \(name.change)")
        }
        guard vote.statement.voter == name.voter else {
            throw .notAuthentic("the vote is by `\(vote.statement.voter)`, and the branch says `\(name.voter)`")
        }
        // What stops a change outlives its author's key, here as where it is counted.
        let stops = change.map { vote.statement.stops($0.change) } ?? false
        let signatory = try vote.signatory(
            repository: main.repositoryID, identities: main.identities, evenRevoked: stops)
        guard !signatory.key.revoked || signatory.key.covers(vote.statement.at) else {
            throw .notAuthentic("the key that signed the vote was not valid at \(vote.statement.at)")
        }
        let voter = signatory.identity
        guard (voter.kind == .agent) == name.isWithdrawal else {
            throw .notAuthentic(
                "votes of people lie on `vote/<id>/…`, and withdrawals of agents on `change/withdrawn/<id>/…`")
        }
        // Agents are many, and take back nothing but what is there and their own.
        guard change != nil || voter.kind == .person else {
            throw .notAuthentic("there is no proposal \(name.change) here that could be withdrawn")
        }
        let proposer = change?.change.proposer ?? ""
        guard
            SignedVote.mayVote(
                vote.statement.kind, voter, proposer: proposer, rejector: vote.statement.rejector)
        else {
            throw .notAuthentic("`\(voter.id)` has no right to \(vote.statement.kind.rawValue) this change")
        }
        return vote
    }
}
