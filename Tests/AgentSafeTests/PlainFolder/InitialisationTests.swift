import ChangeModel
import EmbeddedCatalogue
import OperatingSystem
import Testing

@Suite("A new governance repository")
struct InitialisationTests {
    private static func make(_ governance: Governance, _ options: [String] = [], name: String = "new") throws -> String
    {
        let folder = governance.directory.file(name)
        try governance.expect(
            0, "alice", ["init", folder, "--admin", "alice"] + options, in: governance.directory.path)
        return folder
    }

    @Test("holds exactly the files it should, committed, valid, tested, and clean for stock git")
    func content() throws {
        let governance = try Governance()
        let folder = try Self.make(governance)
        func git(_ words: String...) throws -> [String] {
            try governance.run(["git", "-C", folder] + words).split(separator: "\n").map(String.init)
        }
        let template = "templates/governance/"
        var expected = Set(
            (EmbeddedCatalogue.files(under: "actions") + EmbeddedCatalogue.files(under: "policies")).map(\.path))
        expected.formUnion(EmbeddedCatalogue.files(under: template).map { String($0.path.dropFirst(template.count)) })
        expected.formUnion(["agentsafe.yaml", "identities.yaml", "allowed_signers"])
        expected.formUnion(["trust/2/statement.txt", "trust/2/alice.sig"])
        let tracked = Set(try git("ls-files"))
        #expect(tracked == expected, "\(tracked.symmetricDifference(expected).sorted())")
        #expect(expected.isSuperset(of: ["README.md", "tests/defaults.yaml", "inventory.yaml", ".gitattributes"]))
        #expect(try git("status", "--porcelain", "--ignored") == [])
        #expect(try git("branch", "--format=%(refname:short)") == ["ledger", "main"])
        #expect(try git("log", "--all", "--format=%G?").allSatisfy { $0 == "G" })
        #expect(try git("fsck", "--strict", "--no-dangling") == [])
        let validate = try governance.expect(0, "alice", ["validate"], in: folder)
        #expect(validate.output.contains("1 identities") && !validate.output.contains(" 0 policy tests"), "\(validate)")
        try governance.expect(
            0, "alice", ["test", "--min-coverage", "100", "--min-condition-coverage", "100"], in: folder)
        try governance.expect(0, "alice", ["verify"], in: folder)
        #expect(try git("config", "agentsafe.genesis") == git("rev-list", "--max-parents=0", "main"))
    }

    @Test("for a team of one, the policies' own tests hold as well, and cover every rule and every condition")
    func solo() throws {
        let governance = try Governance()
        let folder = try Self.make(governance, ["--solo"])
        let words = ["test", "--min-coverage", "100", "--min-condition-coverage", "100"]
        let result = try governance.expect(0, "alice", words, in: folder)
        #expect(result.output.contains("15 of 15 decide a test"), "\(result)")
    }

    @Test("is pushed where it was told to, and only there")
    func pushed() throws {
        let governance = try Governance()
        let remote = governance.directory.file("new.git")
        try governance.run(["git", "init", "-q", "--bare", "-b", "main", remote])
        let folder = try Self.make(governance, ["--remote", remote, "--push"])
        for branch in ["main", "ledger"] {
            #expect(
                try governance.run(["git", "-C", remote, "rev-parse", branch])
                    == governance.run(["git", "-C", folder, "rev-parse", branch]))
        }
        #expect(try governance.run(["git", "-C", folder, "config", "remote.origin.url"]) == remote)
    }

    @Test("is not begun with a wrong name, without a key, or where something lies")
    func refused() throws {
        let governance = try Governance()
        let place = governance.directory.path
        let folder = governance.directory.file("new")
        func refuse(
            _ status: Int32, _ arguments: [String], _ words: String..., adding variables: [String: String] = [:]
        ) throws {
            let result = governance.agentsafe("alice", ["init"] + arguments, in: place, adding: variables)
            #expect(result.status == status && result.output.isEmpty, "\(arguments): \(result)")
            #expect(
                !result.errors.contains("\n") && words.allSatisfy(result.errors.contains), "\(arguments): \(result)")
            #expect(Files.kind(folder) == nil, "\(arguments)")
        }
        for admin in ["a b", "-x", "../x", "", "é", "x\u{1B}"] {
            try refuse(2, ["new", "--admin=\(admin)"], "is no identifier")
        }
        try refuse(2, ["new"], "`--admin ID` is missing")
        try refuse(1, ["new", "--admin", "alice", "--key", "nothing"], "no signing key at `\(place)/nothing`")
        try refuse(
            1, ["new", "--admin", "alice"], "no signing key", "ssh-keygen -t ed25519", adding: ["AGENTSAFE_KEY": ""])
        try refuse(2, ["new", "--admin", "alice", "--remote=-x"], "is no address")
        try refuse(2, ["new", "--admin", "alice", "--push"], "`--push` needs `--remote`")
        try refuse(1, [".", "--admin", "alice"], "holds files already", "choose an empty folder")
        try refuse(1, [governance.clone("sam"), "--admin", "alice"], "holds files already")
        let file = try governance.directory.write("file", "")
        try refuse(1, [file, "--admin", "alice"], "`\(file)` is no folder")
        try refuse(1, ["\(file)/new", "--admin", "alice"], "file")
        #expect(try Files.read(file).isEmpty)
    }

    @Test("an unborn repository is used; one with commits is not")
    func existing() throws {
        let governance = try Governance()
        let folder = try governance.folder("new")
        try governance.run(["git", "init", "-q", "-b", "trunk", folder])
        let first = governance.agentsafe("alice", ["init", ".", "--admin", "alice"], in: folder)
        #expect(first.status == 0, "\(first)")
        #expect(try governance.run(["git", "-C", folder, "status", "--porcelain", "--branch"]) == "## main")
        let before = try Fingerprint([folder])
        let again = governance.agentsafe("alice", ["init", ".", "--admin", "alice"], in: folder)
        #expect(again.status == 1 && again.errors.contains("holds files already"), "\(again)")
        #expect(try Fingerprint([folder]) == before)
    }

    @Test("a remote that is gone, or not empty, leaves the repository made, and says how to go on")
    func remotes() throws {
        let governance = try Governance()
        for (name, remote) in [("one", "/nowhere.git"), ("two", governance.remote)] {
            let before = try Fingerprint([governance.remote])
            let folder = governance.directory.file(name)
            let result = governance.agentsafe(
                "alice", ["init", folder, "--admin", "alice", "--remote", remote, "--push"],
                in: governance.directory.path)
            #expect(
                result.status == 1 && result.errors.hasSuffix("push `main` and `ledger` when the remote is empty"),
                "\(result)")
            #expect(try Fingerprint([governance.remote]) == before)
            try governance.run(["git", "-C", folder, "remote", "remove", "origin"])
            try governance.expect(0, "alice", ["verify"], in: folder)
        }
    }
}
