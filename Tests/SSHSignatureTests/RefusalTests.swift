import CryptoPrimitives
import SSHSignature
import Testing

@Suite("Signatures that are refused, whoever made them")
struct RefusalTests {
    /// A valid Ed25519 signature in parts, to be put together wrongly.
    struct Parts {
        var magic = "SSHSIG"
        var version: UInt32 = 1
        var publicKey: [UInt8]
        var namespace = "git"
        var reserved = ""
        var hash = "sha512"
        var algorithm = "ssh-ed25519"
        var signature: [UInt8] = []
        var tail: [UInt8] = []
        static let message = Array("text".utf8)

        init() throws {
            let key = try Ed25519PrivateKey(seed: [UInt8](repeating: 9, count: 32))
            publicKey = Wire().string("ssh-ed25519").string(key.publicKey).bytes
            try sign(key)
        }

        mutating func sign(_ key: Ed25519PrivateKey? = nil) throws {
            let key = try key ?? Ed25519PrivateKey(seed: [UInt8](repeating: 9, count: 32))
            let digest = hash == "sha256" ? SHA256.hash(Self.message) : SHA512.hash(Self.message)
            signature = try key.sign(
                Wire().raw(Array("SSHSIG".utf8)).string(namespace).string(reserved).string(hash).string(digest).bytes)
        }

        var blob: [UInt8] {
            let value = Wire().string(algorithm).string(signature).raw(tail).bytes
            return Wire().raw(Array(magic.utf8)).uint32(version).string(publicKey).string(namespace)
                .string(reserved).string(hash).string(value).bytes
        }
    }

    private func refusal(_ change: (inout Parts) throws -> Void) throws -> SSHSignatureError.Code? {
        var parts = try Parts()
        try change(&parts)
        return code {
            try SSHSignature(blob: parts.blob).verify(message: Parts.message, namespace: parts.namespace)
        }
    }

