import ChangeModel
import Testing

/// A vote as somebody writes it who has a text editor and `ssh-keygen`: each field may lie.
struct HandVote {
    var verdict = "approve"
    var id: String
    var digest: String
    var plan: String
    var by: String
    var at: Timestamp
    var repository: String

    var text: String { "\(verdict) \(id) \(digest) plan=\(plan) by=\(by) at=\(at) repo=\(repository)" }
}

extension Governance {
    /// The vote that would approve a proposal, were it signed by the right key.
    func handVote(on id: ChangeID, by voter: String) throws -> HandVote {
        let gate = try gate(id)
        let digest = try #require(gate.judged?["digest"]?.stringValue, "\(gate)")
        let plan = try #require(gate.judged?["plan"]?.stringValue, "\(gate)")
        let file = try text("\(id.folder)/change.yaml", at: "origin/\(id.branch)", seenBy: "sam")
        let line = try #require(file.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        return HandVote(
            id: id.text, digest: digest, plan: plan, by: voter, at: clock.timestamp,
            repository: String(line.dropFirst("repository: ".count)))
    }

    /// The two trailers, with a signature by `signer` over `text`, which may be another than the one shown.
    func voteTrailers(
        _ vote: HandVote, signedBy signer: String, over text: String? = nil, namespace: String = "vote@agentsafe"
    ) throws -> String {
        let armor = try sign(text ?? vote.text, namespace: namespace, as: signer)
        let base64 = armor.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        return "Agentsafe-Vote: \(vote.text)\nAgentsafe-Vote-Signature: \(base64)\n"
    }

    /// Pushes a vote branch as a voter's would be, from a signed empty commit on main.
    func castByHand(
        _ trailers: String, on id: ChangeID, leaf: String, pushedBy actor: String
    ) throws {
        try git(actor, "fetch", "-q")
        let commit = try commit(
            actor, tree: try git(actor, "rev-parse", "origin/main^{tree}"), parents: [try tip("main")],
            message: "approve \(id): by hand\n\n\(trailers)", signedBy: actor)
        try push(actor, commit, to: "vote/\(id)/\(leaf)")
    }

    /// The vote branches of a change at the remote.
    func voteBranches(_ id: ChangeID) throws -> [String] {
        try run(["git", "-C", remote, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/vote/\(id)"])
            .split(separator: "\n").map(String.init)
    }
}
