import OperatingSystem
import Testing

@testable import AgentSafe

@Suite("Hook: names")
struct HookNameTests {
    static let mistakable = [
        "refs/heads/Main", "refs/heads/MAIN", "refs/heads/main/x", "refs/heads/Ledger", "refs/heads/ledger/x",
        "refs/heads/LEDGER/x", "refs/heads/change", "refs/heads/vote", "refs/heads/trust",
        "refs/heads/Change/chg-20261122-7f3k9q2m4x", "refs/heads/Vote/x", "refs/heads/TRUST/3", "refs/heads/m\u{430}in",
        "refs/heads/main\u{200B}", "refs/heads/l\u{435}dger", "refs/heads/\u{2060}ledger", "refs/heads/head",
        "refs/heads/HEAD", "refs/heads/refs/heads/main", "refs/heads/heads/main", "refs/heads/remotes/origin/main",
        "refs/heads/tags/x", "refs/tags/main", "refs/tags/ledger", "refs/tags/origin/main", "refs/tags/origin/Ledger",
        "refs/tags/change/chg-20261122-7f3k9q2m4x", "refs/tags/heads/main", "refs/tags/refs/heads/main",
    ]
    static let malformed = [
        "refs/heads/change/x", "refs/heads/change/chg-20261122-7F3K9Q2M4X",
        "refs/heads/change/chg-20261122-7f3k9q2m4x/x",
        "refs/heads/change/chg-20261322-7f3k9q2m4x", "refs/heads/change/--force", "refs/heads/vote/x/bob-1",
        "refs/heads/vote/chg-20261122-7f3k9q2m4x", "refs/heads/vote/chg-20261122-7f3k9q2m4x/bob-1/x",
    ]
    static let kept = [
        "refs/replace/0123456789012345678901234567890123456789", "refs/agentsafe/x", "refs/remotes/origin/main",
        "refs/Heads/main", "refs/pull/1/head", "refs/original/refs/heads/main", "refs/stash",
    ]
    static let harmless = [
        "refs/heads/feature", "refs/heads/trust/3", "refs/heads/mainline", "refs/heads/team/main",
        "refs/heads/gr\u{F6}\u{DF}e",
        "refs/heads/\u{442}\u{435}\u{441}\u{442}", "refs/heads/ledgers", "refs/tags/v1.0", "refs/tags/release/mainline",
        "refs/notes/commits", "refs/heads/changes/x",
    ]

    @Test(
        "names that could be mistaken, and those that the protocol keeps, are refused",
        arguments: HookNameTests.mistakable + malformed + kept)
    func notTaken(_ name: String) {
        #expect(throws: AgentSafeError.self) { try PushedReference(name) }
    }

    @Test("ordinary branches, tags and notes are nobody's business", arguments: harmless)
    func taken(_ name: String) throws {
        #expect(try PushedReference(name) == .other)
    }

    @Test("git itself is told so, by a line for each name")
    func pushed() throws {
        let governance = try HookedServer.governance()
        try governance.git("rogue", "fetch", "-q")
        // Those that the real git pushes at all.
        let names = (Self.mistakable + Self.malformed + Self.kept).filter { !$0.contains("refs/stash") }
        let specs = names.map { "origin/main:\($0)" }
        let before = try governance.serverState()
        let result = try governance.tryPush("rogue", specs)
        #expect(result.status == 1, "\(result.errorText)")
        for name in names {
            let shown = name.replacing("\u{200B}", with: "\\u{200b}").replacing("\u{2060}", with: "\\u{2060}")
            #expect(
                result.errorText.contains("remote: agentsafe: refused `\(shown)`: "), "\(name): \(result.errorText)")
        }
        #expect(try governance.serverState() == before)
        for name in names {
            try governance.refused("rogue", "origin/main:\(name)", because: "agentsafe: refused `refs/")
        }
    }

    @Test("replacements and agentsafe's own references are refused as such")
    func reasons() throws {
        let governance = try HookedServer.governance()
        try governance.git("rogue", "fetch", "-q")
        let old = try governance.git("rogue", "rev-parse", "origin/main~1")
        try governance.refused(
            "rogue", "origin/main:refs/replace/\(old)", because: "a replacement makes git show other objects")
        try governance.refused("rogue", "origin/main:refs/agentsafe/x", because: "kept for agentsafe itself")
        try governance.refused(
            "rogue", "origin/main:refs/remotes/origin/main", because: "only branches, tags and notes")
    }

    @Test("ordinary branches, tags, notes and proposals for admins pass, move and go")
    func passing() throws {
        let governance = try HookedServer.governance()
        try governance.git("rogue", "fetch", "-q")
        for name in Self.harmless {
            try governance.accepted("rogue", "origin/main:\(name)")
            try governance.accepted("rogue", "+origin/main~1:\(name)")
            try governance.accepted("rogue", ":\(name)")
        }
    }

    @Test("another name for main on the server is no way to move it")
    func alias() throws {
        let governance = try HookedServer.governance()
        try governance.onServer("symbolic-ref", "refs/heads/master", "refs/heads/main")
        try governance.git("sam", "fetch", "-q")
        let commit = try governance.commit(
            "sam", tree: try governance.tree("sam", "origin/main", ["inventory.yaml": "targets: []\n"]),
            parents: ["origin/main"], message: "x", signedBy: nil)
        try governance.refused(
            "sam", "\(commit):refs/heads/master", because: "on this server it stands for `refs/heads/main`",
            reference: "refs/heads/master")
    }
}
