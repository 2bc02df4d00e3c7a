import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Threat 12: one signature under a new commit id")
struct ThreatReusedSignature {
    /// What can be done to a signed commit's bytes so that it has another name.
    enum Twin: String, CaseIterable {
        /// Changes nothing that the signature covers.
        case armorWrappedAnew, signatureAfterAnotherHeader
        case signatureInTheMessage, signatureBeforeTheMessage, unknownHeader, encoding, mergetag, carriageReturns,
            unsigned

        /// Whether the signature is over just these bytes.
        var keepsThePayload: Bool { self == .armorWrappedAnew }

        func make(_ raw: String) throws -> String {
            let split = try #require(raw.firstRange(of: "\n\n"))
            let head = raw[..<split.lowerBound].split(separator: "\n").map(String.init)
            let message = String(raw[split.upperBound...])
            let start = try #require(head.firstIndex { $0.hasPrefix("gpgsig ") })
            let (plain, signature) = (Array(head[..<start]), Array(head[start...]))
            func commit(_ headers: [String], _ message: String) -> String {
                "\(headers.joined(separator: "\n"))\n\n\(message)"
            }
            switch self {
            case .armorWrappedAnew:
                let base64 = signature.dropFirst().dropLast().map { $0.dropFirst() }.joined()
                let lines = stride(from: 0, to: base64.count, by: 40).map { " \(base64.dropFirst($0).prefix(40))" }
                return commit(plain + signature.prefix(1) + lines + signature.suffix(1), message)
            case .signatureAfterAnotherHeader: return commit(plain + ["note x"] + signature, message)
            case .signatureInTheMessage:
                return commit(plain, message + "\n" + signature.joined(separator: "\n") + "\n")
            case .signatureBeforeTheMessage:
                return commit(plain, signature.joined(separator: "\n") + "\n\n" + message)
            case .unknownHeader: return commit(head + ["note x"], message)
            case .encoding: return commit(head + ["encoding UTF-7"], message)
            case .mergetag:
                return commit(
                    head + ["mergetag object \(String(repeating: "1", count: 40))", " type commit", " tag v1"], message)
            case .carriageReturns: return commit(head, message.replacing("\n", with: "\r\n"))
            case .unsigned: return commit(plain, message)
            }
        }
    }

