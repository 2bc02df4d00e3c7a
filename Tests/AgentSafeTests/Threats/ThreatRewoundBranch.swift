import ChangeModel
import Testing

@Suite("Threat 10: main or ledger is rewound, forked or deleted, or served as it once was")
struct ThreatRewoundBranch {
    /// What the server shows. In the original, the ledger's newest event names main's last commit but one.
    enum Server: String, CaseIterable {
        case mainBeforeTheNewestLanding
        case mainBeforeTheExecutedLanding
        case ledgerBeforeTheExecution
        /// Both as they were together: everything holds in itself.
        case bothAsTheyWere
        case mainForked
        case ledgerForked
        case mainDeleted, ledgerDeleted
        /// Each under the other's name.
        case swapped
        /// An empty history of somebody else's.
        case mainReplaced

        /// The exit code for who never saw the newer tips, and whether that is all that can be seen.
        var fresh: (status: Int32, words: String) {
            switch self {
            case .mainBeforeTheNewestLanding, .ledgerBeforeTheExecution, .bothAsTheyWere, .ledgerForked:
                (0, "authentic")
            case .mainBeforeTheExecutedLanding, .mainForked: (30, "older than its predecessor's or not on main")
            case .mainDeleted, .ledgerDeleted: (1, "never made anew silently")
            case .swapped, .mainReplaced: (30, "not at the pinned genesis")
            }
        }
    }

    private func serve(_ server: Server, _ ledger: ExecutedLedger) throws {
        let governance = ledger.governance
        let (main, events) = (try governance.tip("main"), try governance.tip("ledger"))
        func set(_ branch: String, _ commit: String) throws {
            try governance.run(["git", "-C", governance.remote, "update-ref", "refs/heads/\(branch)", commit])
        }
        func delete(_ branch: String) throws {
            try governance.run(["git", "-C", governance.remote, "update-ref", "-d", "refs/heads/\(branch)"])
        }
        switch server {
        case .mainBeforeTheNewestLanding: try set("main", "\(main)~1")
        case .mainBeforeTheExecutedLanding: try set("main", "\(main)~2")
        case .ledgerBeforeTheExecution: try set("ledger", "\(events)~1")
        case .bothAsTheyWere:
            try set("ledger", "\(events)~2")
            try set("main", "\(main)~1")
        case .mainForked:
            try governance.git("stranger", "fetch", "-q")
            let fork = try governance.commit(
                "stranger", tree: try governance.tree("stranger", "\(main)~2", ["docs/notes.md": "n\n"]),
                parents: ["\(main)~2"], message: "Notes", signedBy: nil)
            try governance.push("stranger", fork, to: "main")
        case .ledgerForked:
            let forgery = try LedgerForgery(governance)
            let execution = try forgery.newest("execution")
            forgery.editMessage(execution) { $0.replacing("succeeded", with: "went well") }
            try forgery.publish(from: execution)
        case .mainDeleted: try delete("main")
        case .ledgerDeleted: try delete("ledger")
        case .swapped:
            try set("main", events)
            try set("ledger", main)
        case .mainReplaced:
            let tree = try governance.git("stranger", "rev-parse", "\(main)^{tree}")
            let root = try governance.commit(
                "stranger", tree: tree, parents: [], message: "Begin", signedBy: "stranger")
            try governance.push("stranger", root, to: "main")
        }
    }

    @Test("whoever saw the newer tips refuses, remembers them, and changes nothing", arguments: Server.allCases)
    func remembered(_ server: Server) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        for actor in ["sam", "bob", "agent", "runner"] { try governance.settle(actor) }
        let (main, events) = (try governance.tip("main"), try governance.tip("ledger"))
        try serve(server, ledger)
        let marks = try Fingerprint([governance.stateFolder("sam"), governance.stateFolder("runner")])
        try governance.git("sam", "fetch", "-q", "--prune")
        for command in [["verify"], ["log"], ["status", ledger.id.text], ["gate", "--base", main, "--head", main]] {
            let told = try governance.expect(30, "sam", command)
            #expect(
                told.errors.contains("accepted before") || told.errors.contains("not at the pinned genesis"), "\(told)")
        }
        let refs = try governance.run(["git", "-C", governance.remote, "for-each-ref"])
        try governance.expect(30, "bob", ["approve", ledger.waiting.text, "--yes"])
        try governance.expect(30, "agent", Governance.proposal + ["--push"])
        try governance.expect(30, "runner", ["run"] + governance.cluster())
        #expect(try governance.run(["git", "-C", governance.remote, "for-each-ref"]) == refs)
        #expect(try Fingerprint([governance.stateFolder("sam"), governance.stateFolder("runner")]) == marks)
        // With the accepted tips back in place, all is well.
        for (branch, tip) in [("main", main), ("ledger", events)] {
            try governance.run(["git", "-C", governance.remote, "update-ref", "refs/heads/\(branch)", tip])
        }
        try governance.settle("sam")
    }

    @Test("who has no mark sees what contradicts itself, and not what is merely old", arguments: Server.allCases)
    func fresh(_ server: Server) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let (main, events) = (try governance.tip("main"), try governance.tip("ledger"))
        try serve(server, ledger)
        try governance.git("stranger", "fetch", "-q", "--prune")
        let told = try governance.expect(server.fresh.status, "stranger", ["verify"], adding: governance.fresh)
        #expect("\(told.output)\(told.errors)".contains(server.fresh.words), "\(told)")
        guard server.fresh.status == 0 else { return }
        // What was merely old goes on; between two pasts, the first that was shown binds.
        for (branch, tip) in [("main", main), ("ledger", events)] {
            try governance.run(["git", "-C", governance.remote, "update-ref", "refs/heads/\(branch)", tip])
        }
        try governance.git("stranger", "fetch", "-q")
        let status: Int32 = server == .ledgerForked ? 30 : 0
        try governance.expect(status, "stranger", ["verify"], adding: governance.fresh)
    }
}
