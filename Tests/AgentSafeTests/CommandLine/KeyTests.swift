import OperatingSystem
import TestSupport
import Testing

@Suite("Signing keys on the command line")
struct KeyTests {
    @Test("a key that cannot sign is refused with its path, the fault and the way out")
    func unusable() throws {
        let governance = try Governance()
        func refuse(_ key: String, _ words: String...) throws {
            let path = key.isEmpty || key.hasPrefix("key::") ? key : "\(governance.directory.path)/\(key)"
            for arguments in [Governance.proposal + ["--key", path], Governance.proposal + ["--push", "--key", path]] {
                let result = try governance.refuse(1, "agent", arguments, saying: words[0])
                for word in words { #expect(result.errors.contains(word), "\(result)") }
            }
        }
        let directory = governance.directory
        try refuse("nothing", "no signing key at `\(directory.path)/nothing`", "`--key`, AGENTSAFE_KEY")
        try directory.write("open.key", Files.read(governance.key("agent")), mode: 0o644)
        try refuse("open.key", "others can read the private key", "(mode 644)", "chmod 600 \(directory.path)/open.key")
        try directory.write("garbage.key", "garbage", mode: 0o600)
        try refuse("garbage.key", "garbage.key` cannot be used", "known are ssh-ed25519")
        try directory.write("binary.key", [0x2D, 0x00, 0xFF], mode: 0o600)
        try refuse("binary.key", "neither a private nor a public OpenSSH key")
        try directory.write(
            "cut.key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", mode: 0o600)
        try refuse("cut.key", "the private key `\(directory.path)/cut.key`")
        try directory.write("only.pub", Files.read(governance.key("agent") + ".pub"))
        try refuse("only.pub", "no private key `\(directory.path)/only`", "no ssh-agent runs", "ssh-add")
        try refuse("key::\(try SSHKeys.publicKey(of: governance.key("agent")))", "no ssh-agent runs")
        try refuse("clones", "is no file")
        try refuse("", "empty")
        try refuse("stranger.key", "belongs to no identity on main", "agentsafe identity add", "--key")
    }

    @Test("without any key, the three ways to give one are named")
    func none() throws {
        let governance = try Governance()
        try governance.git("agent", "config", "--unset", "user.signingkey")
        let keyless = ["AGENTSAFE_KEY": ""]
        for command in [Governance.proposal, ["run"]] {
            try governance.refuse(
                1, "agent", command, saying: "no signing key; pass `--key", "AGENTSAFE_KEY",
                "git config user.signingkey",
                adding: keyless)
        }
        // What signs nothing needs no key.
        for command in [["verify"], ["log"], ["gate"], ["setup"], ["identity", "list"]] {
            try governance.expect(0, "agent", command, adding: keyless)
        }
    }

    @Test("`--key` wins over AGENTSAFE_KEY, which wins over git's setting")
    func precedence() throws {
        let governance = try Governance()
        try governance.git("agent", "config", "user.signingkey", governance.key("stranger"))
        try governance.expect(0, "agent", Governance.proposal)
        try governance.refuse(
            1, "agent", Governance.proposal, saying: "belongs to no identity",
            adding: ["AGENTSAFE_KEY": governance.key("stranger")])
        try governance.expect(
            0, "agent", Governance.proposal + ["--key", governance.key("agent")],
            adding: ["AGENTSAFE_KEY": governance.key("stranger")])
    }

    @Test("an encrypted key that nobody can unlock signs nothing")
    func encrypted() throws {
        let governance = try Governance()
        try SSHKeys.makeKey(passphrase: "secret", name: "locked.key", in: governance.directory)
        let path = "\(governance.directory.path)/locked.key"
        try governance.expect(
            0, "alice",
            [
                "identity", "add", "locked", "--kind", "agent", "--role", "deployer", "--key-file", path + ".pub",
                "--push",
            ])
        try governance.git("agent", "fetch", "-q")
        try governance.expect(0, "agent", ["verify"])
        try governance.refuse(
            1, "agent", Governance.proposal + ["--key", path], saying: "`ssh-keygen -Y sign` failed",
            adding: ["SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force"])
    }

    @Test("each is told what they have no right to do, and by whom it can be done")
    func rights() throws {
        let governance = try Governance()
        try governance.refuse(
            20, "runner", Governance.proposal, saying: "`runner` is a service", "an agent's or a person's key")
        try governance.settle("alice")
        for actor in ["agent", "alice", "gate"] {
            try governance.refuse(20, actor, ["run"], saying: "is no service with role `runner`", "--key")
        }
        let add = ["identity", "add", "zed", "--kind", "agent", "--key-file", governance.key("stranger") + ".pub"]
        try governance.refuse(20, "bob", add, saying: "`bob` is no admin", "admin's signature")
        try governance.refuse(1, "stranger", ["run"], saying: "belongs to no identity on main")
    }

    @Test("a file that is no public key adds nobody")
    func publicKeyFile() throws {
        let governance = try Governance()
        try governance.settle("alice")
        func add(_ file: String, _ id: String = "zed") -> [String] {
            ["identity", "add", id, "--kind", "agent", "--key-file", file, "--push"]
        }
        try governance.refuse(2, "alice", add("/nowhere.pub"), saying: "`/nowhere.pub` holds no public key")
        try governance.refuse(2, "alice", add(governance.key("stranger")), saying: "holds no public key")
        try governance.refuse(
            1, "alice", add(governance.key("bob") + ".pub"), saying: "that key belongs to `bob` already")
        let fresh = governance.key("stranger") + ".pub"
        for id in ["-x", "../x", "a b", "é", "a\u{1B}[0m", ""] {
            let words = ["identity", "add", "--kind", "agent", "--key-file", fresh, "--push", "--", id]
            try governance.refuse(2, "alice", words, saying: "is no identifier")
        }
        try governance.refuse(1, "alice", add(fresh, "bob"), saying: "`bob` exists as person", "choose another id")
        try governance.refuse(2, "alice", add(fresh) + ["--role", "a b"], saying: "is no name for a role or group")
        try governance.refuse(2, "alice", add(fresh) + ["--valid-after", "tomorrow"], saying: "2026-01-01T00:00:00Z")
    }
}
