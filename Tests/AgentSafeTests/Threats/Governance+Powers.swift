import AgentSafeCLI
import ChangeModel
import Documents
import OperatingSystem
import Synchronization
import TestSupport
import Testing

/// What admins do to the files that give power, by the command and by hand.
extension Governance {
    /// Edits files on main by a trust commit of alice's.
    func trustCommit(_ edits: [String: (String) -> String], message: String = "Change powers") throws {
        try git("alice", "fetch", "-q")
        try git("alice", "checkout", "-q", "-B", "main", "origin/main")
        for (path, edit) in edits {
            let old = Files.kind("\(clone("alice"))/\(path)") == nil ? "" : try read("alice", path)
            let new = edit(old)
            try #require(old != new, "the edit of \(path) changes nothing")
            try write("alice", path, new)
        }
        try expect(0, "alice", ["trust", "commit", "-m", message, "--push"])
    }

    /// Adds lines below a key in identities.yaml, as `valid_before: …` and `revoked: true`.
    func limitKey(of actor: String, _ lines: [String]) throws {
        let line = "      - key: \"\(try SSHKeys.publicKey(of: key(actor)))\""
        try trustCommit([
            "identities.yaml": { text in
                text.split(separator: "\n", omittingEmptySubsequences: false)
                    .flatMap { $0 == line ? [line] + lines.map { "        " + $0 } : [String($0)] }
                    .joined(separator: "\n")
            }
        ])
    }

    /// Why a key signs nothing that counts now.
    enum KeyState: String, CaseIterable {
        case revoked, expired, notYetValid

        func lines(at now: Timestamp) -> [String] {
            switch self {
            case .revoked: ["valid_before: \(now)", "revoked: true"]
            case .expired: ["valid_before: \(now)"]
            case .notYetValid: ["valid_after: \(now + .seconds(86_400))"]
            }
        }
    }

    /// From now on, `actor`'s key is in that state.
    func limitKey(of actor: String, to state: KeyState) throws {
        try limitKey(of: actor, state.lines(at: clock.timestamp))
        clock.advance(60)
    }

    /// A trust commit made with stock git and ssh-keygen on top of `base`, in the clone of `actor`.
    ///
    /// - Parameters:
    ///   - edits: of files; the identities' version is raised and `allowed_signers` brought along unless given.
    ///   - signers: the name of each statement's file, and whose key signs it.
    ///   - parent: another parent than `base`, for a commit that is meant to adopt what lies between.
    /// - Returns: the commit, which is not pushed.
    func trustByHand(
        _ actor: String, onto base: String = "origin/main", _ edits: [String: String?],
        signedBy signers: [String: String],
        parent: String? = nil
    ) throws -> String {
        try git(actor, "fetch", "-q")
        var edits = edits
        let old = try text("identities.yaml", at: base, seenBy: actor)
        let version = try registry(old).trustVersion + 1
        let identities = (edits["identities.yaml"] ?? old) ?? old
        let raised = identities.replacing("trust_version: \(version - 1)", with: "trust_version: \(version)")
        edits["identities.yaml"] = raised
        if edits["allowed_signers"] == nil {
            edits["allowed_signers"] = String(decoding: AllowedSigners.emit(try registry(raised)), as: UTF8.self)
        }
        let unsigned = try tree(actor, base, edits)
        let statement = try statement(actor, base: base, tree: unsigned, version: version)
        var statements: [String: String?] = ["trust/\(version)/statement.txt": statement]
        for (name, signer) in signers {
            statements["trust/\(version)/\(name).sig"] = try sign(statement, namespace: "trust@agentsafe", as: signer)
        }
        return try commit(
            actor, tree: try tree(actor, unsigned, statements), parents: [try git(actor, "rev-parse", parent ?? base)],
            message: "Change powers by hand", signedBy: actor)
    }

