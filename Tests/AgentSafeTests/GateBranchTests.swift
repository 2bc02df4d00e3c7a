import ChangeModel
import OperatingSystem
import Testing

@Suite("What a branch may hold")
struct GateBranchTests {
    private func gate(_ governance: Governance, _ branch: String, _ status: Int32, _ word: String) throws {
        try governance.git("rogue", "push", "-q", "-f", "origin", "\(branch):refs/heads/\(branch)")
        try governance.git("sam", "fetch", "-q")
        let result = try governance.expect(status, "sam", ["gate", "--head", "origin/\(branch)"])
        #expect(result.description.contains(word), "\(result)")
    }

    private func start(_ governance: Governance, _ branch: String) throws {
        try governance.git("rogue", "fetch", "-q")
        try governance.git("rogue", "checkout", "-q", "-B", branch, "origin/main")
    }

    private func commit(_ governance: Governance, _ message: String) throws {
        try governance.git("rogue", "add", "-A")
        try governance.git("rogue", "commit", "-q", "--allow-empty", "-m", message)
    }

    @Test("documentation alone is free")
    func documentation() throws {
        let governance = try Governance()
        try start(governance, "words")
        try governance.write("rogue", "docs/notes.md", "hello\n")
        try commit(governance, "Write notes")
        try gate(governance, "words", 0, "docs/ only")
    }

    @Test("a change whose two files come in two commits is refused: the first commit would be foreign on main")
    func splitFolder() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try start(governance, "split")
        try governance.git("rogue", "checkout", "origin/\(id.branch)", "--", "\(id.folder)/change.yaml")
        try commit(governance, "Half")
        try governance.git("rogue", "checkout", "origin/\(id.branch)", "--", "\(id.folder)/change.yaml.sig")
        try commit(governance, "The other half")
        try gate(governance, "split", 30, "two plain files")
    }

    @Test("a link below docs/ is not free")
    func link() throws {
        let governance = try Governance()
        try start(governance, "link")
        try Files.createDirectory("\(governance.clone("rogue"))/docs")
        try governance.run(["ln", "-s", "../identities.yaml", "\(governance.clone("rogue"))/docs/link"])
        try commit(governance, "Link")
        try gate(governance, "link", 30, "foreign")
    }

    @Test("an edit that is taken back in the next commit is seen")
    func editAndRevert() throws {
        let governance = try Governance()
        try start(governance, "wobble")
        let text = try governance.read("rogue", "identities.yaml")
        try governance.write("rogue", "identities.yaml", text + "# me too\n")
        try commit(governance, "Edit")
        try governance.git("rogue", "revert", "--no-edit", "HEAD")
        try gate(governance, "wobble", 30, "identities.yaml")
    }

    @Test("a merge on the branch is refused, whichever parent comes first", arguments: [true, false])
    func merges(mainFirst: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose()
        let old = try governance.git("rogue", "rev-parse", "origin/main")
        let other = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.land(other)
        try governance.git("rogue", "fetch", "-q")
        let first = mainFirst ? "origin/main" : "origin/\(id.branch)"
        let second = mainFirst ? "origin/\(id.branch)" : "origin/main"
        try governance.git("rogue", "checkout", "-q", "-B", "fox", first)
        try governance.git("rogue", "merge", "-q", "--no-ff", "-m", "Update", second)
        #expect(old != (try governance.git("rogue", "rev-parse", "origin/main")))
        try gate(governance, "fox", 30, "2 parents")
    }

    @Test("an edit of a proposal on its branch is refused")
    func editedProposal() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.git("rogue", "fetch", "-q")
        try governance.git("rogue", "checkout", "-q", "-B", id.branch, "origin/\(id.branch)")
        let path = "\(id.folder)/change.yaml"
        let text = try governance.read("rogue", path)
        try governance.write("rogue", path, text.split(separator: "replicas: 6").joined(separator: "replicas: 60"))
        try commit(governance, "More")
        try gate(governance, id.branch, 30, "never edited")
    }

    @Test("a branch from before main moved on is judged by main as it is now")
    func behindMain() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let other = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.land(other)
        try governance.git("sam", "fetch", "-q")
        try governance.expect(0, "sam", ["gate", "--head", "origin/\(id.branch)"])
    }

    @Test("a tag that bears a branch's name is not taken for the branch", arguments: ["origin/main", "main"])
    func tags(_ name: String) throws {
        let governance = try Governance()
        try governance.git("sam", "tag", name, "origin/main~1")
        try governance.git("sam", "fetch", "-q", "--tags")
        let gate = try governance.expect(
            0, "sam", ["gate", "--base", name, "--head", name, "--output", "json"])
        #expect(try gate.json["base"]?.stringValue == (try governance.tip("main")))
    }
}
