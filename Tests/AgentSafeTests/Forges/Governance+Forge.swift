import ChangeModel
import Git
import Ledger
import OperatingSystem
import SSHSignature
import Testing

/// What a forge and its CI do with a governance repository.
extension Governance {
    /// `gate` by the gate's own key, freshly fetched.
    @discardableResult
    func gateRun(
        _ status: Int32, _ options: [String], head: ChangeID? = nil, in folder: String? = nil,
        adding variables: [String: String] = [:], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        try git("gate", "fetch", "-q", "--prune")
        let words = head.map { ["--head", "origin/\($0.branch)"] } ?? []
        return try expect(
            status, "gate", ["gate", "--output", "json"] + options + words, in: folder, adding: variables,
            sourceLocation: sourceLocation)
    }

    /// The kinds of a change's recorded events, in order.
    func recorded(_ id: ChangeID) throws -> [String] { try record(of: id).events.map(\.kind.rawValue) }

    /// Deletes the remote's branches that match, as a forge's tidying does.
    func deleteBranches(_ pattern: String) throws {
        let names = try run(["git", "-C", remote, "for-each-ref", "--format=%(refname)", pattern])
        for name in names.split(separator: "\n") { try run(["git", "-C", remote, "update-ref", "-d", String(name)]) }
    }

    /// A commit that the forge makes on main, or on a merge queue's branch: unsigned, by nobody that main lists.
    ///
    /// - Returns: the commit that main would become.
    func forgeMerge(
        _ style: ForgeMerge, _ id: ChangeID, onto base: String = "origin/main", message: String? = nil
    ) throws -> String {
        try git("sam", "fetch", "-q", "--prune")
        try git("sam", "checkout", "-q", "--detach", base)
        let subject = message ?? "Merge pull request #7 from org/\(id.branch)"
        switch style {
        case .merge: try git("sam", "merge", "-q", "--no-ff", "-m", subject, "origin/\(id.branch)")
        case .squash:
            try git("sam", "merge", "-q", "--squash", "origin/\(id.branch)")
            try git("sam", "commit", "-q", "-m", "Scale up (#7)")
        case .rebase: try git("sam", "cherry-pick", "origin/\(id.branch)")
        }
        return try git("sam", "rev-parse", "HEAD")
    }

    /// `gh-readonly-queue/main/pr-7-<base>`, as GitHub names it.
    func queue(_ commit: String, number: Int = 7) throws -> String {
        let name = "gh-readonly-queue/main/pr-\(number)-\(commit)"
        try git("sam", "push", "-q", "-f", "origin", "\(commit):refs/heads/\(name)")
        return name
    }
}

enum ForgeMerge: String, CaseIterable { case merge, squash, rebase }

extension CommandResult {
    /// `event change` of what `gate --record` recorded.
    var recordedEvents: [String] {
        ((try? json)?["recorded"]?.arrayValue ?? []).map { $0["event"]?.stringValue ?? "" }
    }

    var landedChanges: [String] {
        ((try? json)?["landed"]?.arrayValue ?? []).map { $0["change"]?.stringValue ?? "" }
    }
}

extension Governance {
    /// Another clone of the same actor, on the same machine: what a second CI job has.
    func secondClone(_ actor: String) throws -> String {
        let folder = "\(directory.path)/second-\(actor)"
        try run(["git", "clone", "-q", "--template=", remote, folder])
        try run(["git", "-C", folder, "config", "agentsafe.genesis", try git(actor, "config", "agentsafe.genesis")])
        return folder
    }

    /// Valid approvals by bob of one change, each a second after the other, put straight into the remote.
    func castMany(_ count: Int, on id: ChangeID) throws {
        let judged = try #require(try gate(id).judged)
        let digest = try #require(judged["digest"]?.stringValue.flatMap { Digest($0) })
        let plan = try #require(judged["plan"]?.stringValue.flatMap { Digest($0) })
        let file = try text("\(id.folder)/change.yaml", at: "origin/\(id.branch)", seenBy: "sam")
        let line = try #require(file.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        let signer = try SigningKeyLocator(host: host("bob")).signer(for: key("bob"))
        let repository = try Repository(containing: remote)
        let main = try #require(try repository.reference("refs/heads/main"))
        let tree = try repository.commit(main).tree
        for number in 0..<count {
            clock.advance(1)
            let statement = VoteStatement(
                kind: .approve, change: id, digest: digest, plan: plan, voter: "bob", at: clock.timestamp,
                repository: String(line.dropFirst("repository: ".count)))
            let signature = try signer.sign(Array(statement.text.utf8), namespace: VoteStatement.namespace)
            let vote = SignedVote(statement: statement, signature: signature.blob)
            let draft = CommitDraft(
                tree: tree, parents: [main], person: "bob <bob@example.com>", time: clock.now,
                message: VoteBranch.message(vote, summary: "by hand"))
            let commit = try repository.write(.commit, try draft.sign(with: signer))
            try repository.setReference(
                "refs/heads/vote/\(id)/bob-\(10_000_000 + number)", to: commit, from: nil, message: "vote")
        }
    }
}

extension RecordedVote {
    /// The vote's own words; empty for a merge.
    var text: String {
        if case .statement(let signed) = form { return signed.statement.text }
        return ""
    }
}
