import ChangeModel
import CryptoPrimitives
import OperatingSystem
import SSHSignature
import Testing

@testable import Tokens

/// The steps that tests of tokens need.
extension Governance {
    /// A landed change that may run.
    func landed(_ parameters: [String] = ["replicas=6"]) throws -> ChangeID {
        let id = try propose("agent", parameters)
        try land(id)
        return id
    }

    func ticket(_ id: ChangeID, as actor: String = "runner", _ options: [String] = []) throws -> String {
        try expect(0, actor, ["ticket", "issue", id.text] + options).output
    }

    /// Writes a text into a file beside the clones, and returns its path.
    @discardableResult
    func file(_ name: String, _ text: String, mode: UInt32 = 0o600) throws -> String {
        let path = "\(directory.path)/\(name)"
        try Files.writeAtomically(path, Array(text.utf8), mode: mode)
        return path
    }

    var nonces: [String] { ["--consume", "--nonces", "\(directory.path)/nonces"] }

    func repositoryName() throws -> String {
        try #require(
            String(decoding: try Files.read("\(clone("alice"))/agentsafe.yaml"), as: UTF8.self)
                .split(separator: "\n").first { $0.hasPrefix("repository: ") }.map { String($0.dropFirst(12)) })
    }

    func sharedKey(_ secret: String = "0123456789abcdef0123456789abcdef") throws -> [String] {
        ["--shared-key-file", try file("shared.key", secret + "\n")]
    }

    /// A delegation chain in a file.
    @discardableResult
    func delegate(
        _ actor: String, to delegate: String, _ options: [String] = ["--role", "deployer"], as name: String = "chain",
        adding variables: [String: String] = [:]
    ) throws -> String {
        let made = try expect(
            0, actor, ["delegation", "create", "--to", Self.identity(delegate)] + options, adding: variables)
        return try file("\(name).delegation", made.output + "\n")
    }

    func tokenKey(_ actor: String) throws -> FileTokenKey { try FileTokenKey(key(actor)) }
}

/// Signs whatever it is given with a key in a file: what an attacker with that key can do.
struct FileTokenKey: TokenSigner {
    private let signer: Ed25519Signer
    var keyID: String?
    var algorithm: TokenAlgorithm { .edDSA }

    init(_ path: String) throws {
        guard case .ed25519(let signer) = try PrivateKeyFile.read(path) else { throw NotMade(description: path) }
        self.signer = signer
        keyID = signer.publicKey.fingerprint
    }

    func sign(_ signed: [UInt8]) throws(TokenError) -> [UInt8] {
        do { return try signer.sign(token: signed) } catch { throw TokenError(.signature, "\(error)") }
    }

    /// A token of any claims and header type.
    func token(_ claims: JSONValue, type: String) throws -> String {
        try CompactToken.make(claims, type: type, by: self)
    }
}

/// The parts of a token, and tokens put together by hand.
enum TokenParts {
    static func claims(_ token: String) throws -> JSONValue { try part(token, 1) }
    static func header(_ token: String) throws -> JSONValue { try part(token, 0) }

    private static func part(_ token: String, _ index: Int) throws -> JSONValue {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        try #require(parts.count == 3)
        return try JSONValue(parsing: try #require(Base64.decodeURLSafe(Array(parts[index].utf8))))
    }

    static func text(_ header: JSONValue, _ claims: JSONValue, signature: (String) throws -> [UInt8]) rethrows -> String
    {
        let signed = [header, claims].map { Base64.encodeURLSafe($0.canonicalBytes) }.joined(separator: ".")
        return signed + "." + Base64.encodeURLSafe(try signature(signed))
    }
}
