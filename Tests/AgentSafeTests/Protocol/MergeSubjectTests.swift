import ChangeModel
import Git
import TestSupport
import Testing

@testable import Ledger

@Suite("Which merges approve")
struct MergeSubjectTests {
    static let id = "chg-20261122-7f3k9q2m4x"

    static let approving = [
        "Merge branch 'change/chg-20261122-7f3k9q2m4x'",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x' into main",
        "Merge remote-tracking branch 'origin/change/chg-20261122-7f3k9q2m4x'",
        "Merge remote-tracking branch 'upstream-2/change/chg-20261122-7f3k9q2m4x' into main",
    ]

    @Test("git's own subjects for a merge of the change's branch name it", arguments: approving)
    func names(_ subject: String) throws {
        #expect(MainHistory.namesBranch(subject, of: try #require(ChangeID(Self.id))))
    }

    static let silent = [
        "", "Merge branch 'change/chg-20261122-7f3k9q2m4y'", "Merge branch 'chg-20261122-7f3k9q2m4x'",
        "merge branch 'change/chg-20261122-7f3k9q2m4x'", " Merge branch 'change/chg-20261122-7f3k9q2m4x'",
        "Merge branch \"change/chg-20261122-7f3k9q2m4x\"", "Merge branch change/chg-20261122-7f3k9q2m4x",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x'x", "Merge branch 'change/chg-20261122-7f3k9q2m4x', 'other'",
        "Merge branches 'change/chg-20261122-7f3k9q2m4x' and 'other'",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x'into x",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x' and another", "Merge branch 'x/change/chg-20261122-7f3k9q2m4x'",
        "Merge remote-tracking branch 'change/chg-20261122-7f3k9q2m4x'",
        "Merge remote-tracking branch '/change/chg-20261122-7f3k9q2m4x'",
        "Merge remote-tracking branch 'a/b/change/chg-20261122-7f3k9q2m4x'",
        "Merge remote-tracking branch '-x/change/chg-20261122-7f3k9q2m4x'",
        "Merge remote-tracking branch 'origin/change/chg-20261122-7f3k9q2m4x",
        "Merge tag 'change/chg-20261122-7f3k9q2m4x'", "Merge commit 'change/chg-20261122-7f3k9q2m4x'",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x' of git@example.com:ops/governance",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x' of /srv/git/governance into main",
        "Merge pull request #1 from ops/change/chg-20261122-7f3k9q2m4x", "change/chg-20261122-7f3k9q2m4x",
        "Revert \"Merge branch 'change/chg-20261122-7f3k9q2m4x'\"",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x'\u{301}",
        "Merge branch 'change/chg-20261122-7f3k9q2m4x' ", "Merge branch 'change/chg-20261122-7f3k9q2m4x'\r",
    ]

    @Test("any other subject approves nothing", arguments: silent)
    func doesNotName(_ subject: String) throws {
        #expect(!MainHistory.namesBranch(subject, of: try #require(ChangeID(Self.id))))
    }

    /// A way to land `change/<id>` with stock git; the words after `git`, with the branch's names filled in.
    struct Way: Sendable, CustomTestStringConvertible {
        let name: String
        var actor = "bob"
        let commands: [[String]]
        var testDescription: String { name }
        init(_ name: String, as actor: String = "bob", _ commands: [String]...) {
            self.name = name
            self.actor = actor
            self.commands = commands
        }
    }

