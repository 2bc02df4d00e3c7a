import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("git verify-commit and our verdict on one commit")
struct TamperedCommitTests {
    /// A clone, a signed commit in it, and the means to make others of it.
    struct Workbench {
        let governance: Governance
        let identities: IdentityRegistry
        /// Signed by bob, with stock git.
        let original: Commit
        let other: Commit

        private init() throws {
            let governance = try Governance.keptForAll()
            try governance.update("bob")
            try governance.git("bob", "checkout", "-q", "-b", "bench")
            for name in ["one", "two"] {
                try governance.write("bob", "docs/\(name)", name)
                try governance.git("bob", "add", "docs")
                try governance.git("bob", "commit", "-q", "-S", "-m", "Write \(name)")
            }
            self.governance = governance
            let repository = try Repository(containing: governance.clone("bob"))
            identities = try governance.mainHistory("bob").tipState().identities
            original = try repository.commit(try #require(try repository.resolve("bench")))
            other = try repository.commit(original.parents[0])
        }

        /// One for all cases: nothing in it changes.
        static let shared = Result { try Workbench() }

        var payload: String { String(decoding: original.signedPayload, as: UTF8.self) }
        var armor: String { original.signature ?? "" }

        /// A payload with signatures folded into headers after the committer.
        func signed(_ payload: String, _ armors: String..., header: String = "gpgsig") -> String {
            let parts = payload.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
            let headers = armors.map { armor in
                "\(header) " + armor.split(separator: "\n").joined(separator: "\n ") + "\n"
            }
            return parts[0] + "\n" + headers.joined() + "\n" + parts[1]
        }

        func sign(_ payload: String, as actor: String = "bob", namespace: String = "git") throws -> String {
            try governance.sshSign(Array(payload.utf8), namespace: namespace, as: actor)
        }

        func edited(_ old: String, _ new: String) throws -> String {
            try #require(payload.contains(old))
            return payload.replacing(old, with: new, maxReplacements: 1)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let make: @Sendable (Workbench) throws -> String
        var testDescription: String { name }
        init(_ name: String, _ make: @escaping @Sendable (Workbench) throws -> String) {
            self.name = name
            self.make = make
        }
    }

    static let good = [
        Case("as git made it") { String(decoding: $0.original.raw, as: UTF8.self) },
        Case("signed by ssh-keygen and put together by hand") { $0.signed($0.payload, try $0.sign($0.payload)) },
        Case("signed by another who is listed") { $0.signed($0.payload, try $0.sign($0.payload, as: "agent")) },
        Case("with a header more, which is signed") {
            let payload = try $0.edited("\n\nWrite", "\nnote something\n\nWrite")
            return $0.signed(payload, try $0.sign(payload))
        },
        Case("with another hash in the signature") {
            let options = ["-O", "hashalg=sha256"]
            let armor = try SSHKeys.sign(
                Array($0.payload.utf8), namespace: "git", with: $0.governance.key("bob"), in: $0.governance.directory,
                options: options)
            return $0.signed($0.payload, armor)
        },
    ]

    static let bad = [
        Case("a message edited") { $0.signed(try $0.edited("Write two", "Write too"), $0.armor) },
        Case("a line added to the message") { $0.signed($0.payload + "\nApproved-by: alice\n", $0.armor) },
        Case("a tree swapped") {
            $0.signed(try $0.edited("tree \($0.original.tree)", "tree \($0.other.tree)"), $0.armor)
        },
        Case("a parent swapped") {
            $0.signed(try $0.edited("parent \($0.other.id)", "parent \($0.other.parents[0])"), $0.armor)
        },
        Case("a parent added") {
            let line = "parent \($0.other.id)\n"
            return $0.signed(try $0.edited(line, line + "parent \($0.other.parents[0])\n"), $0.armor)
        },
        Case("a parent taken away") { $0.signed(try $0.edited("parent \($0.other.id)\n", ""), $0.armor) },
        Case("an author edited") { $0.signed(try $0.edited("author bob", "author alice"), $0.armor) },
        Case("a date edited") { $0.signed(try $0.edited(" +0000\ncommitter", " +0100\ncommitter"), $0.armor) },
        Case("a header added under an old signature") {
            $0.signed(try $0.edited("\n\nWrite", "\nnote something\n\nWrite"), $0.armor)
        },
        Case("the signature of another commit") { $0.signed($0.payload, $0.other.signature ?? "") },
        Case("the namespace of files") { $0.signed($0.payload, try $0.sign($0.payload, namespace: "file")) },
        Case("the namespace of votes") { $0.signed($0.payload, try $0.sign($0.payload, namespace: "vote@agentsafe")) },
        Case("a key that nobody listed") { $0.signed($0.payload, try $0.sign($0.payload, as: "stranger")) },
        Case("no signature") { $0.payload },
        Case("a signature in the message alone") {
            let folded = $0.armor.split(separator: "\n").joined(separator: "\n ")
            return $0.payload + "\ngpgsig \(folded)\n"
        },
        Case("a signature as the message's first lines") {
            let folded = $0.armor.split(separator: "\n").joined(separator: "\n ")
            return try $0.edited("\n\nWrite", "\n\ngpgsig \(folded)\n\nWrite")
        },
        Case("a bad signature before a good one") { $0.signed($0.payload, $0.other.signature ?? "", $0.armor) },
        Case("a signature cut short") {
            let lines = $0.armor.split(separator: "\n")
            return $0.signed($0.payload, (lines.dropLast(2) + lines.suffix(1)).joined(separator: "\n"))
        },
        Case("a signature without its last line") {
            $0.signed($0.payload, $0.armor.split(separator: "\n").dropLast().joined(separator: "\n"))
        },
        Case("a signature of another kind") {
            $0.signed($0.payload, $0.armor.replacing("SSH SIGNATURE", with: "PGP SIGNATURE"))
        },
        Case("a word for a signature") { $0.signed($0.payload, "trust me") },
        Case("a signature under the header of SHA-256 repositories alone") {
            $0.signed($0.payload, $0.armor, header: "gpgsig-sha256")
        },
    ]

    /// Git's verdict and ours.
    private func verdicts(_ test: Case) throws -> (theirs: Bool, ours: Bool, words: String) {
        let bench = try Workbench.shared.get()
        let text = try test.make(bench)
        let bytes = Array(text.utf8)
        let stored = try bench.governance.run(
            [
                "git", "-C", bench.governance.clone("bob"), "hash-object", "-t", "commit", "-w", "--literally",
                "--stdin",
            ],
            as: "bob", input: bytes)
        let theirs = try bench.governance.tryGit("bob", "verify-commit", stored)
        var ours = false
        var words = ""
        do {
            let repository = try Repository(containing: bench.governance.clone("bob"))
            let commit = try repository.commit(try #require(ObjectID(stored)))
            _ = try bench.identities.signatory(of: commit)
            ours = true
        } catch {
            words = "\(error)"
        }
        return (theirs.status == 0, ours, "git: \(theirs.errorText) we: \(words)")
    }

    @Test("what git accepts, we accept", arguments: good)
    func accepted(_ test: Case) throws {
        let (theirs, ours, words) = try verdicts(test)
        #expect(theirs, "\(words)")
        #expect(ours, "\(words)")
    }

    @Test("what git rejects, we reject", arguments: bad)
    func rejected(_ test: Case) throws {
        let (theirs, ours, words) = try verdicts(test)
        #expect(!theirs, "\(words)")
        #expect(!ours, "\(words)")
    }

    /// Git hands what it found to ssh-keygen, which reads the first signature; what follows is unread.
    static let stricter = [
        Case("a second, unread signature under another header") {
            let signed = $0.signed($0.payload, $0.armor)
            return $0.signed(signed, "anything", header: "gpgsig-sha256")
        },
        Case("two signatures, both good") { $0.signed($0.payload, $0.armor, $0.armor) },
        Case("a good signature before a bad one") { $0.signed($0.payload, $0.armor, $0.other.signature ?? "") },
    ]

    @Test("what git passes over in silence, we reject", arguments: stricter)
    func passedOver(_ test: Case) throws {
        let (theirs, ours, words) = try verdicts(test)
        #expect(theirs, "\(words)")
        #expect(!ours, "\(words)")
    }
}
