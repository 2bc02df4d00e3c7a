import Git
import OperatingSystem
import SSHSignature
import TestSupport

/// A folder for repositories, with the real `git` in an environment that knows nothing of the user.
struct Sandbox {
    let directory: TemporaryDirectory
    let environment: [String: String]

    init() throws {
        directory = try TemporaryDirectory()
        var environment = SSHKeys.environment(home: directory)
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        environment["GIT_AUTHOR_DATE"] = "1795392000 +0000"
        environment["GIT_COMMITTER_DATE"] = "1795392000 +0000"
        self.environment = environment
        try directory.write(
            ".gitconfig",
            """
            [user]
                name = alice
                email = alice@example.com
            [init]
                defaultBranch = main
            [uploadpack]
                allowFilter = true

            """)
    }

    func path(_ name: String) -> String { directory.file(name) }

    /// Makes a repository and opens it.
    func repository(_ name: String = "work", bare: Bool = false) throws -> Repository {
        try git(["init", "-q"] + (bare ? ["--bare"] : []) + [path(name)], in: nil)
        return try Repository(containing: path(name))
    }

    /// Runs `git` in the repository `name`; a failure is thrown with git's words.
    @discardableResult
    func git(
        _ arguments: [String], in name: String? = "work", input: [UInt8] = [], adding variables: [String: String] = [:]
    ) throws -> String {
        let result = try tryGit(arguments, in: name, input: input, adding: variables)
        guard result.status == 0 else {
            throw SSHKeys.ProgramFailure(description: "git \(arguments): \(result.errorText)")
        }
        return result.outputText
    }

    /// The one line that `git` prints.
    func line(_ arguments: [String], in name: String = "work", input: [UInt8] = []) throws -> String {
        try git(arguments, in: name, input: input).split(separator: "\n").first.map(String.init) ?? ""
    }

    func tryGit(
        _ arguments: [String], in name: String? = "work", input: [UInt8] = [], adding variables: [String: String] = [:]
    ) throws -> ProgramResult {
        try Program.run(
            ["git"] + (name.map { ["-C", path($0)] } ?? []) + arguments,
            environment: environment.merging(variables) { $1 }, input: input, timeout: 60)
    }

    /// Makes a commit on the current branch and returns its name.
    @discardableResult
    func commit(_ message: String = "a commit", in name: String = "work", options: [String] = []) throws -> ObjectID {
        try git(["commit", "-q", "--allow-empty", "-m", message] + options, in: name)
        return try id("HEAD", in: name)
    }

    func id(_ revision: String, in name: String = "work") throws -> ObjectID {
        let text = try line(["rev-parse", revision], in: name)
        guard let id = ObjectID(text) else { throw SSHKeys.ProgramFailure(description: "no object name: \(text)") }
        return id
    }

    /// Stores bytes as an object without any check of git's.
    func store(_ kind: String, _ content: [UInt8], in name: String = "work") throws -> ObjectID {
        let text = try line(["hash-object", "-t", kind, "-w", "--stdin", "--literally"], in: name, input: content)
        guard let id = ObjectID(text) else { throw SSHKeys.ProgramFailure(description: "no object name: \(text)") }
        return id
    }

    /// Makes an Ed25519 key, sets the repository up to sign with it, and returns its signer.
    func signer(in name: String = "work") throws -> Ed25519Signer {
        let key = try SSHKeys.makeKey(name: "\(name).key", in: directory)
        try git(["config", "gpg.format", "ssh"], in: name)
        try git(["config", "user.signingkey", key], in: name)
        let signers = try directory.write(
            "\(name).signers", "alice@example.com namespaces=\"git\" \(try SSHKeys.publicKey(of: key))\n")
        try git(["config", "gpg.ssh.allowedSignersFile", signers], in: name)
        guard let signer = try SigningKeyLocator(host: SSHKeys.host(directory)).signer(for: key) as? Ed25519Signer
        else {
            throw SSHKeys.ProgramFailure(description: "no signer for \(key)")
        }
        return signer
    }
}

/// The code of the `GitError` that `body` throws; nil when it throws none.
func code(_ body: () throws -> Void) -> GitError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? GitError)?.code
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
