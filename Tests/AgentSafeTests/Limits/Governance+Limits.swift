import ChangeModel
import Ledger
import PolicyEngine
import Testing

@testable import AgentSafe

extension Governance {
    /// Sets the limits of the repository by a trust commit, and has the gate record it.
    func limit(_ sections: String) throws {
        try trustCommit(["agentsafe.yaml": { $0 + sections + "\n" }])
        try gateRun(0, ["--record"])
    }

    /// A proposal of the agent's that the policy allows, with a medium effective risk.
    func proposeAllowed(_ replicas: Int = 6, target: String = "staging/api-server") throws -> ChangeID {
        try propose(target: target, ["replicas=\(replicas)"], options: ["--anyway", "--expires", "7d"])
    }

    /// A proposal of an agent without roles.
    func proposeDenied(_ replicas: Int = 6) throws -> ChangeID {
        try propose("rogue", ["replicas=\(replicas)"], options: ["--anyway"])
    }

    /// `result code` of the recorded decisions of a change, oldest first.
    func decisions(on id: ChangeID) throws -> [String] {
        try record(of: id).events.filter { $0.kind == .decision }.map {
            "\($0.body.at("decision", "result")?.stringValue ?? "") \($0.body.at("decision", "code")?.stringValue ?? "")"
        }
    }

    /// `result code` of what the gate says of a change, without recording it.
    func answer(on id: ChangeID, _ status: Int32) throws -> String {
        let change = try gateRun(status, [], head: id).json["changes"]?.arrayValue?.first
        return
            "\(change?.at("decision", "result")?.stringValue ?? "") \(change?.at("decision", "code")?.stringValue ?? "")"
    }

    /// A branch of `actor`'s with all of these changes, each of which has one of its own.
    func bundle(_ ids: [ChangeID], as actor: String, branch: String = "change/bundle") throws -> String {
        try git(actor, "fetch", "-q")
        var edits: [String: String?] = [:]
        for id in ids {
            for name in ["change.yaml", "change.yaml.sig"] {
                let path = "\(id.folder)/\(name)"
                edits[path] = try text(path, at: "origin/\(id.branch)", seenBy: actor)
            }
        }
        let commit = try commit(
            actor, tree: try tree(actor, "origin/main", edits), parents: ["origin/main"], message: "Many",
            signedBy: nil)
        try push(actor, commit, to: branch)
        return "origin/\(branch)"
    }

    /// Commits of the remote's ledger.
    func ledgerLength() throws -> Int {
        try #require(Int(try run(["git", "-C", remote, "rev-list", "--count", "refs/heads/ledger"])))
    }

    /// What `agentsafe limits` says of a caller.
    func limits(of caller: String) throws -> JSONValue {
        try git("sam", "fetch", "-q")
        let json = try expect(0, "sam", ["limits", "--as", Self.identity(caller), "--output", "json"]).json
        return try #require(json["callers"]?.arrayValue?.first)
    }
}
