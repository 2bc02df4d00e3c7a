public import ChangeModel
public import Git
public import PolicyEngine
internal import SSHSignature

/// `vote/<id>/<voter>-<random>`: one signed, empty commit whose trailers carry one vote. Agents may not push there; their
/// withdrawals travel on `change/withdrawn/<id>/<agent>-<random>`.
public enum VoteBranch {
    static let trailerKeys: Set<String> = ["Agentsafe-Vote", "Agentsafe-Vote-Signature"]

    /// Where the votes of people lie, or the withdrawals of agents.
    public static func prefix(_ id: ChangeID, of kind: IdentityKind) -> String {
        kind == .agent ? "change/withdrawn/\(id)/" : "vote/\(id)/"
    }

    /// Both places.
    public static func prefixes(_ id: ChangeID) -> [String] { [prefix(id, of: .person), prefix(id, of: .agent)] }

    /// The branch's name; `random` is at least 5 bytes, of which 40 bits are used.
    public static func name(_ id: ChangeID, voter: Identity, random: [UInt8]) -> String {
        prefix(id, of: voter.kind) + "\(voter.id)-\(CrockfordBase32.text(random, count: 8))"
    }

    public static func message(_ vote: SignedVote, summary: String) -> String {
        """
        \(vote.statement.kind.rawValue) \(vote.statement.change): \(summary)

        Agentsafe-Vote: \(vote.statement.text)
        Agentsafe-Vote-Signature: \(vote.signatureText)

        """
    }

    /// The largest commit that is read for a vote, in bytes.
    static let maximumCommit = 64 << 10

    /// Reads the vote that a commit carries, if the commit is what a vote branch may hold: empty, with one parent.
    public static func read(_ commit: ObjectID, in repository: Repository) throws(LedgerError) -> SignedVote {
        let commit = try reading { () throws(GitError) in try repository.commit(commit, limit: maximumCommit) }
        guard commit.parents.count == 1 else { throw .notAuthentic("a vote's commit has one parent") }
        let parent = try reading { () throws(GitError) in try repository.commit(commit.parents[0]) }
        guard parent.tree == commit.tree else { throw .notAuthentic("a vote's commit changes no file") }
        let trailers = try Trailers(message: commit.message, known: trailerKeys)
        guard let text = trailers["Agentsafe-Vote"], let signature = trailers["Agentsafe-Vote-Signature"],
            let vote = SignedVote(text: text, signature: signature)
        else { throw .notAuthentic("the commit carries no vote that can be read") }
        return vote
    }

    /// The most branches with people's votes that are read for one change; more are refused, not sampled.
    public static let maximumVotes = 200
    /// Of an agent's withdrawals one is enough. Whoever makes more hides nobody's vote, and stops nobody.
    static let maximumWithdrawals = 10

    /// Every vote on the branches of one change, at both places. What is not valid is skipped, with a word.
    ///
    /// - Parameter branches: names as at the remote, without `refs/heads/`.
    public static func collect(
        _ change: SignedChange, branches: [(name: String, id: ObjectID)], main: MainState, now: Timestamp,
        in repository: Repository, warn: (String) -> Void
    ) throws(LedgerError) -> [(signed: SignedVote, verified: VerifiedVote)] {
        let people = branches.filter { $0.name.hasPrefix(prefix(change.change.id, of: .person)) }
        guard people.count <= maximumVotes else {
            throw .refused(
                "\(change.change.id) has more than \(maximumVotes) vote branches; delete those that count for nothing")
        }
        // Agents may push there what they like: only what bears the proposer's name is looked at, and not much of it.
        let own = prefix(change.change.id, of: .agent) + change.change.proposer + "-"
        let withdrawals = branches.filter { $0.name.hasPrefix(own) }.prefix(maximumWithdrawals)
        var votes: [(signed: SignedVote, verified: VerifiedVote)] = []
        for branch in people + withdrawals {
            do {
                guard let name = VoteBranchName(branch.name), name.change == change.change.id else {
                    throw LedgerError.notAuthentic("the name is not that of a vote's branch")
                }
                let vote = try read(branch.id, in: repository)
                guard name.voter == vote.statement.voter else {
                    throw LedgerError.notAuthentic("the branch does not bear the voter's name")
                }
                let verified = try vote.verified(
                    for: change, repository: main.repositoryID, identities: main.identities, at: now)
                guard name.isWithdrawal == (verified.voter.kind == .agent) else {
                    throw LedgerError.notAuthentic("votes of people and withdrawals of agents lie apart")
                }
                guard vote.statement.at <= now + clockSkew else {
                    throw LedgerError.notAuthentic("it is dated \(vote.statement.at), which is in the future")
                }
                votes.append((vote, verified))
            } catch {
                warn("vote `\(branch.name)` counts for nothing: \(error)")
            }
        }
        return votes
    }
}

/// How far an acceptor's clock may lie behind another's.
public let clockSkew = Duration.seconds(300)
