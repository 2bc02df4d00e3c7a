public import OperatingSystem

/// Keys and signatures by the real `ssh-keygen`, in an environment that knows nothing of the user.
public enum SSHKeys {
    public struct ProgramFailure: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// The search path alone, with `home` as home.
    public static func environment(home: TemporaryDirectory) -> [String: String] {
        ["PATH": Host.real().environment["PATH"] ?? "/usr/bin:/bin", "HOME": home.path, "LC_ALL": "C"]
    }

    /// A machine for tests whose clock stands still.
    public static func host(_ directory: TemporaryDirectory, adding variables: [String: String] = [:]) -> Host {
        var host = Host.real()
        host.environment = environment(home: directory).merging(variables) { $1 }
        host.currentDirectory = directory.path
        host.now = { 1_795_392_000 }
        return host
    }

    /// Makes a key pair `name` and `name.pub` and returns the private key's path.
    ///
    /// - Parameter type: as `ssh-keygen -t` takes it: `ed25519`, `ecdsa`, `rsa`.
    @discardableResult
    public static func makeKey(
        type: String = "ed25519", bits: Int? = nil, passphrase: String = "", name: String = "key",
        in directory: TemporaryDirectory, options: [String] = []
    ) throws -> String {
        let path = directory.file(name)
        let size = bits.map { ["-b", String($0)] } ?? []
        _ = try succeed(
            ["ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "a test key", "-f", path] + size + options,
            in: directory)
        return path
    }

    /// Type and base64 of the public key beside `privateKey`.
    public static func publicKey(of privateKey: String) throws -> String {
        let line = String(decoding: try Files.read("\(privateKey).pub"), as: UTF8.self)
        return line.split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// What `ssh-keygen -Y sign` writes.
    public static func sign(
        _ message: [UInt8], namespace: String, with key: String, in directory: TemporaryDirectory,
        options: [String] = []
    ) throws -> String {
        try succeed(
            ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key] + options, input: message, in: directory
        ).outputText
    }

    /// Whether `ssh-keygen -Y verify` takes `signature` for one by `publicKey`, and `-Y check-novalidate` agrees.
    public static func accepts(
        _ signature: String, of message: [UInt8], namespace: String, by publicKey: String,
        in directory: TemporaryDirectory
    ) throws -> Bool {
        let work = try TemporaryDirectory()
        let signers = try work.write("allowed_signers", "alice namespaces=\"\(namespace)\" \(publicKey)\n")
        let file = try work.write("signature", signature)
        let verify = try run(
            ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "alice", "-n", namespace, "-s", file], input: message,
            in: directory)
        let check = try run(
            ["ssh-keygen", "-Y", "check-novalidate", "-n", namespace, "-s", file], input: message, in: directory)
        guard (verify.status == 0) == (check.status == 0) else {
            throw ProgramFailure(description: "verify: \(verify.errorText); check-novalidate: \(check.errorText)")
        }
        return verify.status == 0
    }

    public static func run(
        _ arguments: [String], input: [UInt8] = [], in directory: TemporaryDirectory
    ) throws -> ProgramResult {
        try Program.run(arguments, environment: environment(home: directory), input: input, timeout: 60)
    }

    public static func succeed(
        _ arguments: [String], input: [UInt8] = [], in directory: TemporaryDirectory
    ) throws -> ProgramResult {
        let result = try run(arguments, input: input, in: directory)
        guard result.status == 0 else {
            throw ProgramFailure(description: "\(arguments.joined(separator: " ")): \(result.errorText)")
        }
        return result
    }
}
