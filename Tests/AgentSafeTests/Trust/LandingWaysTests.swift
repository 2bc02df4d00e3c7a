import ChangeModel
import TestSupport
import Testing

@Suite("Ways to land a change")
struct LandingWaysTests {
    /// Who signed the landing's commit.
    enum Signer: String, CaseIterable {
        /// A forge's own key, of which nobody here ever heard.
        case unknownKey
        /// What a forge makes that signs by OpenPGP.
        case openPGP
        /// Persons' keys, an approver's and an admin's among them, under words that are not git's own.
        case agent, bob, alice
        case nobody

        func settings(_ governance: Governance) -> [String] {
            let actor: String? =
                switch self {
                case .unknownKey: "stranger"
                case .agent, .bob, .alice: rawValue
                case .openPGP, .nobody: nil
                }
            guard let actor else { return ["commit.gpgsign=false"] }
            return ["gpg.format=ssh", "user.signingkey=\(governance.key(actor))", "commit.gpgsign=true"]
        }
    }

    /// The same commit with a signature that no SSH tool can read.
    private func signedByOpenPGP(_ commit: String, in governance: Governance) throws -> String {
        let raw = try governance.tryGit("sam", "cat-file", "commit", commit).outputText
        let end = try #require(raw.firstRange(of: "\n\n"))
        let armor = [
            "-----BEGIN PGP SIGNATURE-----", "", "iQEzBAABCAAdFiEEqlRPzpGqWzXFBFAABBYnZgSCjHUFAmVdYzYACgkQBBYnZgSC",
            "jHWnKgf/bmV4dCBsaW5lcyBhcmUgbm90IGxvb2tlZCBhdA==", "=Zm9v", "-----END PGP SIGNATURE-----",
        ]
        let header = "\ngpgsig " + armor.joined(separator: "\n ") + "\n"
        return try governance.run(
            ["git", "-C", governance.clone("sam"), "hash-object", "-t", "commit", "-w", "--stdin"], as: "sam",
            input: Array((raw[..<end.lowerBound] + header + "\n" + raw[end.upperBound...]).utf8))
    }

    /// The branch's own commit signed by another, as somebody made it who could push the branch.
    private func resign(_ id: ChangeID, by signer: Signer, in governance: Governance) throws {
        try governance.git("sam", "fetch", "-q")
        try governance.git("sam", "checkout", "-q", "--detach", "origin/\(id.branch)")
        try governance.run(
            ["git", "-C", governance.clone("sam")] + signer.settings(governance).flatMap { ["-c", $0] }
                + ["commit", "-q", "--amend", "--reset-author", "--no-edit"], as: "sam")
        try governance.push("sam", try governance.git("sam", "rev-parse", "HEAD"), to: id.branch)
    }

    private func land(
        _ id: ChangeID, by way: Governance.Way, _ signer: Signer, in governance: Governance
    ) throws {
        if way == .fastForward { try resign(id, by: signer, in: governance) }
        if way == .rebase { try governance.pushToMain("sam", ["docs/\(id).md": "n\n"]) }
        var commit = try governance.landStock(id.branch, by: way, settings: signer.settings(governance))
        if signer == .openPGP { commit = try signedByOpenPGP(commit, in: governance) }
        try governance.git("sam", "push", "-q", "origin", "\(commit):refs/heads/main")
    }

    @Test("it lands by every way, whoever signed the commit, and approves nothing", arguments: Governance.Way.allCases)
    func landsAndApprovesNothing(_ way: Governance.Way) throws {
        let governance = try Governance()
        var landed: [ChangeID] = []
        for (index, signer) in Signer.allCases.enumerated() {
            let id = try governance.propose(target: "prod/api-server", ["replicas=\(5 + index)"])
            try land(id, by: way, signer, in: governance)
            landed.append(id)
        }
        // One that needs no approval runs, however it came there.
        let allowed = try governance.propose()
        try land(allowed, by: way, .openPGP, in: governance)

        for id in landed {
            let run = try governance.runRefused(10, id)
            #expect(run.output.contains("still missing: 1 × approver"), "\(run)")
        }
        try governance.expect(0, "runner", ["run", allowed.text] + governance.cluster())
        let told = try governance.verifyEverywhere(0)
        #expect(told.output.contains("\(landed.count + 1) changes in \(landed.count + 1) landings"), "\(told)")
        let commits = try governance.trustStatus()["commits"]?.arrayValue ?? []
        for id in landed {
            let entry = try #require(commits.first { $0["changes"] == [.string(id.text)] })
            #expect(entry["kind"]?.stringValue == "landing" && entry["approved_by"] == nil, "\(entry)")
        }
    }

    @Test("one commit lands up to 64 changes, and 65 make it foreign")
    func several() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let files = try governance.proposalsLike(id, count: 65)
        let extra = try #require(files.keys.max()).split(separator: "/").dropLast().joined(separator: "/")
        let most = files.filter { !$0.key.hasPrefix(extra + "/") }
        try #require(most.count == 128)
        let base = try governance.tip("main")

        try governance.pushToMain("sam", files, message: "Land 65")
        let foreign = try governance.tip("main")
        for told in [try governance.runRefused(30), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(foreign.prefix(12)): a foreign commit: it lands 65"), "\(told)")
        }
        try governance.push("sam", base, to: "main")
        try governance.pushToMain("sam", most, message: "Land 64")
        #expect(try governance.verifyEverywhere(0).output.contains("64 changes in 1 landings"))
        let landed = most.keys.sorted().filter { $0.hasSuffix(".yaml") }.compactMap {
            $0.split(separator: "/").dropLast().last.flatMap { ChangeID($0) }
        }
        try governance.expect(0, "runner", ["run", try #require(landed.last).text] + governance.cluster())
        #expect(try governance.state(of: try #require(landed.first)) == "landed")
    }
}
