import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// What an attacker has: stock git, stock ssh-keygen, keys, and the right to push where the forge lets them.
extension Governance {
    /// A branch's tip at the remote.
    func tip(_ branch: String) throws -> String {
        try run(["git", "-C", remote, "rev-parse", "--verify", "refs/heads/\(branch)"])
    }

    /// A file's text in a commit that `actor` has, to the last byte.
    func text(_ path: String, at revision: String, seenBy actor: String) throws -> String {
        let result = try tryGit(actor, "show", "\(revision):\(path)")
        try #require(result.status == 0, "\(result.errorText)")
        return result.outputText
    }

    /// The tree of `revision` with files written or, for nil, removed, made by stock `git fast-import`.
    func tree(_ actor: String, _ revision: String, _ edits: [String: String?]) throws -> String {
        let old = try git(actor, "rev-parse", "\(revision)^{tree}")
        if edits.isEmpty { return old }
        var stream = "commit refs/forged\ncommitter a <a@b> 0 +0000\ndata 0\nM 040000 \(old) \"\"\n"
        for (path, content) in edits {
            if let content {
                stream += "M 100644 inline \(path)\ndata \(content.utf8.count)\n\(content)\n"
            } else {
                stream += "D \(path)\n"
            }
        }
        try git(actor, "fast-import", "--quiet", "--force", input: stream)
        return try git(actor, "rev-parse", "refs/forged^{tree}")
    }

    /// A commit of any tree, parents and message, signed by stock git with `signer`'s key, or not at all.
    func commit(
        _ actor: String, tree: String, parents: [String], message: String, signedBy signer: String?
    ) throws -> String {
        let settings = signer.map { ["-c", "gpg.format=ssh", "-c", "user.signingkey=\(key($0))"] } ?? []
        return try run(
            ["git", "-C", clone(actor)] + settings + ["commit-tree", tree] + parents.flatMap { ["-p", $0] }
                + (signer == nil ? [] : ["-S"]) + ["-F", "-"], as: actor, input: Array(message.utf8))
    }

    func push(_ actor: String, _ commit: String, to branch: String) throws {
        try git(actor, "push", "-q", "--force", "origin", "\(commit):refs/heads/\(branch)")
    }

    /// Commits edits on the remote's main and pushes them there, as somebody whom the forge lets.
    @discardableResult
    func pushToMain(_ actor: String, _ edits: [String: String?], message: String = "Land it") throws -> String {
        try git(actor, "fetch", "-q")
        let commit = try commit(
            actor, tree: try tree(actor, "origin/main", edits), parents: ["origin/main"], message: message,
            signedBy: nil)
        try push(actor, commit, to: "main")
        return commit
    }

    /// Runs `git` with a person's key set up to sign every commit.
    @discardableResult
    func signingGit(_ actor: String, _ arguments: String...) throws -> String {
        let settings = [
            "gpg.format=ssh", "user.signingkey=\(key(actor))", "commit.gpgsign=true", "advice.detachedHead=false",
        ]
        return try run(["git", "-C", clone(actor)] + settings.flatMap { ["-c", $0] } + arguments, as: actor)
    }

    /// What `ssh-keygen -Y sign` writes.
    func sign(_ text: String, namespace: String, as signer: String) throws -> String {
        try SSHKeys.sign(Array(text.utf8), namespace: namespace, with: key(signer), in: directory)
    }

    // MARK: - Changes by hand

    /// Writes a proposal's file anew, with or without a new signature, and pushes the branch.
    ///
    /// - Parameter onTop: one more commit on the branch; otherwise the branch is force-pushed from main.
    func rewrite(
        _ id: ChangeID, as actor: String = "agent", signedBy signer: String? = "agent", onTop: Bool = false,
        adding extra: [String: String?] = [:], edit: (String) -> String
    ) throws {
        try git(actor, "fetch", "-q")
        let (file, signature) = ("\(id.folder)/change.yaml", "\(id.folder)/change.yaml.sig")
        let text = edit(try text(file, at: "origin/\(id.branch)", seenBy: actor))
        var edits: [String: String?] = [file: text]
        edits[signature] =
            try signer.map { try sign(text, namespace: "change@agentsafe", as: $0) }
            ?? self.text(signature, at: "origin/\(id.branch)", seenBy: actor)
        let base = onTop ? "origin/\(id.branch)" : "origin/main"
        let commit = try commit(
            actor, tree: try tree(actor, base, edits.merging(extra) { $1 }), parents: [base], message: "propose \(id)",
            signedBy: actor)
        try push(actor, commit, to: id.branch)
    }

