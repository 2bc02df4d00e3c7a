import OperatingSystem
import TestSupport
import Testing

@testable import ChangeModel

@Suite("Names, digests and codes")
struct NamesTests {
    // MARK: - Changes

    @Test("a change's folder is a function of its id, and the id can be read out of it")
    func folder() throws {
        let id = try #require(ChangeID("chg-20261122-7f3k9q2m4x"))
        #expect(id.folder == "changes/2026/11/22/4x/chg-20261122-7f3k9q2m4x")
        #expect(id.branch == "change/chg-20261122-7f3k9q2m4x")
        var generator = SeededGenerator(stream: 50)
        var seen: Set<String> = []
        for _ in 0..<2000 {
            let now = Timestamp(seconds: Int64(generator.next() % 253_402_300_800))
            let random = (0..<7).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let id = ChangeID(now: now, random: random)
            #expect(ChangeID(id.text) == id)
            let segments = id.folder.split(separator: "/")
            #expect(segments.count == 6 && segments[5] == id.text && id.text.hasSuffix(segments[4]))
            #expect(segments[1...3].joined(separator: "-") == now.date.description)
            #expect(seen.insert(id.folder).inserted)
        }
    }

    @Test("all 50 random bits of an id count, and none beyond them")
    func randomBits() {
        let now = Timestamp(seconds: 1_795_392_000)
        let zero = ChangeID(now: now, random: [UInt8](repeating: 0, count: 7))
        for bit in 0..<56 {
            var bytes = [UInt8](repeating: 0, count: 7)
            bytes[bit / 8] = 0x80 >> UInt8(bit % 8)
            #expect((ChangeID(now: now, random: bytes) != zero) == (bit < 50), "bit \(bit)")
        }
    }

    static let noIDs = [
        "", "--force", "-h", "--", "--upload-pack=touch /tmp/x", "chg", "chg-20261122-", "chg-20261122-7f3k9q2m4",
        "chg-20261122-7f3k9q2m4xx", "CHG-20261122-7f3k9q2m4x", "chg-20261122-7F3K9Q2M4X", "chg-20261122_7f3k9q2m4x",
        "chg-20261322-7f3k9q2m4x", "chg-20260230-7f3k9q2m4x", "chg-2026112a-7f3k9q2m4x", "chg-20261122-ifffffffff",
        "chg-20261122-lfffffffff", "chg-20261122-offfffffff", "chg-20261122-ufffffffff", "chg-20261122-../../../x",
        "chg-20261122-7f3k9q2m4\n", "chg-20261122-7f3k9q2m4 ", " chg-20261122-7f3k9q2m4", "chg-20261122-7f3k9q2m4;",
        "chg-20261122-7f3k9q2m\u{212A}", "chg-20261122-7f3k9q2é4", "-hg-20261122-7f3k9q2m4x",
        "refs/heads/chg-20261122", "chg-00000000-7f3k9q2m4x",
    ]

    @Test("what is no id is refused: options, paths, other spellings, days that do not exist", arguments: noIDs)
    func noID(_ text: String) {
        #expect(ChangeID(text) == nil)
    }

    // MARK: - Identifiers

    static let names: [(String, Bool)] = [
        ("alice", true), ("deploy-agent-01", true), ("A.b_c-9", true), (".", true), ("_", true),
        (String(repeating: "a", count: 100), true), (String(repeating: "a", count: 101), false), ("", false),
        ("-alice", false), ("--force", false), ("al ice", false), ("al/ice", false), ("alice\n", false),
        ("alicé", false), ("alice\u{200B}", false), ("\u{212A}elvin", false), ("a:b", false), ("a@b", false),
    ]

    @Test("a name is letters, digits, `.`, `_`, `-`, and never starts an option", arguments: names)
    func name(_ text: String, _ isName: Bool) {
        #expect(Identifier.isName(text) == isName)
    }

