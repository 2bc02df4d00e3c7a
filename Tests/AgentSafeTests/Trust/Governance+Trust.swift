import ChangeModel
import Documents
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// A repository in which alice, bob, carol and sam are admins, and two of them must sign what gives power.
enum TwoOfFour {
    private static let original = Result {
        let governance = try Governance()
        try governance.editIdentities { text in
            text.replacing("roles: [approver]", with: "roles: [approver, admin]")
                .replacing("roles: [sre]", with: "roles: [sre, admin]")
        }
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Four admins", "--push"])
        try governance.editIdentities { $0.replacing("admin_threshold: 1", with: "admin_threshold: 2") }
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Two must sign", "--push"])
        for actor in Governance.actors { try governance.update(actor) }
        KeptFolders.remember(governance.directory.path)
        return governance
    }

    static func copy() throws -> Governance { try Governance(copying: try original.get()) }
}

extension Governance {
    /// Edits `identities.yaml` in the work tree of an actor whose clone is brought to main's newest commit.
    func editIdentities(_ actor: String = "alice", _ edit: (String) throws -> String) throws {
        try update(actor)
        let old = try read(actor, "identities.yaml")
        let new = try edit(old)
        try #require(new != old, "the edit changed nothing")
        try write(actor, "identities.yaml", new)
    }

    /// Adds lines below a key in the text of `identities.yaml`.
    func addingLines(_ lines: [String], belowKeyOf actor: String, in text: String) throws -> String {
        let publicKey = try SSHKeys.publicKey(of: key(actor))
        let line = "      - key: \"\(publicKey)\""
        let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try #require(all.contains(line))
        return all.flatMap { $0 == line ? [$0] + lines.map { "        " + $0 } : [$0] }.joined(separator: "\n")
    }

    /// An edit of the policy that everybody can see.
    func editPolicy(_ actor: String, _ words: String = "# edited") throws {
        try update(actor)
        let path = try policyFile(actor)
        try write(actor, path, try read(actor, path) + words + "\n")
    }

    func policyFile(_ actor: String) throws -> String {
        let files = try git(actor, "ls-files", "policies").split(separator: "\n").map(String.init)
        return try #require(files.first)
    }

    /// Proposes an edit of the policy on a trust branch, as `actor`; returns the branch's name.
    @discardableResult
    func proposeTrust(_ actor: String = "agent", _ words: String = "# proposed") throws -> String {
        try editPolicy(actor, words)
        let json = try expect(
            0, actor, ["trust", "propose", "-m", "Say more", "--push", "--output", "json"]
        ).json
        return try #require(json["branch"]?.stringValue)
    }

    @discardableResult
    func signTrust(_ actor: String, _ options: String..., status: Int32 = 0) throws -> CommandResult {
        try expect(status, actor, ["trust", "sign", "--yes", "--output", "json"] + options)
    }

    /// The trust version that the remote's main says.
    func trustVersion(seenBy actor: String = "stranger") throws -> Int {
        try git(actor, "fetch", "-q", "--prune")
        let text = try text("identities.yaml", at: "origin/main", seenBy: actor)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("trust_version: ") })
        return try #require(Int(line.dropFirst("trust_version: ".count)))
    }

    /// A foreign commit on the remote's main: an edit of the policy that nobody signed.
    @discardableResult
    func pushForeign(_ words: String = "# loosened", as actor: String = "rogue") throws -> String {
        try update(actor)
        let path = try policyFile(actor)
        return try pushToMain(actor, [path: try read(actor, path) + words + "\n"], message: "Loosen")
    }

    /// `trust status --output json` of somebody, freshly fetched.
    func trustStatus(_ actor: String = "stranger", status: Int32 = 0, _ options: String...) throws -> JSONValue {
        try git(actor, "fetch", "-q", "--prune")
        return try expect(status, actor, ["trust", "status", "--output", "json"] + options).json
    }

    // MARK: - Landing with stock git

    /// How one branch of one commit, or of several, comes onto main.
    enum Way: String, CaseIterable, Sendable {
        case merge, squash, rebase, fastForward
    }

    /// Lands a branch of the remote with stock git in sam's clone, and returns main's new tip, not pushed yet.
    ///
    /// - Parameter settings: `-c` settings of git, by which commits are signed.
    func landStock(
        _ branch: String, by way: Way, as actor: String = "sam", message: String = "Land it (#12)",
        settings: [String] = []
    ) throws -> String {
        try update(actor)
        func git(_ arguments: String...) throws {
            try run(["git", "-C", clone(actor)] + settings.flatMap { ["-c", $0] } + arguments, as: actor)
        }
        switch way {
        case .merge: try git("merge", "-q", "--no-ff", "-m", message, "origin/\(branch)")
        case .squash:
            try git("merge", "-q", "--squash", "origin/\(branch)")
            try git("commit", "-q", "-m", message)
        case .rebase:
            try git("checkout", "-q", "-B", "rebased", "origin/\(branch)")
            try git("rebase", "-q", "--force-rebase", "origin/main")
        case .fastForward: try git("merge", "-q", "--ff-only", "origin/\(branch)")
        }
        return try self.git(actor, "rev-parse", "HEAD")
    }

    // MARK: - Changes by hand

    /// Proposals of the agent's that are like `id` but for their identifiers, as files by path.
    func proposalsLike(_ id: ChangeID, count: Int) throws -> [String: String] {
        try git("agent", "fetch", "-q")
        let text = try text("\(id.folder)/change.yaml", at: "origin/\(id.branch)", seenBy: "agent")
        var files: [String: String] = [:]
        for index in 0..<count {
            let other = ChangeID(now: clock.timestamp, random: [UInt8(index), 1, 2, 3, 4, 5, 6])
            let bytes = text.replacing(id.text, with: other.text)
            files["\(other.folder)/change.yaml"] = bytes
            files["\(other.folder)/change.yaml.sig"] = try sign(bytes, namespace: "change@agentsafe", as: "agent")
        }
        try #require(files.count == 2 * count)
        return files
    }
}

