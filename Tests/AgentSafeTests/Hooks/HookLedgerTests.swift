import ChangeModel
import OperatingSystem
import Testing

@Suite("Hook: the ledger")
struct HookLedgerTests {
    private static let ledger = "refs/heads/ledger"

    /// Demands that the server refuses what `body` pushes to the ledger, and is as it was.
    private func refused(
        _ governance: Governance, _ words: String, sourceLocation: Testing.SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) throws {
        let before = try governance.serverState()
        do {
            try body()
            Issue.record("the push was taken", sourceLocation: sourceLocation)
        } catch {
            let said = "\(error)".split(separator: "\n").first { $0.contains("refused `\(Self.ledger)`: ") } ?? ""
            #expect(said.contains(words), "\(error)", sourceLocation: sourceLocation)
        }
        #expect(try governance.serverState() == before, sourceLocation: sourceLocation)
    }

    @Test("nobody deletes the ledger, takes it back, or begins another one")
    func history() throws {
        let (governance, _) = try HookedServer.lived()
        let ledger = Self.ledger
        try governance.git("runner", "fetch", "-q")
        try governance.refused("runner", ":\(ledger)", because: "nobody deletes `ledger`", reference: ledger)
        try governance.refused(
            "runner", "+origin/ledger~1:\(ledger)", because: "it takes ledger back to", reference: ledger)
        let root = try governance.git("runner", "rev-list", "--max-parents=0", "origin/ledger")
        try governance.refused("runner", "+\(root):\(ledger)", because: "it takes ledger back to", reference: ledger)
        let orphan = try governance.commit(
            "runner", tree: try governance.git("runner", "rev-parse", "\(root)^{tree}"), parents: [], message: "anew",
            signedBy: "alice")
        try governance.refused("runner", "+\(orphan):\(ledger)", because: "does not contain", reference: ledger)
        try governance.refused("runner", "+origin/main:\(ledger)", because: "does not contain", reference: ledger)
    }

    @Test("what was recorded is not recorded otherwise, though every link and signature is made anew")
    func rewritten() throws {
        let (governance, _) = try HookedServer.lived()
        let forgery = try LedgerForgery(governance)
        forgery.leaveOut(try forgery.newest("prepared"))
        try refused(governance, "does not contain") { try forgery.publish(from: forgery.entries.count - 2) }
    }

    enum Forged: String, CaseIterable {
        case stranger, unsigned, agent, person, otherSigner, chain, height, future, past, olderMain, unknownMain, merge,
            trailers, evidence, state, noEvent, secondExecution

        var words: String {
            switch self {
            case .stranger: "belongs to no identity"
            case .unsigned: "the commit is not signed"
            case .agent: "but `deploy-agent-01` signed it"
            case .person: "but `alice` signed it"
            case .otherSigner: "but `gate` signed it"
            case .chain: "the chain is broken"
            case .height: "follows height"
            case .future: "which is in the future"
            case .past: "before its predecessor"
            case .olderMain, .unknownMain: "which is older than its predecessor's or not on main"
            case .merge: "one parent a commit"
            case .trailers: "is not known"
            case .evidence: "not the one that the commit's trailer names"
            case .state: "the state is not the one that follows"
            case .noEvent: "it is no event of the ledger"
            case .secondExecution: "has no open claim"
            }
        }

        var signer: LedgerForgery.Signing {
            switch self {
            case .stranger: .key("stranger")
            case .unsigned: .none
            case .agent: .key("agent")
            case .person: .key("alice")
            case .otherSigner: .key("gate")
            default: .key("runner")
            }
        }
    }

    @Test("an event that the protocol does not take is not taken", arguments: Forged.allCases)
    func forged(_ forged: Forged) throws {
        let (governance, _) = try HookedServer.lived()
        let forgery = try LedgerForgery(governance)
        let place = forgery.entries.count
        let height: Int64? = forged == .height ? Int64(place) + 1 : nil
        let now = governance.clock.timestamp
        let older = try governance.git("stranger", "rev-parse", "origin/main~1")
        let path = try forgery.append(
            copying: try forgery.newest(forged == .secondExecution ? "execution" : "vote"), height: height
        ) { event in
            switch forged {
            case .future: event["at"] = .string((now + .seconds(48 * 3600)).description)
            case .past: event["at"] = .string((now - .seconds(48 * 3600)).description)
            case .olderMain: event["main"] = .string(older)
            case .unknownMain: event["main"] = .string(String(repeating: "a", count: 40))
            default: break
            }
        }
        switch forged {
        case .trailers:
            forgery.editMessage(place) {
                $0.replacing("Agentsafe-Height:", with: "Agentsafe-More: x\nAgentsafe-Height:")
            }
        case .evidence: forgery.edit(path, from: place, "{}\n")
        case .state: forgery.edit("state/summary.json", from: place, "{\n  \"landed\": 7\n}\n")
        case .noEvent: forgery.editMessage(place) { _ in "note: nothing\n" }
        default: break
        }
        if forged == .merge {
            let tree = try governance.git("stranger", "rev-parse", "origin/ledger^{tree}")
            let merge = try governance.commit(
                "stranger", tree: tree, parents: ["origin/ledger", "origin/main"], message: "Merge", signedBy: "runner")
            try refused(governance, forged.words) { try governance.push("stranger", merge, to: "ledger") }
        } else {
            try refused(governance, forged.words) {
                try forgery.publish(from: place, signing: { _ in forged.signer }, chained: forged != .chain)
            }
        }
    }

