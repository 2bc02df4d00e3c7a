import CryptoPrimitives
import OperatingSystem
import SSHSignature
import TestSupport
import Testing

@Suite("Private key files")
struct PrivateKeyFileTests {
    private func refusal(_ path: String) -> SigningError? {
        do throws(SigningError) {
            _ = try PrivateKeyFile.read(path)
            return nil
        } catch {
            return error
        }
    }

    /// The decoded content of the key at `path`, and the place of its private section's first byte.
    private func decode(_ path: String) throws -> (content: [UInt8], section: Int) {
        let lines = String(decoding: try Files.read(path), as: UTF8.self).split(separator: "\n")
        let content = try #require(Base64.decode(lines.dropFirst().dropLast().joined()))
        let check = try #require(content.count > 100 ? content : nil)
        // magic, "none", "none", "", 1, the public key, and the section's length.
        return (check, 15 + 8 + 8 + 4 + 4 + (4 + 51) + 4)
    }

    private func encode(_ content: [UInt8]) -> String {
        "-----BEGIN OPENSSH PRIVATE KEY-----\n\(Base64.encode(content))\n-----END OPENSSH PRIVATE KEY-----\n"
    }

    @Test("an ed25519 key without passphrase is read in this process")
    func ed25519() throws {
        let directory = try TemporaryDirectory()
        let path = try SSHKeys.makeKey(in: directory)
        guard case .ed25519(let signer) = try PrivateKeyFile.read(path) else {
            Issue.record("not read")
            return
        }
        #expect(signer.publicKey.text == (try SSHKeys.publicKey(of: path)))
    }

    @Test("a comment of any length leaves any padding", arguments: 0...8)
    func padding(_ length: Int) throws {
        let directory = try TemporaryDirectory()
        let path = try SSHKeys.makeKey(in: directory, options: ["-C", String(repeating: "c", count: length)])
        #expect(refusal(path) == nil)
    }

    @Test("a key that lost its last line feed or got Windows line ends is read all the same")
    func lineEnds() throws {
        let directory = try TemporaryDirectory()
        let text = String(decoding: try Files.read(try SSHKeys.makeKey(in: directory)), as: UTF8.self)
        for (index, other) in [
            String(text.dropLast()), text + "\n", text.replacing("\n", with: "\r\n"),
        ].enumerated() {
            #expect(refusal(try directory.write("other\(index)", other, mode: 0o600)) == nil)
        }
    }

    @Test("an encrypted key says its public key and is left to ssh-keygen")
    func encrypted() throws {
        let directory = try TemporaryDirectory()
        let path = try SSHKeys.makeKey(passphrase: "secret", in: directory)
        guard case .external(let key) = try PrivateKeyFile.read(path) else {
            Issue.record("not external")
            return
        }
        #expect(key?.text == (try SSHKeys.publicKey(of: path)))
    }

    @Test("another type of key is left to ssh-keygen", arguments: ["ecdsa", "rsa"])
    func otherTypes(_ type: String) throws {
        let directory = try TemporaryDirectory()
        for (name, options, stated) in [
            ("openssh", [], true), ("pem", ["-m", "PEM"], false), ("pkcs8", ["-m", "PKCS8"], false),
        ] {
            let path = try SSHKeys.makeKey(type: type, name: name, in: directory, options: options)
            guard case .external(let key) = try PrivateKeyFile.read(path) else {
                Issue.record("not external")
                return
            }
            #expect(key?.text == (stated ? try SSHKeys.publicKey(of: path) : nil))
        }
    }

    @Test("a key that others can read is refused, with the way out", arguments: [0o644, 0o640, 0o604, 0o620, 0o601])
    func permissions(_ mode: UInt32) throws {
        let directory = try TemporaryDirectory()
        let content = try Files.read(try SSHKeys.makeKey(in: directory))
        let path = directory.file("open")
        try Files.create(path, content, mode: 0o600)
        _ = try SSHKeys.succeed(["chmod", String(mode, radix: 8), path], in: directory)
        let error = try #require(refusal(path))
        #expect(error.code == .permissions)
        #expect(error.description.contains("chmod 600 \(path)"))
        #expect(!error.description.contains("\n"))
    }

    @Test("a damaged key is refused: every byte but the comment and the cipherless header is checked")
    func damage() throws {
        let directory = try TemporaryDirectory()
        let path = try SSHKeys.makeKey(in: directory)
        let (content, section) = try decode(path)
        // Two check numbers, the type, the public key, the pair; then the comment's length and its 10 bytes.
        let comment = section + 8 + 15 + 36 + 68 + 4
        let padding = comment + "a test key".utf8.count
        #expect(Array(content[comment..<padding]) == Array("a test key".utf8))
        for index in content.indices where !(comment..<padding).contains(index) {
            var changed = content
            changed[index] ^= 1
            let file = try directory.write("key\(index)", encode(changed), mode: 0o600)
            // A cipher's name that is not `none` makes the key one for ssh-keygen; all else is damage.
            if (19..<23).contains(index) {
                guard case .external = try PrivateKeyFile.read(file) else {
                    Issue.record("byte \(index)")
                    continue
                }
            } else {
                #expect(refusal(file)?.code == .notAKey, "byte \(index)")
            }
        }
        for end in [0, 14, 15, 100, content.count - 1] {
            let file = try directory.write("cut\(end)", encode(Array(content[..<end])), mode: 0o600)
            #expect(refusal(file)?.code == .notAKey)
        }
        #expect(refusal(try directory.write("long", encode(content + [0]), mode: 0o600))?.code == .notAKey)
    }

    @Test("what is no private key is refused in one line")
    func notAKey() throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(in: directory)
        let publicKey = try directory.write("copy.pub", try Files.read("\(key).pub"), mode: 0o600)
        #expect(refusal(publicKey)?.code == .notAKey)
        #expect(refusal(try directory.write("empty", "", mode: 0o600))?.code == .notAKey)
        #expect(
            refusal(try directory.write("large", [UInt8](repeating: 65, count: 70_000), mode: 0o600))?.code == .notAKey)
        #expect(refusal(directory.file("missing"))?.code == .notFound)
    }
}
