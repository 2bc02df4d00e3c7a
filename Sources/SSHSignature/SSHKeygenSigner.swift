internal import OperatingSystem

/// Signs by running `ssh-keygen -Y sign` (ssh-keygen(1)): for keys in an agent, on hardware, with a passphrase, and of the
/// types that are not signed with in this process. Its questions go to the terminal, or to `SSH_ASKPASS`.
public struct SSHKeygenSigner: Signer {
    enum KeyPlace: Sendable {
        /// A private key file. The agent is asked first, if it has the key.
        case file(String)
        /// The agent alone.
        case agent
    }

    /// The output of a signing program that is believed to be a signature.
    private static let outputLimit = SSHSignature.sizeLimit * 2

    public let publicKey: SSHPublicKey
    private let place: KeyPlace
    private let program: String
    private let environment: [String: String]

    /// Signs with the private key at `keyFile`, whose public key is `publicKey`.
    public init(
        publicKey: SSHPublicKey, keyFile: String, environment: [String: String], program: String = "ssh-keygen"
    ) {
        self.init(publicKey: publicKey, place: .file(keyFile), environment: environment, program: program)
    }

    /// Signs with the agent that `SSH_AUTH_SOCK` in `environment` leads to.
    public init(agentKey publicKey: SSHPublicKey, environment: [String: String], program: String = "ssh-keygen") {
        self.init(publicKey: publicKey, place: .agent, environment: environment, program: program)
    }

    private init(publicKey: SSHPublicKey, place: KeyPlace, environment: [String: String], program: String) {
        self.publicKey = publicKey
        self.place = place
        self.program = program
        self.environment = environment
    }

    public func sign(_ message: [UInt8], namespace: String) throws(SigningError) -> SSHSignature {
        try check(namespace: namespace)
        let output =
            switch place {
            case .file(let path): try run(["-f", path], message, namespace)
            case .agent: try runWithAgent(message, namespace)
            }
        let signature: SSHSignature
        do throws(SSHSignatureError) {
            signature = try SSHSignature(armored: String(decoding: output, as: UTF8.self))
            try signature.verify(message: message, namespace: namespace)
        } catch {
            throw SigningError(.badSignature, "`\(program)` returned no good signature: \(error)")
        }
        guard signature.publicKey == publicKey else {
            throw SigningError(
                .badSignature,
                "`\(program)` signed with the key \(signature.publicKey.fingerprint), not with \(publicKey.fingerprint)"
            )
        }
        return signature
    }

    /// ssh-keygen takes the agent's key by a file with its public half.
    private func runWithAgent(_ message: [UInt8], _ namespace: String) throws(SigningError) -> [UInt8] {
        let parent = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let path: String
        do throws(SystemError) {
            let directory = try Files.temporaryDirectory(in: parent, prefix: "agentsafe-key-")
            path = "\(directory)/key.pub"
            try Files.create(path, Array("\(publicKey.text)\n".utf8), mode: 0o600)
        } catch {
            throw SigningError(.programFailed, "cannot hand the public key to `\(program)`: \(error)")
        }
        defer { try? Files.removeTree(Files.parent(of: path)) }
        return try run(["-U", "-f", path], message, namespace)
    }

    private func run(_ key: [String], _ message: [UInt8], _ namespace: String) throws(SigningError) -> [UInt8] {
        let result: ProgramResult
        do throws(SystemError) {
            result = try Program.run(
                [program, "-q", "-Y", "sign", "-n", namespace] + key, environment: environment, input: message,
                outputLimit: Self.outputLimit, inheritErrors: true)
        } catch {
            throw SigningError(
                .programFailed, "cannot sign: \(error); this key needs OpenSSH's client programs")
        }
        guard result.status == 0 else {
            throw SigningError(
                .programFailed,
                "`\(program) -Y sign` failed (status \(result.status)) for the key \(publicKey.fingerprint); "
                    + "its own message, if any, stands above")
        }
        return result.output
    }
}
