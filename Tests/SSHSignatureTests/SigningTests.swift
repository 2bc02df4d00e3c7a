import OperatingSystem
import SSHSignature
import TestSupport
import Testing

@Suite("Keys from their names, and signing with them")
struct SigningTests {
    static let message = Array("approve\n".utf8)

    private func refusal(_ value: String, _ host: Host) -> SigningError? {
        do throws(SigningError) {
            _ = try SigningKeyLocator(host: host).signer(for: value)
            return nil
        } catch {
            return error
        }
    }

    @Test("a private key is found by absolute, relative and home path, and by its public key's path")
    func paths() throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(in: directory)
        let publicKey = try SSHKeys.publicKey(of: key)
        for value in [key, "key", "./key", "~/key", "key.pub", "\(key).pub"] {
            let signer = try SigningKeyLocator(host: SSHKeys.host(directory)).signer(for: value)
            #expect(signer is Ed25519Signer)
            #expect(signer.publicKey.text == publicKey)
            try signer.sign(Self.message, namespace: "git").verify(message: Self.message, namespace: "git")
        }
    }

    @Test("a name behind which no usable key is gets one clear line")
    func refusals() throws {
        let directory = try TemporaryDirectory()
        let host = SSHKeys.host(directory)
        let key = try SSHKeys.makeKey(in: directory)
        let other = try SSHKeys.makeKey(name: "other", in: directory)
        let line = try SSHKeys.publicKey(of: key)
        try directory.write("text", "hello\n")
        try directory.write("alone.pub", line)
        try directory.write("mixed", try Files.read(other), mode: 0o600)
        try directory.write("mixed.pub", line)
        try directory.write("binary", [0, 1, 2])
        try directory.write("open", try Files.read(key))
        try directory.write("cert.pub", "ssh-ed25519-cert-v01@openssh.com AAAA")
        let expected: [(String, SigningError.Code)] = [
            ("", .notFound), ("missing", .notFound), ("missing.pub", .notFound), ("text/key", .notFound),
            (".", .notAKey), ("/dev/null", .notAKey), ("text", .notAKey), ("binary", .notAKey), ("mixed.pub", .notAKey),
            ("cert.pub", .notAKey), ("open", .permissions), ("alone.pub", .noAgent), (line, .noAgent),
            ("key::\(line)", .noAgent), ("key::", .notAKey), ("key::ssh-ed25519 AAAA", .notAKey),
            ("key::ssh-ed25519-cert-v01@openssh.com AAAA", .notAKey), ("--force", .notFound),
        ]
        for (value, code) in expected {
            let error = refusal(value, host)
            #expect(error?.code == code, "\(value)")
            #expect(error?.description.contains("\n") == false, "\(value)")
        }
    }

    @Test("a namespace that cannot be shown is refused", arguments: ["", "a\nb", "gît"])
    func namespaces(_ namespace: String) throws {
        let signer = try Ed25519Signer(seed: [UInt8](repeating: 1, count: 32))
        let error = #expect(throws: SigningError.self) { try signer.sign([], namespace: namespace) }
        #expect(error?.code == .badNamespace)
    }

    @Test(
        "a key of another type, or in a PEM form, signs through ssh-keygen",
        arguments: ["ecdsa", "rsa"], [[], ["-m", "PEM"], ["-m", "PKCS8"]])
    func otherTypes(_ type: String, options: [String]) throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(type: type, in: directory, options: options)
        let publicKey = try SSHKeys.publicKey(of: key)
        let host = SSHKeys.host(directory)
        let signer = try SigningKeyLocator(host: host).signer(for: key)
        #expect(signer is SSHKeygenSigner)
        #expect(signer.publicKey.text == publicKey)
        let signature = try signer.sign(Self.message, namespace: "git")
        try signature.verify(message: Self.message, namespace: "git")

        // OpenSSH's own form says its public key, PEM forms need the file beside.
        try Files.remove("\(key).pub")
        if options.isEmpty {
            let signer = try SigningKeyLocator(host: host).signer(for: key)
            try signer.sign(Self.message, namespace: "git").verify(message: Self.message, namespace: "git")
        } else {
            let error = refusal(key, host)
            #expect(error?.code == .notFound)
            #expect(error?.description.contains("ssh-keygen -y") == true)
        }
    }

    @Test("an encrypted key signs through ssh-keygen, which asks for the passphrase; a wrong one fails in one line")
    func passphrase() throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(passphrase: "secret word", in: directory)
        for (word, works) in [("secret word", true), ("wrong", false)] {
            let script = try directory.write("ask-\(works)", "#!/bin/sh\necho '\(word)'\n", mode: 0o700)
            let host = SSHKeys.host(directory, adding: ["SSH_ASKPASS": script, "SSH_ASKPASS_REQUIRE": "force"])
            let signer = try SigningKeyLocator(host: host).signer(for: key)
            if works {
                let signature = try signer.sign(Self.message, namespace: "git")
                try signature.verify(message: Self.message, namespace: "git")
            } else {
                let error = #expect(throws: SigningError.self) { try signer.sign(Self.message, namespace: "git") }
                #expect(error?.code == .programFailed)
                #expect(error?.description.contains("\n") == false)
            }
        }
    }

    @Test("an agent's key signs, named by file, by `key::` or bare; a key that it lacks does not")
    func agent() throws {
        let directory = try TemporaryDirectory()
        let key = try SSHKeys.makeKey(in: directory)
        let line = try SSHKeys.publicKey(of: key)
        let socket = directory.file("agent")
        let started = try SSHKeys.succeed(["ssh-agent", "-s", "-a", socket], in: directory).outputText
        let process = try #require(started.split(separator: "SSH_AGENT_PID=").last?.prefix { $0.isNumber })
        let variables = ["SSH_AUTH_SOCK": socket, "SSH_AGENT_PID": String(process), "TMPDIR": directory.path]
        let host = SSHKeys.host(directory, adding: variables)
        defer { _ = try? Program.run(["ssh-agent", "-k"], environment: host.environment) }
        let added = try Program.run(["ssh-add", key], environment: host.environment)
        #expect(added.status == 0)
        try Files.remove(key)
        let files = try Files.list(directory.path)
        for value in ["key.pub", line, "key::\(line)", "key::\(line) with a comment"] {
            let signer = try SigningKeyLocator(host: host).signer(for: value)
            #expect(signer is SSHKeygenSigner)
            let signature = try signer.sign(Self.message, namespace: "git")
            try signature.verify(message: Self.message, namespace: "git")
            #expect(signature.publicKey.text == line)
        }
        #expect(try Files.list(directory.path) == files)

        let stranger = try SSHKeys.publicKey(of: SSHKeys.makeKey(name: "stranger", in: directory))
        let signer = try SigningKeyLocator(host: host).signer(for: stranger)
        let error = #expect(throws: SigningError.self) { try signer.sign(Self.message, namespace: "git") }
        #expect(error?.code == .programFailed)
    }

    @Test("what a signing program returns is believed only when it verifies, by the expected key")
    func programs() throws {
        let directory = try TemporaryDirectory()
        let environment = SSHKeys.environment(home: directory)
        let key = try SSHKeys.makeKey(in: directory)
        let other = try SSHKeys.makeKey(name: "other", in: directory)
        let publicKey = try SSHPublicKey(line: SSHKeys.publicKey(of: key))
        let signatures = [
            ("other-key", try SSHKeys.sign(Self.message, namespace: "git", with: other, in: directory)),
            ("other-text", try SSHKeys.sign([1], namespace: "git", with: key, in: directory)),
            ("other-purpose", try SSHKeys.sign(Self.message, namespace: "file", with: key, in: directory)),
            ("garbage", "hello\n"), ("nothing", ""),
        ]
        for (name, text) in signatures {
            let file = try directory.write("\(name).sig", text)
            let program = try directory.write(name, "#!/bin/sh\ncat >/dev/null; cat \(file)\n", mode: 0o700)
            let signer = SSHKeygenSigner(
                publicKey: publicKey, keyFile: key, environment: environment, program: program)
            let error = #expect(throws: SigningError.self) { try signer.sign(Self.message, namespace: "git") }
            #expect(error?.code == .badSignature, "\(name)")
        }
        let missing = SSHKeygenSigner(
            publicKey: publicKey, keyFile: key, environment: environment, program: directory.file("missing"))
        let error = #expect(throws: SigningError.self) { try missing.sign(Self.message, namespace: "git") }
        #expect(error?.code == .programFailed)
    }
}