    @Test("the parts that the other rules spoil are good")
    func control() throws {
        #expect(try refusal { _ in } == nil)
        #expect(
            try refusal {
                $0.hash = "sha256"
                try $0.sign()
            } == nil)
    }

    @Test("another magic or version is refused")
    func frame() throws {
        #expect(try refusal { $0.magic = "SSHSIh" } == .malformed)
        #expect(try refusal { $0.version = 0 } == .unsupported)
        #expect(try refusal { $0.version = 2 } == .unsupported)
    }

    @Test("an empty namespace is refused though it is signed")
    func emptyNamespace() throws {
        #expect(
            try refusal {
                $0.namespace = ""
                try $0.sign()
            } == .malformed)
    }

    @Test("an unprintable namespace is refused though it is signed", arguments: ["git\n", "git\u{0}", "gît"])
    func unprintableNamespace(_ namespace: String) throws {
        #expect(
            try refusal {
                $0.namespace = namespace
                try $0.sign()
            } == .malformed)
    }

    @Test("content in the reserved field is refused, signed or not")
    func reserved() throws {
        #expect(try refusal { $0.reserved = "x" } == .malformed)
        #expect(
            try refusal {
                $0.reserved = "x"
                try $0.sign()
            } == .malformed)
    }

    @Test(
        "a message hash other than SHA-256 and SHA-512 is refused", arguments: ["sha1", "sha384", "md5", "", "SHA512"])
    func hashes(_ hash: String) throws {
        #expect(
            try refusal {
                $0.hash = hash
                try $0.sign()
            } == .unsupported)
    }

    @Test(
        "a signature algorithm of another type of key is refused", arguments: ["ecdsa-sha2-nistp256", "rsa-sha2-512"])
    func algorithmOfAnotherKey(_ algorithm: String) throws {
        #expect(try refusal { $0.algorithm = algorithm } == .malformed)
    }

    @Test("an unknown signature algorithm is refused", arguments: ["", "ssh-ed25519 ", "ssh-dss", "none"])
    func unknownAlgorithm(_ algorithm: String) throws {
        #expect(try refusal { $0.algorithm = algorithm } == .unsupported)
    }

    @Test("SHA-1 with RSA is refused")
    func sha1() throws {
        let vector = try Vector("rsa")
        let blob = try vector.signature().blob
        let good = Wire().string("rsa-sha2-512").bytes
        let start = try #require(blob.indices.first { blob[$0...].starts(with: good) })
        // The string around the signature proper begins four bytes before, and gets five bytes shorter.
        let frame = Array(blob[..<(start - 4)])
        let rest = Wire().string("ssh-rsa").raw(Array(blob[(start + good.count)...])).bytes
        #expect(code { _ = try SSHSignature(blob: Wire(bytes: frame).string(rest).bytes) } == .unsupported)
    }

    @Test("a signature of another length is refused, and so is what follows it")
    func lengths() throws {
        #expect(try refusal { $0.signature.removeLast() } == .notVerified)
        #expect(try refusal { $0.signature.append(0) } == .notVerified)
        #expect(try refusal { $0.signature = [] } == .notVerified)
        #expect(try refusal { $0.tail = [0] } == .malformed)
        #expect(try refusal { $0.tail = [1, 0, 0, 0, 1] } == .malformed)
    }

    @Test(
        "an ECDSA number that is zero, negative or padded is refused", arguments: [[], [0], [0x80], [0, 0x7F], [0xFF]])
    func ecdsaNumbers(_ number: [UInt8]) throws {
        let blob = try Vector("ecdsa").signature().blob
        let name = Wire().string("ecdsa-sha2-nistp256").bytes
        let start = try #require(blob.indices.last { blob[$0...].starts(with: name) })
        let one = Wire().string([1]).bytes
        for numbers in [Wire().string(number).raw(one), Wire().raw(one).string(number)] {
            let value = Wire().raw(name).string(numbers.bytes).bytes
            let changed = Wire(bytes: Array(blob[..<(start - 4)])).string(value).bytes
            #expect(code { _ = try SSHSignature(blob: changed) } == .malformed)
        }
    }

    @Test("a security key's flags count only as signed: touch cannot be added afterwards", arguments: [0, 4, 0x80])
    func touch(_ signedFlags: UInt8) throws {
        let message = Parts.message
        let without = try SecurityKeySignature(message: message, namespace: "git", flags: signedFlags)
        #expect(
            code { try SSHSignature(blob: without.blob).verify(message: message, namespace: "git") } == .userNotPresent)
        let forged = try SecurityKeySignature(
            message: message, namespace: "git", flags: signedFlags | 1, signedFlags: signedFlags)
        #expect(code { try SSHSignature(blob: forged.blob).verify(message: message, namespace: "git") } == .notVerified)
    }

    @Test("a browser's signature is refused when its client data is for another message, whatever it signed")
    func clientData() throws {
        let vector = try Vector("ecdsa_sk_webauthn")
        let signature = try vector.signature()
        let other = vector.message + [0x21]
        let error = #expect(throws: SSHSignatureError.self) {
            try signature.verify(message: other, namespace: vector.namespace)
        }
        #expect(error?.description.contains("client data") == true)
    }

    @Test("armor must be one whole block and nothing else")
    func armor() throws {
        let text = try Vector("ed25519").armored
        let lines = text.split(separator: "\n").map(String.init)
        #expect(code { _ = try SSHSignature(armored: String(text.dropLast())) } == nil)
        #expect(code { _ = try SSHSignature(armored: "") } == .malformed)
        for wrong in [
            "\n" + text, " " + text, text + "\n", text + "x", text + text, lines.joined(separator: "\r\n"),
            lines.joined(separator: "\n\n"), lines.joined(separator: "\n "), lines.dropLast().joined(separator: "\n"),
            lines.dropFirst().joined(separator: "\n"), text.replacing("SSH SIGNATURE", with: "PGP SIGNATURE"),
            text.replacing("==", with: ""), text.replacing("==", with: "="), text.replacing("U1NI", with: "U1N!"),
            "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        ] {
            #expect(code { _ = try SSHSignature(armored: wrong) } == .malformed, "\(wrong)")
        }
    }

    @Test("armor of any line width is read, and written again in OpenSSH's")
    func widths() throws {
        let text = try Vector("rsa").armored
        let lines = text.split(separator: "\n").map(String.init)
        let body = Array(lines.dropFirst().dropLast().joined())
        for width in [1, 64, 76, body.count] {
            let wrapped = stride(from: 0, to: body.count, by: width).map {
                String(body[$0..<min($0 + width, body.count)])
            }
            let other = ([lines[0]] + wrapped + [lines[lines.count - 1]]).joined(separator: "\n")
            #expect(try SSHSignature(armored: other).armored == text)
        }
    }

    @Test("what is too long is not looked at")
    func size() {
        let blob = [UInt8](repeating: 0, count: SSHSignature.sizeLimit + 1)
        #expect(code { _ = try SSHSignature(blob: blob) } == .malformed)
        let text = String(repeating: "A", count: SSHSignature.sizeLimit * 2 + 1)
        #expect(code { _ = try SSHSignature(armored: text) } == .malformed)
    }
}