extension CommandResult {
    /// What follows `word:` on a line of standard error, as the command that it tells people to type.
    func command(_ word: String) -> [String]? {
        let line = errors.split(separator: "\n").first { $0.hasPrefix("\(word):") }
        return line?.dropFirst(word.count + 1).split(separator: " ").map(String.init)
    }
}

// MARK: - Trust commits by hand

extension Governance {
    func fingerprint(of key: String) throws -> String {
        let line = try run(["ssh-keygen", "-l", "-f", key + ".pub"])
        return try #require(line.split(separator: " ").dropFirst().first.map(String.init))
    }

    /// The repository's identifier, as main's settings say.
    func mainRepositoryID() throws -> String {
        let text = try text("agentsafe.yaml", at: "origin/main", seenBy: "rogue")
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        return String(line.dropFirst("repository: ".count))
    }

    /// Edits with the statement that follows from them, and signatures with actors' keys (the stranger's in mallory's name).
    /// What follows from the identities comes along where the identities are edited.
    ///
    /// - Parameter base: the commit that the statement is about a difference to.
    func statementByHand(
        _ edits: [String: String?], from base: String = "origin/main", signedBy signers: [String]
    ) throws -> [String: String?] {
        try git("rogue", "fetch", "-q")
        var files = edits
        if let text = edits["identities.yaml"] ?? nil, edits["allowed_signers"] == nil {
            // A threshold that cannot be reached is unreadable, and says nothing about the signers.
            let readable = text.replacing(/admin_threshold: [0-9]+/) { _ in "admin_threshold: 1" }
            let registry = try IdentitiesDocument.parse(
                SourceFile(name: "identities.yaml", bytes: Array(readable.utf8)))
            files["allowed_signers"] = String(decoding: AllowedSigners.emit(registry), as: UTF8.self)
        }
        let repository = try Repository(containing: clone("rogue"))
        let old = try git("rogue", "rev-parse", "\(base)^{tree}")
        let new = try tree("rogue", "origin/main", files)
        let versions = (edits["identities.yaml"] ?? nil)?.firstMatch(of: /trust_version: ([0-9]+)/)
        let version = try #require(versions.flatMap { Int($0.output.1) })
        let text = TrustStatement(
            repository: try mainRepositoryID(), version: version,
            changes: try repository.changes(from: ObjectID(old), to: ObjectID(new))
        ).text
        files["trust/\(version)/statement.txt"] = text
        for signer in signers {
            let name = signer == "stranger" ? "mallory" : Self.identity(signer)
            files["trust/\(version)/\(name).sig"] = try sign(text, namespace: "trust@agentsafe", as: signer)
        }
        return files
    }

    /// Pushes to main what admins signed by hand, as somebody whom the forge lets.
    @discardableResult
    func pushTrustByHand(_ edits: [String: String?], signedBy signers: [String]) throws -> String {
        try pushToMain("rogue", try statementByHand(edits, signedBy: signers))
    }

    /// identities.yaml of main's newest commit with its version raised, and edited.
    func raisedIdentities(_ edit: (String) throws -> String = { $0 }) throws -> String {
        try git("rogue", "fetch", "-q")
        let version = try trustVersion()
        return try edit(try text("identities.yaml", at: "origin/main", seenBy: "rogue"))
            .replacing("trust_version: \(version)", with: "trust_version: \(version + 1)")
    }
}