    private func land(_ way: Way, in governance: Governance) throws -> (id: ChangeID, landing: Landing) {
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.update(way.actor)
        try governance.git(way.actor, "branch", "-q", "-f", id.branch, "origin/\(id.branch)")
        for command in way.commands {
            let words = command.map { word in
                word.replacing("REMOTE", with: governance.remote).replacing("BRANCH", with: id.branch)
            }
            _ = try governance.run(["git", "-C", governance.clone(way.actor)] + words, as: way.actor)
        }
        try governance.git(way.actor, "push", "-q", "origin", "HEAD:refs/heads/main")
        try governance.git("sam", "fetch", "-q")
        let history = try governance.mainHistory("sam")
        let landings = try history.landings(after: history.commits[0].commit.id, through: history.tip)
        return (id, try #require(landings.first { $0.change.change.id == id }))
    }

    static let approvals = [
        Way("a signed merge of the remote's branch", ["merge", "-q", "--no-ff", "-S", "--no-edit", "origin/BRANCH"]),
        Way("a signed merge of the local branch", ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH"]),
        Way(
            "a merge signed by setting", ["-c", "commit.gpgSign=true", "merge", "-q", "--no-ff", "--no-edit", "BRANCH"]),
        Way(
            "a signed merge with a log in its message",
            ["merge", "-q", "--no-ff", "-S", "--log", "--no-edit", "BRANCH"]),
    ]

    @Test(
        "a signed merge of one change by an approver is that person's approval, and the change runs",
        arguments: approvals)
    func approves(_ way: Way) throws {
        let governance = try Governance()
        let (id, landing) = try land(way, in: governance)
        #expect(landing.approval?.voter == "bob")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.expectVerified()
    }

    static let noApprovals = [
        Way(
            "a signed merge on another branch", ["switch", "-q", "-c", "release"],
            ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH"]),
        Way("a fast-forward", ["merge", "-q", "--ff-only", "BRANCH"]),
        Way("an accidental pull", ["pull", "-q", "--ff", "REMOTE", "BRANCH"]),
        Way("a signed pull", ["pull", "-q", "--no-ff", "-S", "--no-edit", "REMOTE", "BRANCH"]),
        Way("an unsigned merge", ["merge", "-q", "--no-ff", "--no-edit", "BRANCH"]),
        Way("a signed merge with words of one's own", ["merge", "-q", "--no-ff", "-S", "-m", "Land it", "BRANCH"]),
        Way("a signed merge of a commit", ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH^{commit}"]),
        Way(
            "a signed squash", ["merge", "-q", "--squash", "BRANCH"],
            ["commit", "-q", "-S", "-m", "Merge branch 'BRANCH'"]),
        Way("a signed cherry-pick", ["cherry-pick", "-S", "BRANCH"]),
        Way(
            "a signed commit with git's words", ["merge", "-q", "--squash", "BRANCH"],
            ["commit", "-q", "-S", "-m", "Merge branch 'BRANCH' into main"]),
        Way(
            "a merge signed by somebody without the role", as: "sam",
            ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH"]),
        Way("a merge signed by the proposer", as: "agent", ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH"]),
        Way(
            "a merge signed by nobody that is known", as: "stranger",
            ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH"]),
        Way("a merge signed by a service", as: "runner", ["merge", "-q", "--no-ff", "-S", "--no-edit", "BRANCH"]),
    ]

    @Test("any other way to land a change lands it, and approves nothing", arguments: noApprovals)
    func approvesNothing(_ way: Way) throws {
        let governance = try Governance()
        let (id, landing) = try land(way, in: governance)
        #expect(landing.approval == nil)
        try governance.expect(10, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.state(of: id) == "awaiting_approval")
        try governance.expectVerified()
    }

    @Test("a rejection is stronger than a later merge by the same person; a newer approval brings the change back")
    func mergeAfterRejection() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        governance.clock.advance(60)
        try governance.mergeBySignature(id, as: "bob")
        #expect(try governance.state(of: id) == "rejected")
        try governance.expect(20, "runner", ["run", id.text] + governance.cluster())
        governance.clock.advance(60)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.expectVerified()
    }

    @Test("a key that was taken back after the merge approves nothing any more")
    func revokedAfterMerge() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.mergeBySignature(id, as: "carol")
        try governance.update("alice")
        let identities = try governance.read("alice", "identities.yaml")
        let key = try SSHKeys.publicKey(of: governance.key("carol"))
        let line = try #require(identities.split(separator: "\n").first { $0.contains(key) })
        try governance.write(
            "alice", "identities.yaml",
            identities.replacing(
                line, with: "\(line)\n        valid_before: \(governance.clock.timestamp)\n        revoked: true"))
        governance.clock.advance(60)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Take carol's key back", "--push"])
        try governance.expect(10, "runner", ["run", id.text] + governance.cluster())
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.expectVerified()
    }
}