    static let targets: [(String, Bool)] = [
        ("staging/api-server", true), ("aws:123/eu@i-0abc", true), ("node-1", true), ("a/b/c", true),
        ("", false), ("/a", false), ("a/", false), ("a//b", false), ("../a", false), ("a/../b", false), ("a/.", false),
        ("a/-rf", false), ("a b", false), ("a\\b", false), (String(repeating: "a/", count: 100) + "a", false),
    ]

    @Test("a target's name is names joined by separators, and no path out of anywhere", arguments: targets)
    func target(_ text: String, _ isTarget: Bool) {
        #expect(Identifier.isTargetName(text) == isTarget)
    }

    static let actions: [(String, Bool)] = [
        ("scale-deployment", true), ("s3-put", true), ("a", true), ("", false), ("3s", false), ("-a", false),
        ("Scale", false), ("scale_deployment", false), ("scale.deployment", false), ("scale\n", false),
    ]

    @Test("an action's name is lower case, digits and dashes", arguments: actions)
    func action(_ text: String, _ isAction: Bool) {
        #expect(Identifier.isActionName(text) == isAction)
    }

    static let parameters: [(String, Bool)] = [
        ("replicas", true), ("_x9", true), ("Key", true), ("", false), ("9x", false), ("a-b", false), ("a.b", false),
        ("é", false),
    ]

    @Test("a param's name is what a programming language would take", arguments: parameters)
    func parameter(_ text: String, _ isParameter: Bool) {
        #expect(Identifier.isParameterName(text) == isParameter)
    }

    // MARK: - Codes

    @Test("Crockford's base32 is Python's base32 with another alphabet")
    func base32() throws {
        var generator = SeededGenerator(stream: 32)
        let samples = (0..<500).map { _ in
            (0..<(5 * (1 + generator.below(6)))).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        let script = """
            import base64, sys
            table = str.maketrans('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', '0123456789abcdefghjkmnpqrstvwxyz')
            for line in sys.stdin:
                if line.strip(): print(base64.b32encode(bytes.fromhex(line)).decode().translate(table))
            """
        let theirs = try Python.run(script, samples.map { Hexadecimal.text($0) })
        try #require(theirs.count == samples.count)
        for (bytes, text) in zip(samples, theirs) {
            #expect(CrockfordBase32.text(bytes, count: bytes.count * 8 / 5) == text)
            #expect(text.utf8.allSatisfy(CrockfordBase32.isSymbol))
        }
        #expect(CrockfordBase32.text([0xFF], count: 3) == "zw0")
        #expect("ilou IA-".utf8.allSatisfy { !CrockfordBase32.isSymbol($0) })
    }

    @Test("a digest is what sha256sum prints, and has one spelling")
    func digest() throws {
        let content = Array("apiVersion: agentsafe/v1\n".utf8)
        let digest = Digest(of: content)
        let result = try Program.run(["sha256sum"], environment: Host.real().environment, input: content)
        #expect(result.outputText.hasPrefix(digest.hexadecimal + " "))
        #expect(Digest(of: []).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let text = digest.description
        #expect(Digest(text) == digest)
        let others = [
            digest.hexadecimal, "sha256:" + digest.hexadecimal.uppercased(), "SHA256:" + digest.hexadecimal, text + "0",
            String(text.dropLast()), String(text.dropLast()) + "g", text + "\n", " " + text,
            "sha512:" + digest.hexadecimal,
        ]
        for other in others { #expect(Digest(other) == nil, "\(other)") }
    }

    @Test("hexadecimal digits are read in lower case alone")
    func hexadecimal() {
        #expect(Hexadecimal.bytes("00ff10") == [0x00, 0xFF, 0x10])
        #expect(Hexadecimal.text([0x00, 0xFF, 0x10]) == "00ff10")
        for text in ["0", "0g", "FF", "fF", " 0", "0x"] { #expect(Hexadecimal.bytes(text) == nil, "\(text)") }
    }
}
