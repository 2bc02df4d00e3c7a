import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// What a person does who has stock `git` and `ssh-keygen`, and no `agentsafe`.
extension Governance {
    /// A type of key that stock tools sign with.
    struct KeyType: Sendable, CustomTestStringConvertible {
        let name: String
        let bits: Int?
        var testDescription: String { name + (bits.map { " \($0)" } ?? "") }

        static let all = [
            KeyType(name: "ed25519", bits: nil), KeyType(name: "ecdsa", bits: 256), KeyType(name: "ecdsa", bits: 384),
            KeyType(name: "ecdsa", bits: 521), KeyType(name: "rsa", bits: 3072),
        ]
    }

    /// A new identity with a key of its own, and a clone that `setup` prepared.
    func enlist(_ actor: String, as options: [String], key type: KeyType = KeyType.all[0]) throws {
        let home = "\(directory.path)/homes/\(actor)"
        try Files.createDirectory(home)
        try Files.create(
            "\(home)/.gitconfig", Array("[user]\n\tname = \(actor)\n\temail = \(actor)@example.com\n".utf8))
        try SSHKeys.makeKey(type: type.name, bits: type.bits, name: "\(actor).key", in: directory)
        try expect(0, "alice", ["identity", "add", actor, "--key-file", key(actor) + ".pub", "--push"] + options)
        _ = try run(["git", "clone", "-q", remote, clone(actor)], as: actor)
        try expect(
            0, actor, ["setup", "--genesis", try git("alice", "config", "agentsafe.genesis"), "--key", key(actor)])
    }

    /// Puts the actor's clone on main's newest commit, without `agentsafe`.
    func update(_ actor: String) throws {
        try git(actor, "fetch", "-q", "--prune")
        try git(actor, "checkout", "-q", "-B", "main", "origin/main")
    }

    /// `git merge --no-ff -S change/<id>`, pushed.
    func mergeBySignature(_ id: ChangeID, as actor: String) throws {
        try update(actor)
        try git(actor, "merge", "-q", "--no-ff", "-S", "--no-edit", "origin/\(id.branch)")
        try git(actor, "push", "-q", "origin", "main")
    }

    /// The bytes of a file as of a revision.
    func blob(_ actor: String, _ revision: String, _ path: String) throws -> [UInt8] {
        let result = try tryGit(actor, "cat-file", "blob", "\(revision):\(path)")
        try #require(result.status == 0, "\(result.errorText)")
        return result.output
    }

    /// The files below `folder` as of a revision.
    func files(_ actor: String, _ revision: String, _ folder: String) throws -> [String] {
        try git(actor, "ls-tree", "-r", "--name-only", revision, "--", folder).split(separator: "\n").map(String.init)
    }

    /// Whether `ssh-keygen -Y verify` takes `signature` (armored), by the `allowed_signers` of the actor's work tree.
    ///
    /// - Parameter instant: the time by which keys' windows are judged; nil: that of the real clock.
    func sshAccepts(
        _ signature: String, of message: [UInt8], by identity: String, namespace: String,
        seenBy actor: String = "stranger", at instant: Timestamp? = nil
    ) throws -> Bool {
        let folder = try TemporaryDirectory()
        let file = try folder.write("signature", signature)
        let result = try Program.run(
            [
                "ssh-keygen", "-Y", "verify", "-f", "\(clone(actor))/allowed_signers", "-I", identity, "-n", namespace,
                "-s", file,
            ] + (instant.map { ["-Overify-time=\($0.compact)"] } ?? []), environment: environment(actor),
            input: message, timeout: 60)
        return result.status == 0
    }

    /// What `ssh-keygen -Y sign` makes with the actor's key.
    func sshSign(_ message: [UInt8], namespace: String, as actor: String) throws -> String {
        try SSHKeys.sign(message, namespace: namespace, with: key(actor), in: directory)
    }

    /// The base64 of a signature between the armor's lines, in one line; and the way back.
    static func withoutArmor(_ signature: String) -> String {
        signature.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    }

    static func armor(_ base64: String) -> String {
        var lines = ["-----BEGIN SSH SIGNATURE-----"]
        var rest = base64[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(70)))
            rest = rest.dropFirst(70)
        }
        return (lines + ["-----END SSH SIGNATURE-----"]).joined(separator: "\n") + "\n"
    }

    /// Every commit of every branch of the remote that the repository's own rules speak of, with git's verdict on it.
    func verdicts(_ actor: String) throws -> [(commit: String, verdict: String, signer: String, author: String)] {
        try git(actor, "log", "--remotes=origin", "--format=%H %G? %GS %an").split(separator: "\n").map { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            return (fields[0], fields[1], fields[2], fields[3])
        }
    }

    /// main's verified history, as the actor's clone has it.
    func mainHistory(_ actor: String) throws -> MainHistory {
        let repository = try Repository(containing: clone(actor))
        let genesis = try #require(ObjectID(try git(actor, "config", "agentsafe.genesis")))
        let tip = try #require(try repository.reference("refs/remotes/origin/main"))
        return try MainHistory(repository: repository, tip: tip, start: genesis, genesis: genesis)
    }

    /// The ledger's recorded events of one change, oldest first.
    func record(of id: ChangeID, seenBy actor: String = "sam") throws -> ChangeRecord {
        try git(actor, "fetch", "-q")
        let repository = try Repository(containing: clone(actor))
        let tip = try #require(try repository.reference("refs/remotes/origin/ledger"))
        return try ChangeRecord(id, in: try repository.commit(tip).tree, of: repository)
    }

    /// The answer of `gate` on the change's branch, as JSON.
    func gate(_ id: ChangeID, as actor: String = "sam", expecting status: Int32) throws -> JSONValue {
        try git(actor, "fetch", "-q")
        let report = try expect(status, actor, ["gate", "--head", "origin/\(id.branch)", "--output", "json"]).json
        return try #require(report["changes"]?.arrayValue?.first)
    }
}