    /// Adds a commit to a branch that touches other files.
    func addToBranch(_ branch: String, as actor: String, _ edits: [String: String?], message: String = "More") throws {
        try git(actor, "fetch", "-q")
        let base = "origin/\(branch)"
        let commit = try commit(
            actor, tree: try tree(actor, base, edits), parents: [base], message: message, signedBy: actor)
        try push(actor, commit, to: branch)
    }

    // MARK: - The defenders' answers

    /// `gate` on a proposal, as CI runs it.
    func gate(_ id: ChangeID, in folder: String? = nil) throws -> CommandResult {
        try git("sam", "fetch", "-q", "--prune")
        return agentsafe("sam", ["gate", "--head", "origin/\(id.branch)", "--output", "json"], in: folder)
    }

    /// What the remote's ledger says of changes, trust commits aside: those are recorded by whatever runs.
    private func recorded() throws -> [Substring] {
        try run(["git", "-C", remote, "log", "--format=%s", "refs/heads/ledger"]).split(separator: "\n")
            .filter { !$0.hasPrefix("trust: ") }
    }

    /// A run that must end with `status` and neither execute nor record anything about a change.
    @discardableResult
    func runRefused(
        _ status: Int32, _ id: ChangeID? = nil, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let words = ["run"] + (id.map { [$0.text] } ?? []) + (try cluster())
        let before = (try recorded(), try Files.read(clusterFile))
        let result = try expect(status, "runner", words, sourceLocation: sourceLocation)
        let after = (try recorded(), try Files.read(clusterFile))
        #expect(before.0 == after.0, "the run wrote to the ledger", sourceLocation: sourceLocation)
        #expect(before.1 == after.1, "the run changed the cluster", sourceLocation: sourceLocation)
        return result
    }

    /// `verify` by somebody who saw everything before, and by somebody who sees the repository for the first time.
    /// - Returns: what the latter was told.
    @discardableResult
    func verifyEverywhere(
        _ status: Int32, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        for actor in ["sam", "stranger"] { try git(actor, "fetch", "-q", "--prune") }
        try BothWays.expectTheSame(self, seenBy: "sam", sourceLocation: sourceLocation)
        try expect(status, "sam", ["verify"], sourceLocation: sourceLocation)
        // Replay equals record: what holds, comes out again.
        if status == 0 { try expect(0, "sam", ["replay", "--all"], sourceLocation: sourceLocation) }
        return try expect(
            status, "stranger", ["verify"], adding: ["AGENTSAFE_STATE_HOME": "\(directory.path)/fresh"],
            sourceLocation: sourceLocation)
    }

    /// A change in production that bob has approved, and that would run.
    func approvedInProduction(replicas: Int = 5) throws -> ChangeID {
        let id = try propose(target: "prod/api-server", ["replicas=\(replicas)"])
        try expect(0, "bob", ["approve", id.text, "--yes"])
        let gate = try gate(id)
        try #require(gate.status == 0, "\(gate)")
        return id
    }

    /// Lands a proposal by a merge that nobody signed, and finds that it may not run for want of approval.
    func expectUnapproved(_ id: ChangeID, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        try mergeUnsigned(id)
        let result = try runRefused(10, id, sourceLocation: sourceLocation)
        #expect(result.output.contains("still missing"), "\(result)", sourceLocation: sourceLocation)
        try verifyEverywhere(0, sourceLocation: sourceLocation)
    }

    func mergeUnsigned(_ id: ChangeID, message: String = "Land it") throws {
        try git("sam", "fetch", "-q")
        try git("sam", "checkout", "-q", "-B", "main", "origin/main")
        try git("sam", "merge", "-q", "--no-ff", "-m", message, "origin/\(id.branch)")
        try git("sam", "push", "-q", "origin", "main")
    }
}

extension CommandResult {
    /// The first judged change of `gate --output json`.
    var judged: JSONValue? { (try? json)?["changes"]?.arrayValue?.first }

    /// How many people are still missing.
    var missing: Int64 {
        (judged?["missing"]?.arrayValue ?? []).reduce(0) { $0 + ($1["count"]?.integerValue ?? 0) }
    }
}