    /// The twin of `revision`, stored by stock git in the clone of `actor`.
    private func make(_ twin: Twin, of revision: String, in governance: Governance, by actor: String) throws -> String {
        try governance.git(actor, "fetch", "-q")
        let raw = try governance.tryGit(actor, "cat-file", "commit", revision)
        try #require(raw.status == 0, "\(raw.errorText)")
        let bytes = Array(try twin.make(raw.outputText).utf8)
        let made = try governance.run(
            ["git", "-C", governance.clone(actor), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
            as: actor, input: bytes)
        #expect(made != (try governance.git(actor, "rev-parse", revision)))
        return made
    }

    // MARK: - Votes

    @Test("a vote under another commit id is the same vote, or none", arguments: Twin.allCases)
    func vote(_ twin: Twin) throws {
        let governance = try Governance()
        // Two people must approve this.
        let id = try governance.propose(
            action: "update-image", target: "prod/api-server",
            ["container=api", "image=registry.example/api-server:1.9.0"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        let branch = try #require(try governance.voteBranches(id).first)
        let made = try make(twin, of: "origin/\(branch)", in: governance, by: "agent")
        for leaf in ["bob-00000000", "carol-00000000", "deploy-agent-01-00000000"] {
            try governance.push("agent", made, to: "vote/\(id)/\(leaf)")
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 10 && gate.missing == 1, "\(gate)")
        try governance.mergeUnsigned(id)
        let run = try governance.runRefused(10, id)
        #expect(run.output.contains("still missing"), "\(run)")
    }

    // MARK: - Landings by merge

    @Test(
        "an approving merge under another commit id approves what its signature covers, or nothing",
        arguments: Twin.allCases)
    func merge(_ twin: Twin) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let main = try governance.tip("main")
        try governance.mergeBySignature(id, as: "bob")
        let made = try make(twin, of: "origin/main", in: governance, by: "agent")
        try governance.run(["git", "-C", governance.remote, "update-ref", "refs/heads/main", main])
        try governance.push("agent", made, to: "main")
        if twin.keepsThePayload {
            // The very same approval of the very same landing: nothing was gained.
            try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        } else {
            try governance.runRefused(10, id)
        }
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        try governance.expect(0, "stranger", ["verify"], adding: governance.fresh)
    }

    @Test("a merge that was signed in another encoding, or of somebody's tag, approves nothing")
    func signedHeaders() throws {
        let governance = try Governance()
        let encoded = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.update("bob")
        try governance.signingGit(
            "bob", "-c", "i18n.commitEncoding=UTF-7", "merge", "-q", "--no-ff", "-S", "--no-edit",
            "origin/\(encoded.branch)")
        #expect(try governance.git("bob", "cat-file", "commit", "HEAD").contains("\nencoding UTF-7\n"))
        try governance.git("bob", "push", "-q", "origin", "main")

        let tagged = try governance.propose(target: "prod/web", ["replicas=5"])
        try governance.git("agent", "fetch", "-q")
        try governance.signingGit("agent", "tag", "-s", "-m", "Look", "v1", "origin/\(tagged.branch)")
        try governance.git("agent", "push", "-q", "origin", "v1")
        try governance.update("bob")
        try governance.git("bob", "fetch", "-q", "--tags")
        try governance.signingGit(
            "bob", "merge", "-q", "--no-ff", "-S", "-m", "Merge branch '\(tagged.branch)'", "v1")
        #expect(try governance.git("bob", "cat-file", "commit", "HEAD").contains("\nmergetag object "))
        try governance.git("bob", "push", "-q", "origin", "main")
        for id in [encoded, tagged] { try governance.runRefused(10, id) }
        try governance.verifyEverywhere(0)
    }

    // MARK: - Events

    @Test("an event under another commit id replaces none", arguments: Twin.allCases)
    func event(_ twin: Twin) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let made = try make(twin, of: "origin/ledger", in: governance, by: "stranger")
        try governance.push("stranger", made, to: "ledger")
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        // Whoever saw the original is not to be told otherwise.
        try governance.expect(30, "sam", ["verify"])
        try governance.runRefused(30)
        // To who never saw it, the same event with the same signature says the same.
        let status: Int32 = twin.keepsThePayload ? 0 : 30
        let told = try governance.expect(status, "stranger", ["verify"], adding: governance.fresh)
        if status == 30 { #expect(told.errors.contains("ledger commit \(made.prefix(12))"), "\(told)") }
    }

    @Test("an event with a header that the protocol does not know is refused though the runner signed it")
    func signedEventHeader() throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        try governance.git("stranger", "fetch", "-q")
        let raw = try governance.tryGit("stranger", "cat-file", "commit", "origin/ledger").outputText
        let unsigned = try Twin.unsigned.make(raw)
        for header in ["encoding UTF-7", "note x"] {
            let payload = unsigned.replacing("\n\n", with: "\n\(header)\n\n", maxReplacements: 1)
            let armor = try governance.sign(payload, namespace: "git", as: "runner")
            let folded = "\ngpgsig " + armor.split(separator: "\n").joined(separator: "\n ")
            let signed = payload.replacing("\n\n", with: folded + "\n\n", maxReplacements: 1)
            let made = try governance.run(
                [
                    "git", "-C", governance.clone("stranger"), "hash-object", "-t", "commit", "-w", "--literally",
                    "--stdin",
                ],
                as: "stranger", input: Array(signed.utf8))
            try governance.push("stranger", made, to: "ledger")
            try governance.git("stranger", "fetch", "-q")
            let told = try governance.expect(30, "stranger", ["verify"], adding: governance.fresh)
            #expect(told.errors.contains("headers that the protocol does not know"), "\(told)")
        }
    }

    // MARK: - What a clone pretends

    enum Pretence: String, CaseIterable {
        /// git shows another commit, tree or file in place of main's own.
        case replacedCommit, replacedTree, replacedPolicy
        /// git believes that main's tip has other parents.
        case grafts
    }

    @Test(
        "replace references and grafts change what git shows, and nothing that is believed",
        arguments: Pretence.allCases)
    func pretended(_ pretence: Pretence) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let id = try governance.propose(target: "prod/api-server", ["replicas=7"])
        for actor in ["sam", "runner"] {
            try governance.git(actor, "fetch", "-q")
            let loose = try governance.tree(
                actor, "origin/main", ["policies/default.yaml": ThreatBranchPolicy.loose])
            let main = try governance.git(actor, "rev-parse", "origin/main")
            switch pretence {
            case .replacedCommit:
                let parent = try governance.git(actor, "rev-parse", "\(main)^")
                let other = try governance.commit(
                    actor, tree: loose, parents: [parent], message: "Loose", signedBy: nil)
                try governance.git(actor, "replace", main, other)
            case .replacedTree:
                try governance.git(actor, "replace", try governance.git(actor, "rev-parse", "\(main)^{tree}"), loose)
            case .replacedPolicy:
                let policy = try governance.git(actor, "rev-parse", "\(main):policies/default.yaml")
                try governance.git(
                    actor, "replace", policy, try governance.git(actor, "rev-parse", "\(loose):policies/default.yaml"))
            case .grafts:
                let genesis = try governance.git(actor, "config", "agentsafe.genesis")
                try Files.createDirectory("\(governance.clone(actor))/.git/info")
                try Files.writeAtomically(
                    "\(governance.clone(actor))/.git/info/grafts", Array("\(main) \(genesis)\n".utf8))
            }
            if pretence == .grafts {
                #expect(try governance.git(actor, "rev-list", "--count", "--first-parent", main) == "2")
            } else {
                #expect(
                    try governance.text("policies/default.yaml", at: "origin/main", seenBy: actor)
                        == ThreatBranchPolicy.loose)
            }
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 10, "\(gate)")
        #expect(gate.judged?.at("decision", "rule")?.stringValue == "prod-needs-approval", "\(gate)")
        try governance.expect(0, "sam", ["verify"])
        try governance.runRefused(10, ledger.waiting)
        // The runner's own work goes on: what it pushes is what it made.
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.git("stranger", "fetch", "-q")
        try governance.expect(0, "stranger", ["verify"], adding: governance.fresh)
    }
}
