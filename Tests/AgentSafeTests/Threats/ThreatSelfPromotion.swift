import ChangeModel
import Documents
import TestSupport
import Testing

@Suite("Threat 35: a foreign commit makes its author an admin, who then signs for it")
struct ThreatSelfPromotion {
    enum Author: String, CaseIterable {
        /// Nobody's key, under a new name.
        case stranger
        /// An identity that is there, with more roles.
        case agent, bob

        var name: String {
            switch self {
            case .stranger: "mallory"
            case .agent: "deploy-agent-01"
            case .bob: "bob"
            }
        }
    }

    /// identities.yaml with the author as an admin.
    private func promoted(
        _ author: Author, in governance: Governance, at revision: String = "origin/main"
    ) throws -> String {
        let text = try governance.text("identities.yaml", at: revision, seenBy: "stranger")
        let key = try SSHKeys.publicKey(of: governance.key(author.rawValue))
        guard author != .stranger else {
            return text + Governance.identityEntry("mallory", roles: ["admin", "approver"], publicKey: key)
        }
        var registry = try governance.registry(text)
        let place = try #require(registry.identities.firstIndex { $0.id == author.name })
        registry.identities[place].kind = .person
        registry.identities[place].roles.append("admin")
        return String(decoding: IdentitiesDocument.emit(registry, header: ""), as: UTF8.self)
    }

    @Test("nothing that follows the foreign commit makes it less foreign", arguments: Author.allCases)
    func adopted(by author: Author) throws {
        let governance = try Governance()
        try governance.settle("sam")
        let accepted = try governance.tip("main")
        try governance.git("stranger", "fetch", "-q")
        let foreign = try governance.trustByHand(
            "stranger", ["identities.yaml": try promoted(author, in: governance)],
            signedBy: [author.name: author.rawValue])
        try governance.push("stranger", foreign, to: "main")
        let words =
            switch author {
            case .stranger: "belongs to no identity"
            // Admins are people, and an agent with a key stays one.
            case .agent: "who has a key, person instead of agent"
            default: "who is no admin"
            }
        try governance.expectForeign(at: foreign, words)

        // As an admin of that commit, its author signs the next one, which would hold after it.
        let looser: [String: String?] = ["policies/zz-mine.yaml": ThreatBranchPolicy.loose]
        let next = try governance.trustByHand(
            "stranger", onto: foreign, looser, signedBy: [author.name: author.rawValue])
        try governance.push("stranger", next, to: "main")
        try governance.expectForeign(at: foreign, "main commit")
        try governance.git("sam", "fetch", "-q")
        for command in [["gate"], ["gate", "--head", "origin/main"], ["log"]] {
            try governance.expect(30, "sam", command)
        }

        // Or adopts itself, by a statement over the difference to what was accepted last.
        let adoption = try governance.trustByHand(
            "stranger", onto: accepted, ["identities.yaml": try promoted(author, in: governance, at: accepted)],
            signedBy: [author.name: author.rawValue], parent: foreign)
        try governance.push("stranger", adoption, to: "main")
        try governance.expectForeign(at: foreign, "main commit")

        // And then makes main look as if nothing had been: the difference to what was accepted is clean.
        let clean = try governance.commit(
            "stranger", tree: try governance.git("stranger", "rev-parse", "\(accepted)^{tree}"), parents: [next],
            message: "As before", signedBy: author.rawValue)
        try governance.push("stranger", clean, to: "main")
        try governance.expectForeign(at: foreign, "main commit")

        // One commit that adds the key and signs for itself in its own name is the same.
        let both = try governance.commit(
            "stranger", tree: try governance.git("stranger", "rev-parse", "\(next)^{tree}"), parents: [accepted],
            message: "All at once", signedBy: author.rawValue)
        try governance.push("stranger", both, to: "main")
        try governance.expectForeign(at: both, "main commit")

        // What an admin of the accepted commit signs is an adoption, of what that admin saw and of nothing else.
        let adopted = try governance.trustByHand(
            "stranger", onto: accepted, ["policies/zz-night.yaml": "rules: []\n"], signedBy: ["alice": "alice"],
            parent: foreign)
        try governance.push("stranger", adopted, to: "main")
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        let verified = try governance.expect(0, "stranger", ["verify"], adding: governance.fresh)
        #expect(verified.output.contains("authentic"), "\(verified)")
        let listed = try governance.expect(0, "sam", ["identity", "list", "--output", "json"])
        let admins = (try listed.json["identities"]?.arrayValue ?? []).filter {
            $0["roles"]?.arrayValue?.contains("admin") == true
        }
        #expect(admins.compactMap { $0["id"]?.stringValue } == ["alice"], "\(listed)")
    }

    @Test("main that was foreign is as it was when it is reset to what was accepted")
    func reset() throws {
        let governance = try Governance()
        let accepted = try governance.tip("main")
        let foreign = try governance.pushToMain("stranger", ["policies/zz-mine.yaml": ThreatBranchPolicy.loose])
        try governance.expectForeign(at: foreign, "`policies/zz-mine.yaml`")
        try governance.push("stranger", accepted, to: "main")
        try governance.verifyEverywhere(0)
    }

    @Test("an admin's statement about another difference adopts nothing")
    func borrowedStatement() throws {
        let governance = try Governance()
        try governance.git("stranger", "fetch", "-q")
        let honest = try governance.trustByHand(
            "stranger", ["policies/zz-night.yaml": "rules: []\n"], signedBy: ["alice": "alice"])
        let version = try governance.registry(
            try governance.text("identities.yaml", at: honest, seenBy: "stranger")
        ).trustVersion
        var files: [String: String?] = [
            "policies/zz-night.yaml": ThreatBranchPolicy.loose,
            "identities.yaml": try governance.text("identities.yaml", at: honest, seenBy: "stranger"),
        ]
        for name in ["statement.txt", "alice.sig"] {
            let path = "trust/\(version)/\(name)"
            files[path] = try governance.text(path, at: honest, seenBy: "stranger")
        }
        let forged = try governance.pushToMain("stranger", files)
        try governance.expectForeign(at: forged, "is about another difference")
    }
}
