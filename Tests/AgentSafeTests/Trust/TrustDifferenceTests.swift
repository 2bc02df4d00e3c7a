import OperatingSystem
import Testing

@Suite("What an admin is shown before signing")
struct TrustDifferenceTests {
    @Test("what is shown is all there is: no attribute hides a file, and no character moves the cursor")
    func nothingHidden() throws {
        let governance = try TwoOfFour.copy()
        try governance.update("rogue")
        try governance.write("rogue", ".gitattributes", "* binary -diff\n")
        try governance.write("rogue", "hooks/odd", "# up\u{202E}side\u{1B}[2A\r\n")
        try governance.expect(0, "rogue", ["trust", "propose", "--push"])
        try governance.update("alice")
        try governance.write("alice", ".git/info/attributes", "* binary -diff\n")
        try governance.git("alice", "config", "diff.external", "true")
        let shown = try governance.signTrust("alice")
        #expect(shown.errors.contains("\n+# up\\u{202e}side\\u{1b}[2A\\u{d}\ndiff --git a/identities.yaml"), "\(shown)")
        #expect(shown.errors.contains(".gitattributes  +1 -3") && shown.errors.contains("hooks/odd  +1 -0"), "\(shown)")
        #expect(isHarmless(shown.errors))
    }

    @Test("a difference that is too long to show is cut with a word, and a command that shows all")
    func bounded() throws {
        let governance = try TwoOfFour.copy()
        try governance.update("rogue")
        try governance.write("rogue", "hooks/long", (1...2500).map { "line \($0)\n" }.joined())
        try governance.write("rogue", "hooks/wide", String(repeating: "x", count: 3000) + "\n")
        try governance.expect(0, "rogue", ["trust", "propose", "--push"])
        let shown = try governance.signTrust("alice")
        let warning = try #require(shown.errors.split(separator: "\n").first { $0.hasPrefix("warning: ") })
        #expect(warning.contains("lines are not shown, and would be signed too"), "\(warning)")
        #expect(shown.errors.contains("hooks/long  +2500 -0") && shown.errors.contains("hooks/wide  +1 -0"))
        let command = try ShellLines.words(
            String(try #require(warning.firstMatch(of: /`(git diff [^`]*)`/)).output.1))
        let all = try governance.run(command.withDirectory(governance.clone("alice")), as: "alice")
        #expect(all.contains("+line 2500") && all.contains(String(repeating: "x", count: 3000)))
    }
}
