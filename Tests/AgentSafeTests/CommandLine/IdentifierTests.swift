import ChangeModel
import Testing

@Suite("Identifiers on the command line")
struct IdentifierTests {
    static let commands = ["approve", "reject", "withdraw", "cancel", "run", "rollback", "status", "show"]

    @Test("what is no change is refused before anything else, for every command that takes one")
    func malformed() throws {
        let governance = try Governance()
        for command in Self.commands { try refuseMalformed(command, governance) }
    }

    private func refuseMalformed(_ command: String, _ governance: Governance) throws {
        for text in [
            "--force", "-x", "../x", "", "chg-20261122", "CHG-20261122-7F3K9Q2M4X", "chg-20261122-7f3k9q2m4x ",
            "chg-20261122-7f3k9q2m4x/..", "chg-20261322-7f3k9q2m4x", "chg-20261122-7f3k9q2m4u", "a\u{1B}[31m\u{202E}",
            "chg-２０２６１１２２-7f3k9q2m4x", String(repeating: "x", count: 100_000),
        ] {
            let result = try governance.refuse(
                2, "bob", [command, "--", text], saying: "is no change", "chg-20261122-7f3k9q2m4x")
            #expect(result.errors.utf8.count < 500)
        }
        for option in ["--force", "-x", "--exec=rm"] {
            try governance.refuse(
                2, "bob", [command, option], saying: "no option `\(option.prefix { $0 != "=" })`",
                "agentsafe \(command) --help")
        }
        let needsID = command != "run"
        if needsID { try governance.refuse(2, "bob", [command], saying: "ID is missing") }
        try governance.refuse(2, "bob", [command, "chg-20261122-7f3k9q2m4x", "x"], saying: "unexpected argument `x`")
    }

    @Test("a change that nobody proposed is unknown to every command")
    func unknown() throws {
        let governance = try Governance()
        // Trust commits are recorded by whatever runs first; after that nothing is new.
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        for actor in ["bob", "runner"] { try governance.git(actor, "fetch", "-q") }
        try governance.expect(0, "bob", ["log"])
        for command in Self.commands { try refuseUnknown(command, governance) }
    }

    private func refuseUnknown(_ command: String, _ governance: Governance) throws {
        let words =
            [command, "chg-20261122-7f3k9q2m4x"]
            + (["approve", "reject", "withdraw", "cancel"].contains(command) ? ["--yes"] : [])
        let expected = command == "rollback" ? "was never executed" : "there is no change `chg-20261122-7f3k9q2m4x`"
        try governance.refuse(1, command == "run" ? "runner" : "bob", words, saying: expected)
    }

    @Test("a head or base that is no commit is refused, options and expressions included")
    func commits() throws {
        let governance = try Governance()
        for name in ["nope", "--force", "-x", "origin/nope", "HEAD@{9999}", ":/Found", "", "HEAD..main"] {
            for option in ["--head", "--base"] {
                let result = governance.agentsafe("sam", ["gate", "\(option)=\(name)"])
                #expect(result.status != 0 || name == ":/Found", "\(name): \(result)")
                #expect(
                    result.status == 2 || name == ":/Found" && [0, 30].contains(result.status), "\(name): \(result)")
                #expect(!result.errors.contains("\n"), "\(result)")
            }
        }
        // A commit that is there, but not on main, is no base.
        let id = try governance.propose()
        try governance.git("sam", "fetch", "-q")
        try governance.refuse(
            30, "sam", ["gate", "--base", "origin/\(id.branch)", "--head", "origin/\(id.branch)"],
            saying: "not on main's verified first-parent chain")
    }

    @Test("a limit is a number")
    func limits() throws {
        let governance = try Governance()
        for text in ["0", "-1", "x", "1e3", "99999999999999999999", ""] {
            try governance.refuse(
                2, "sam", ["log", "--limit=\(text)"], saying: "`--limit` takes a number from 1 to 1000000")
        }
        try governance.expect(0, "sam", ["log", "--limit", "1"])
    }
}
