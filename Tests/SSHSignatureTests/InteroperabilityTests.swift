import OperatingSystem
import SSHSignature
import TestSupport
import Testing

@Suite("ssh-keygen as the peer")
struct InteroperabilityTests {
    struct KeyType: Sendable, CustomTestStringConvertible {
        let name: String
        let bits: Int?
        var testDescription: String { name + (bits.map { " \($0)" } ?? "") }
    }

    static let types = [
        KeyType(name: "ed25519", bits: nil), KeyType(name: "ecdsa", bits: 256), KeyType(name: "ecdsa", bits: 384),
        KeyType(name: "ecdsa", bits: 521), KeyType(name: "rsa", bits: 2048), KeyType(name: "rsa", bits: 3072),
    ]
    static let message = Array("scale staging/api-server\nto 6\n".utf8)

    @Test("what ssh-keygen signs verifies; what it would reject does not", arguments: types)
    func theirs(_ type: KeyType) throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(type: type.name, bits: type.bits, in: directory)
        let publicKey = try SSHKeys.publicKey(of: key)
        for hash in ["sha256", "sha512"] {
            let text = try SSHKeys.sign(
                Self.message, namespace: "change@agentsafe", with: key, in: directory,
                options: ["-O", "hashalg=\(hash)"])
            let signature = try SSHSignature(armored: text)
            #expect(signature.armored == text)
            #expect(signature.hashAlgorithm.rawValue == hash)
            #expect(signature.publicKey.text == publicKey)
            try signature.verify(message: Self.message, namespace: "change@agentsafe")

            let other = Self.message + [0x20]
            #expect(
                try !SSHKeys.accepts(text, of: other, namespace: "change@agentsafe", by: publicKey, in: directory))
            #expect(code { try signature.verify(message: other, namespace: "change@agentsafe") } == .notVerified)
            #expect(
                try !SSHKeys.accepts(
                    text, of: Self.message, namespace: "vote@agentsafe", by: publicKey, in: directory))
            #expect(
                code { try signature.verify(message: Self.message, namespace: "vote@agentsafe") } == .wrongNamespace)
        }
    }

    @Test("our ed25519 signature is ssh-keygen's, byte for byte", arguments: [0, 1, 35, 100_000])
    func ours(_ length: Int) throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(in: directory)
        let signer = try #require(
            try SigningKeyLocator(host: SSHKeys.host(directory)).signer(for: key) as? Ed25519Signer)
        let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let text = try signer.sign(message, namespace: "vote@agentsafe").armored
        #expect(text == (try SSHKeys.sign(message, namespace: "vote@agentsafe", with: key, in: directory)))
        let publicKey = try SSHKeys.publicKey(of: key)
        #expect(signer.publicKey.text == publicKey)
        #expect(try SSHKeys.accepts(text, of: message, namespace: "vote@agentsafe", by: publicKey, in: directory))
        #expect(
            try !SSHKeys.accepts(
                text, of: message + [0], namespace: "vote@agentsafe", by: publicKey, in: directory))
    }

    @Test("a key has the fingerprint that ssh-keygen shows", arguments: types)
    func fingerprint(_ type: KeyType) throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(type: type.name, bits: type.bits, in: directory)
        let shown = try SSHKeys.succeed(["ssh-keygen", "-l", "-f", "\(key).pub"], in: directory).outputText
        let publicKey = try SSHPublicKey(line: String(decoding: try Files.read("\(key).pub"), as: UTF8.self))
        #expect(shown.split(separator: " ")[1] == publicKey.fingerprint)
    }

    @Test("a signature that a security key made in software holds for ssh-keygen and for us")
    func securityKey() throws {
        let directory = try TemporaryDirectory()
        let signature = try SecurityKeySignature(message: Self.message, namespace: "vote@agentsafe", flags: 5)
        let parsed = try SSHSignature(blob: signature.blob)
        try parsed.verify(message: Self.message, namespace: "vote@agentsafe")
        #expect(
            try SSHKeys.accepts(
                parsed.armored, of: Self.message, namespace: "vote@agentsafe", by: parsed.publicKey.text,
                in: directory))
    }
}