    @Test("the same event, told by its recorder, is taken: nothing else was wrong with the forged ones")
    func genuine() throws {
        let (governance, _) = try HookedServer.lived()
        let forgery = try LedgerForgery(governance)
        try forgery.append(copying: try forgery.newest("vote")) { _ in }
        try forgery.publish(from: forgery.entries.count - 1)
        try governance.verifyEverywhere(0)
    }

    @Test("a bad event after a good one refuses both; the good one alone is taken")
    func goodThenBad() throws {
        let (governance, _) = try HookedServer.lived()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        let good = try desk.append(try desk.decision(id)).description
        let bad = try governance.commit(
            "runner", tree: try governance.git("runner", "rev-parse", "\(good)^{tree}"), parents: [good],
            message: "more",
            signedBy: "runner")
        try refused(governance, "ledger commit \(bad.prefix(12)): it is no event") {
            try governance.push("runner", bad, to: "ledger")
        }
        try desk.push()
        try governance.verifyEverywhere(0)
    }

    // MARK: - main and ledger of one push

    /// Another, empty server for the same repository.
    private func emptyServer(_ governance: Governance) throws -> String {
        let path = "\(governance.directory.path)/second.git"
        try governance.run(["git", "init", "-q", "--bare", "-b", "main", path])
        try governance.installHook(in: path)
        return path
    }

    @Test(
        "a whole repository comes to an empty server in one push, in any order, or in two",
        arguments: [["main", "ledger"], ["ledger", "main"], ["main"]])
    func first(_ branches: [String]) throws {
        let (governance, _) = try HookedServer.lived()
        let server = try emptyServer(governance)
        try governance.git("sam", "fetch", "-q")
        func spec(_ branch: String) -> String { "origin/\(branch):refs/heads/\(branch)" }
        let alone = try governance.tryPush("sam", [spec("ledger")], to: server)
        #expect(
            alone.status == 1 && alone.errorText.contains("push `main` first, or at once with this"),
            "\(alone.errorText)")
        for batch in branches.count == 1 ? [["main"], ["ledger"]] : [branches] {
            let result = try governance.tryPush("sam", batch.map(spec), to: server)
            #expect(result.status == 0, "\(result.errorText)")
        }
        for branch in ["main", "ledger"] {
            #expect(try governance.run(["git", "-C", server, "rev-parse", branch]) == (try governance.tip(branch)))
        }
    }

    @Test("an event may name a commit of main that comes in the same push, whatever comes first, and no other")
    func sameMain() throws {
        let (governance, _) = try HookedServer.lived()
        let server = try emptyServer(governance)
        try governance.git("sam", "fetch", "-q")
        let root = try governance.git("sam", "rev-list", "--max-parents=0", "origin/ledger")
        let (main, ledger) = (try governance.tip("main"), try governance.tip("ledger"))
        let start = try governance.tryPush(
            "sam", ["\(main)~1:refs/heads/main", "\(root):refs/heads/ledger", "\(ledger):refs/heads/wip"], to: server)
        #expect(start.status == 0, "\(start.errorText)")
        let alone = try governance.tryPush("sam", ["\(ledger):refs/heads/ledger"], to: server)
        #expect(alone.status == 1 && alone.errorText.contains("which is older than its predecessor's or not on main"))
        try governance.run(["git", "-C", server, "fetch", "-q", governance.remote, main])
        let old = try governance.run(["git", "-C", server, "rev-parse", "main"])
        let lines = ["\(old) \(main) refs/heads/main", "\(root) \(ledger) refs/heads/ledger"]
        for order in [lines, lines.reversed()] {
            let result = try governance.callHook(order.joined(separator: "\n") + "\n", in: server)
            #expect(result.status == 0, "\(result.errorText)")
        }
        let both = try governance.tryPush(
            "sam", ["--atomic", "\(ledger):refs/heads/ledger", "\(main):refs/heads/main"], to: server)
        #expect(both.status == 0, "\(both.errorText)")
    }
}
