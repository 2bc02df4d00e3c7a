import ChangeModel
import OperatingSystem
import Testing

@Suite("Threat 30: the action, a default or the target changes between approval and execution")
struct ThreatMovedGround {
    /// What an admin changes meanwhile, by a trust commit.
    enum Move: String, CaseIterable {
        case action, parameterDefault, target, targetLocator

        var path: String {
            self == .action || self == .parameterDefault ? "actions/scale-deployment.yaml" : "inventory.yaml"
        }

        func edit(_ text: String) -> String {
            switch self {
            case .action: replace(text, "description: Sets how many", "description: Now sets how many")
            case .parameterDefault:
                replace(
                    text, "prechecks:\n",
                    "  - name: surge\n    type: integer\n    required: false\n    default: 2\n    description: More at once.\nprechecks:\n"
                )
            case .target: replace(text, target, replace(target, "owner: team-api", "owner: team-web"))
            case .targetLocator: replace(text, target, replace(target, "cluster: demo", "cluster: demo-2"))
            }
        }

        private func replace(_ text: String, _ old: String, _ new: String) -> String {
            text.replacing(old, with: new, maxReplacements: 1)
        }

        private var target: String {
            """
                environment: prod
                sensitivity: restricted
                owner: team-api
                labels:
                  app: api-server
                locator:
                  cluster: demo
            """
        }
    }

    /// Edits a file on main by a trust commit of alice's.
    private func trustCommit(
        _ path: String, in governance: Governance, push: Bool = true, _ edit: (String) -> String
    ) throws {
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        let old = try governance.read("alice", path)
        let new = edit(old)
        try #require(old != new, "the edit changes nothing")
        try governance.write("alice", path, new)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Move the ground"] + (push ? ["--push"] : []))
    }

    enum Approval: String { case vote, merge, stockMerge }

    /// A landed change that bob approved, and that would run.
    private func landed(_ approval: Approval, in governance: Governance) throws -> ChangeID {
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        switch approval {
        case .vote:
            try governance.expect(0, "bob", ["approve", id.text, "--yes"])
            try governance.land(id)
        case .merge: try governance.expect(0, "bob", ["approve", id.text, "--yes", "--merge"])
        case .stockMerge:
            try governance.git("bob", "fetch", "-q")
            try governance.git("bob", "checkout", "-q", "-B", "main", "origin/main")
            try governance.signingGit("bob", "merge", "-q", "--no-ff", "-S", "origin/\(id.branch)")
            try governance.git("bob", "push", "-q", "origin", "main")
        }
        return id
    }

    @Test("a vote dies with the plan that it was given for", arguments: Move.allCases)
    func voteDies(_ move: Move) throws {
        let governance = try Governance()
        let id = try landed(.vote, in: governance)
        try trustCommit(move.path, in: governance, move.edit)
        let run = try governance.runRefused(10, id)
        #expect(run.output.contains("still missing: 1 × approver"), "\(run)")
        try governance.verifyEverywhere(0)
        guard move != .targetLocator else { return }
        // Approved as it is now, it runs.
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("so does an approving merge", arguments: [Move.action, .target], [Approval.merge, .stockMerge])
    func mergeDies(_ move: Move, approval: Approval) throws {
        let governance = try Governance()
        let id = try landed(approval, in: governance)
        try trustCommit(move.path, in: governance, move.edit)
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("what the plan does not hold may change", arguments: ["actions/restart-deployment.yaml", "inventory.yaml"])
    func control(path: String) throws {
        let governance = try Governance()
        let id = try landed(.vote, in: governance)
        try trustCommit(path, in: governance) { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map {
                    $0 == "    owner: team-web"
                        ? "    owner: team-shop" : $0.hasPrefix("description:") ? "description: Else." : String($0)
                }
                .joined(separator: "\n")
        }
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("a policy that denies it now wins over an approval given before")
    func policyDenies() throws {
        let governance = try Governance()
        let id = try landed(.vote, in: governance)
        try trustCommit("policies/default.yaml", in: governance) {
            $0 + """
                  - name: freeze
                    priority: 5000
                    match:
                      targets:
                        environments: [prod]
                    decision: deny
                    reason: Nothing changes this week.

                """
        }
        let run = try governance.runRefused(20, id)
        #expect(run.output.contains("Nothing changes this week."), "\(run)")
    }

    @Test(
        "a move between claim and execution is seen: the claim is given back, and nothing was changed",
        arguments: [Move.action, .target])
    func movedAfterTheClaim(_ move: Move) throws {
        let governance = try Governance()
        let id = try landed(.vote, in: governance)
        try trustCommit(move.path, in: governance, push: false, move.edit)
        try governance.git("alice", "push", "-q", "origin", "main:refs/heads/prepared")
        // The server moves main at the moment in which the claim arrives.
        let hook = "\(governance.remote)/hooks/post-receive"
        try Files.createDirectory(Files.parent(of: hook))
        let script = """
            #!/bin/sh
            while read old new name; do
                case "$(git log -1 --format=%s "$new")" in
                    claim*) git update-ref refs/heads/main refs/heads/prepared;;
                esac
            done
            """
        try Files.writeAtomically(hook, Array((script + "\n").utf8), mode: 0o755)
        let cluster = try governance.cluster()
        let before = try Files.read(governance.clusterFile)
        let run = try governance.expect(1, "runner", ["run", id.text] + cluster)
        #expect(run.output.contains("aborted"), "\(run)")
        #expect(run.output.contains("its plan changed"), "\(run)")
        #expect(try Files.read(governance.clusterFile) == before)
        let story = try governance.git("runner", "log", "--format=%s", "origin/ledger")
        #expect(story.hasPrefix("aborted \(id)"))
        #expect(!story.contains("prepared"))
        try governance.verifyEverywhere(0)
        try Files.remove(hook)
        try governance.runRefused(10, id)
    }
}