    func registry(_ text: String) throws -> IdentityRegistry {
        try IdentitiesDocument.parse(SourceFile(name: "identities.yaml", bytes: Array(text.utf8)))
    }

    private func statement(_ actor: String, base: String, tree: String, version: Int) throws -> String {
        let configuration = try text("agentsafe.yaml", at: base, seenBy: actor)
        let line = try #require(configuration.split(separator: "\n").first { $0.hasPrefix("repository: ") })
        var lines = ["agentsafe-trust v1", String(line).replacing(":", with: ""), "trust_version \(version)"]
        let none = String(repeating: "0", count: 40)
        for change in try git(actor, "diff-tree", "-r", "--no-renames", "--full-index", "\(base)^{tree}", tree)
            .split(separator: "\n")
        {
            // :100644 100644 <old> <new> M<tab>path
            let (fields, path) = (
                change.split(separator: "\t")[0].split(separator: " "), change.split(separator: "\t")[1]
            )
            if path.hasPrefix("trust/") { continue }
            let ids = fields[2...3].map { $0 == none ? "-" : String($0) }
            lines.append("\(fields[1]) \(ids[0]) \(ids[1]) \(path)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The entry of one more identity in identities.yaml.
    static func identityEntry(_ id: String, kind: String = "person", roles: [String], publicKey: String) -> String {
        """
          - id: \(id)
            kind: \(kind)
            roles: [\(roles.joined(separator: ", "))]
            groups: []
            keys:
              - key: "\(publicKey)"

        """
    }

    // MARK: - What everybody must be told

    /// main is foreign from `commit` on: nobody runs, and everybody who verifies is told where and what.
    func expectForeign(
        at commit: String, _ words: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        for told in [
            try runRefused(30, sourceLocation: sourceLocation),
            try verifyEverywhere(30, sourceLocation: sourceLocation),
        ] {
            #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)", sourceLocation: sourceLocation)
            #expect(told.errors.contains(words), "\(told)", sourceLocation: sourceLocation)
        }
    }

    /// The environment of somebody who sees the repository for the first time.
    var fresh: [String: String] { ["AGENTSAFE_STATE_HOME": "\(directory.path)/fresh"] }

    // MARK: - Sleeping in the middle

    /// Runs `agentsafe`, and does something else at the first line of standard error that contains `words`: as if the
    /// process slept meanwhile.
    func agentsafe(
        _ actor: String, _ arguments: [String], sleepingAt words: String,
        _ meanwhile: @escaping @Sendable () throws -> Void
    ) throws -> CommandResult {
        let (output, errors) = (LineBuffer(), LineBuffer())
        let hasSlept = Mutex(false)
        let terminal = Terminal(
            write: { output.append($0) },
            say: { line in
                errors.append(line)
                guard line.contains(words),
                    !hasSlept.withLock({ old in
                        defer { old = true }
                        return old
                    })
                else { return }
                do {
                    try meanwhile()
                } catch {
                    Issue.record(error)
                }
            }, ask: { _ in nil }, colors: false, showsProgress: false)
        let status = CommandLineTool.run(
            ["agentsafe"] + arguments, host: host(actor, adding: ["AGENTSAFE_KEY": key(actor)]), terminal: terminal)
        let slept = hasSlept.withLock { $0 }
        try #require(slept, "nothing was said of `\(words)`: \(errors.text)")
        return CommandResult(status: status, output: output.text, errors: errors.text)
    }

    /// The replicas that the embedded cluster is told to run.
    func replicas(_ name: String = "api-server", in namespace: String = "staging") throws -> Int64? {
        let items = try JSONValue(parsing: try Files.read(clusterFile))["items"]?.arrayValue ?? []
        return items.first {
            $0["kind"]?.stringValue == "Deployment" && $0.at("metadata", "namespace")?.stringValue == namespace
                && $0.at("metadata", "name")?.stringValue == name
        }?.at("spec", "replicas")?.integerValue
    }
}
