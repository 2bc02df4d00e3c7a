import ChangeModel
import Testing

@Suite("Threat 11: the ledger is signed by whom it may not be, or says what may not be")
struct ThreatForgedEvents {
    // MARK: - Signatures

    enum Rewriter: String, CaseIterable {
        case agent, rogue, stranger, bob, gate, nobody, oldSignature

        var signing: LedgerForgery.Signing {
            switch self {
            case .nobody: .none
            case .oldSignature: .kept
            default: .key(rawValue)
            }
        }

        var words: String {
            switch self {
            case .agent: "the event says `runner`, but `deploy-agent-01` signed it"
            case .rogue, .bob, .gate: "the event says `runner`, but `\(rawValue)` signed it"
            case .stranger: "belongs to no identity"
            case .nobody: "the commit is not signed"
            case .oldSignature: "the signature does not hold"
            }
        }
    }

    @Test(
        "history rewritten from the middle under another key is found at its first commit", arguments: Rewriter.allCases
    )
    func rewritten(by rewriter: Rewriter) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let place = try forgery.newest("prepared")
        forgery.editMessage(place) { $0.replacing("before-state taken", with: "before-state seen") }
        let made = try forgery.publish(from: place) { _ in rewriter.signing }
        try ledger.expectRefused(at: made[place], rewriter.words)
    }

    @Test(
        "an event inserted by somebody without the role is refused", arguments: ["gate", "bob", "agent", "alice"],
        ["claim", "aborted"])
    func inserted(by actor: String, kind: String) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let digest = try digest(of: ledger.waiting, in: governance)
        try forgery.append(copying: try forgery.newest("claim"), as: kind) { json in
            json["by"] = .string(Governance.identity(actor))
            json["change"] = ["id": .string(ledger.waiting.text), "digest": .string(digest)]
        }
        let place = forgery.entries.count - 1
        let made = try forgery.publish(from: place) { _ in .key(actor) }
        try ledger.expectRefused(
            at: made[place], "`\(Governance.identity(actor))` has no role that may record a \(kind)")
    }

    private func digest(of id: ChangeID, in governance: Governance) throws -> String {
        Digest(of: Array(try governance.text("\(id.folder)/change.yaml", at: "origin/main", seenBy: "sam").utf8))
            .description
    }

    // MARK: - What the runner's own key cannot say

    enum Lie: String, CaseIterable {
        case secondClaim, secondExecution, preparedTwice, claimWithoutApproval, executionWithoutClaim, backdated,
            inTheFuture
        case olderMain, replayedVote

        var words: String {
            switch self {
            case .secondClaim: "is not waiting on main"
            case .secondExecution, .preparedTwice, .executionWithoutClaim: "has no open claim"
            case .claimWithoutApproval: "neither the policy nor the recorded votes allow it"
            case .backdated: "before its predecessor"
            case .inTheFuture: "in the future"
            case .olderMain: "older than its predecessor's or not on main"
            case .replayedVote: "the vote is for another change"
            }
        }
    }

    @Test("a well-formed event by the runner itself is refused where the protocol forbids it", arguments: Lie.allCases)
    func lie(_ lie: Lie) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let digest = try digest(of: ledger.waiting, in: governance)
        let (claim, execution) = (try forgery.newest("claim"), try forgery.newest("execution"))
        func aboutWaiting(_ json: inout JSONValue) {
            json["change"] = ["id": .string(ledger.waiting.text), "digest": .string(digest)]
            json["main"] = .string((try? governance.tip("main")) ?? "")
        }
        let day = Duration.seconds(86_400)
        let old = try governance.run(["git", "-C", governance.remote, "rev-parse", "main~3"])
        let (prepared, vote) = (try forgery.newest("prepared"), try forgery.newest("vote"))
        let path =
            switch lie {
            case .secondClaim: try forgery.append(copying: claim) { _ in }
            case .secondExecution: try forgery.append(copying: execution) { _ in }
            case .preparedTwice: try forgery.append(copying: prepared) { _ in }
            case .claimWithoutApproval: try forgery.append(copying: claim) { aboutWaiting(&$0) }
            case .executionWithoutClaim: try forgery.append(copying: execution) { aboutWaiting(&$0) }
            case .backdated:
                try forgery.append(copying: claim) { $0["at"] = .string("\(governance.clock.timestamp - day)") }
            case .inTheFuture:
                try forgery.append(copying: claim) { $0["at"] = .string("\(governance.clock.timestamp + day)") }
            case .olderMain: try forgery.append(copying: claim) { $0["main"] = .string(old) }
            case .replayedVote: try forgery.append(copying: vote) { aboutWaiting(&$0) }
            }
        let place = forgery.entries.count - 1
        let made = try forgery.publish(from: place)
        try ledger.expectRefused(at: made[place], lie.words, file: path)
    }

    // MARK: - What only memory can tell

    enum Memory: String, CaseIterable {
        /// The newest event is gone.
        case rewound
        /// The runner's own key signed another past, in which everything holds.
        case reSigned
    }

    @Test("a past that holds in itself is refused by whoever saw another one", arguments: Memory.allCases)
    func highWaterMarks(_ memory: Memory) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let (prepared, execution) = (try forgery.newest("prepared"), try forgery.newest("execution"))
        switch memory {
        case .rewound: try governance.push("stranger", try #require(forgery.entries[prepared].original), to: "ledger")
        case .reSigned:
            forgery.editMessage(execution) { $0.replacing("succeeded", with: "went well") }
            try forgery.publish(from: execution)
        }
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        for command in [["verify"], ["log"], ["status", ledger.id.text]] {
            let told = try governance.expect(30, "sam", command)
            #expect(told.errors.contains("accepted before"), "\(told)")
        }
        let told = try governance.runRefused(30)
        #expect(told.errors.contains("accepted before"), "\(told)")
        // Nobody else can know.
        try governance.expect(
            0, "stranger", ["verify"], adding: ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh"])
    }
}
