import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("Publishing ledger events")
struct PublishingTests {
    private struct Setting {
        let governance: Governance
        let id: ChangeID

        init() throws {
            governance = try Governance()
            try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
            id = try governance.propose()
            try governance.land(id)
        }

        /// A runner with a claim that it has not pushed.
        func claimant(_ actor: String) throws -> LedgerDesk {
            let desk = try LedgerDesk(governance, as: actor)
            try desk.append(try desk.decision(id), try desk.claim(id))
            return desk
        }
    }

    @Test("of two runners that claim at once, one is recorded, the other is overtaken and finds the claim")
    func race() throws {
        let setting = try Setting()
        let (one, other) = (try setting.claimant("runner"), try setting.claimant("runner2"))
        let (oneTip, otherTip) = (one.history.tip.commit.id, other.history.tip.commit.id)
        #expect(try one.remote().publish(oneTip, expecting: one.base) == .recorded)
        #expect(try other.remote().publish(otherTip, expecting: other.base) == .overtaken(by: oneTip))
        let late = try LedgerDesk(setting.governance, as: "runner2")
        #expect(try late.history.state.claim(setting.id)?.by == "runner")
        try setting.governance.expectVerified()
    }

    @Test("a commit that is there already is recorded, also when others follow it")
    func idempotent() throws {
        let setting = try Setting()
        let one = try setting.claimant("runner")
        let tip = one.history.tip.commit.id
        #expect(try one.remote().publish(tip, expecting: one.base) == .recorded)
        #expect(try one.remote().publish(tip, expecting: one.base) == .recorded)
        try one.append(try one.aborted(setting.id))
        try setting.governance.git(
            "runner", "push", "-q", "origin", "\(one.history.tip.commit.id):refs/heads/ledger")
        #expect(try one.remote().publish(tip, expecting: one.base) == .recorded)
    }

    @Test("a push that arrived although git reported failure is recorded")
    func arrivedSilently() throws {
        let setting = try Setting()
        let one = try setting.claimant("runner")
        // The remote updates the branch, and then the answer is lost.
        let wrapper = "\(setting.governance.directory.path)/git-receive-pack-and-die"
        try Files.create(
            wrapper, Array("#!/bin/sh\ngit receive-pack \"$@\"\nexit 1\n".utf8), mode: 0o755)
        try setting.governance.git("runner", "config", "remote.\(setting.governance.remote).receivepack", wrapper)
        #expect(try one.remote().publish(one.history.tip.commit.id, expecting: one.base) == .recorded)
    }

    @Test("a remote that refuses or is gone is an error that tells the remote's words, and nothing is recorded")
    func refused() throws {
        let setting = try Setting()
        let hook = "\(setting.governance.remote)/hooks/pre-receive"
        try Files.createDirectory(Files.parent(of: hook))
        try Files.writeAtomically(hook, Array("#!/bin/sh\necho 'the ledger is frozen' >&2\nexit 1\n".utf8), mode: 0o755)
        let one = try setting.claimant("runner")
        let tip = one.history.tip.commit.id
        let refusal = #expect(throws: LedgerError.self) { try one.remote().publish(tip, expecting: one.base) }
        #expect(refusal?.description.contains("the ledger is frozen") == true)
        let gone = RemoteConnection(
            directory: setting.governance.clone("runner"), url: "\(setting.governance.remote)-gone",
            environment: setting.governance.environment("runner"))
        #expect(throws: LedgerError.self) { try one.remote(gone).publish(tip, expecting: one.base) }
        #expect(
            try setting.governance.run(["git", "-C", setting.governance.remote, "rev-parse", "ledger"]) == "\(one.base)"
        )
    }
}
