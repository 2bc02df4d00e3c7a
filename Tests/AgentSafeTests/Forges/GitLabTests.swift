import ChangeModel
import OperatingSystem
import Testing

/// The jobs of `templates/gitlab`, executed as GitLab's runner does it: one shell, `before_script` and `script` in a row.
@Suite("On GitLab")
struct GitLabTests {
    static let folder = Governance.projectRoot + "/templates/gitlab"

    private struct Job {
        let status: Int32
        let log: String
    }

    private func run(
        _ governance: Governance, _ job: String, _ variables: [String: String]
    ) throws -> Job {
        let file = try Workflow.read("\(Self.folder)/.gitlab-ci.yml")
        let machine = try HostedRunner(governance)
        func script(_ value: JSONValue?) -> [String] { (value?.arrayValue ?? []).compactMap(\.stringValue) }
        let lines =
            script(file.at("default", "before_script")) + script(try #require(file[job])["script"])
        let path = "\(machine.workspace)-script.sh"
        try Files.writeAtomically(path, Array((lines.joined(separator: "\n") + "\n").utf8))
        var environment = machine.environment.merging([
            "CI_REPOSITORY_URL": governance.remote, "AGENTSAFE_PUSH_URL": governance.remote,
            "AGENTSAFE_GENESIS": try governance.git("alice", "config", "agentsafe.genesis"),
            "AGENTSAFE_GATE_KEY": governance.key("gate"), "AGENTSAFE_RUNNER_KEY": governance.key("runner"),
            "AGENTSAFE_CLUSTER": "embedded:\(governance.clusterFile)", "CI": "true",
        ]) { $1 }
        environment["TMPDIR"] = environment["RUNNER_TEMP"]
        for (name, value) in variables { environment[name] = value }
        // The runner's shell is bash where the image has it, with errexit.
        let result = try Program.run(["bash", "-e", path], environment: environment, timeout: 120)
        return Job(status: result.status, log: result.outputText + result.errorText)
    }

    /// What GitLab says of a request's pipeline, whose commit it keeps under a ref of its own.
    private func pipeline(_ governance: Governance, _ commit: String, event: String = "detached") throws -> [String:
        String]
    {
        try governance.git("sam", "push", "-q", "-f", "origin", "\(commit):refs/pipelines/41")
        return ["CI_PIPELINE_ID": "41", "CI_COMMIT_SHA": commit, "CI_MERGE_REQUEST_EVENT_TYPE": event]
    }

    private static func governance() throws -> Governance {
        let governance = try Governance()
        governance.clock.advance(Host.real().now() - governance.clock.now)
        return governance
    }

    @Test("a request is judged at its pipeline's commit, and a merge train's as main would become")
    func gate() throws {
        let governance = try Self.governance()
        let allowed = try governance.propose()
        let denied = try governance.propose("rogue", target: "dev/api-server", options: ["--anyway"])
        try governance.git("sam", "fetch", "-q")
        for (id, status, word) in [(allowed, Int32(0), "allow"), (denied, 20, "deny")] {
            let job = try run(governance, "gate", try pipeline(governance, try governance.tip(id.branch)))
            #expect(job.status == status && job.log.contains(word), "\(job.log)")
        }
        for style in [ForgeMerge.merge, .squash] {
            let merged = try governance.forgeMerge(style, allowed)
            for event in ["merged_result", "merge_train"] {
                let job = try run(governance, "gate", try pipeline(governance, merged, event: event))
                #expect(job.status == 0, "\(job.log)")
            }
        }
        var moved = try pipeline(governance, try governance.tip(allowed.branch))
        moved["CI_COMMIT_SHA"] = try governance.tip(denied.branch)
        let job = try run(governance, "gate", moved)
        #expect(job.status == 1 && job.log.contains("moved"))
        var unpinned = try pipeline(governance, try governance.tip(allowed.branch))
        unpinned["AGENTSAFE_GENESIS"] = ""
        #expect(try run(governance, "gate", unpinned).status == 1)
    }

    @Test("main's pipeline records, lands, runs and verifies")
    func mainPipeline() throws {
        let governance = try Self.governance()
        _ = try governance.cluster()
        let id = try governance.propose()
        let rejected = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.expect(0, "bob", ["reject", rejected.text, "--yes"])
        let foreign = try governance.propose(target: "dev/api-server", ["replicas=3"])
        try governance.addToBranch(foreign.branch, as: "agent", ["policies/mine.yaml": "rules: []\n"])
        #expect(try run(governance, "record", [:]).status == 0)
        #expect(try governance.recorded(rejected) == ["decision", "vote"])
        #expect(try governance.tip("main") != governance.tip(id.branch))
        let landing = try run(governance, "record", ["AGENTSAFE_LAND": "true"])
        #expect(landing.status == 0, "\(landing.log)")
        #expect(try governance.tip("main") == governance.tip(id.branch))
        let running = try run(governance, "run", [:])
        #expect(running.status == 0 && running.log.contains("executed"), "\(running.log)")
        let verification = try run(governance, "verify", [:])
        #expect(verification.status == 0 && verification.log.contains("authentic from genesis"))
        #expect(try run(governance, "record", ["AGENTSAFE_GATE_KEY": governance.key("sam")]).status == 1)
        #expect(try run(governance, "run", ["AGENTSAFE_RUNNER_KEY": governance.key("sam")]).status == 1)
        #expect(try run(governance, "run", ["AGENTSAFE_PUSH_URL": "/nowhere"]).status == 1)
    }

    @Test("nothing of a request is checked out, secrets stay on main, and one thing runs at a time")
    func shape() throws {
        let file = try Workflow.read("\(Self.folder)/.gitlab-ci.yml")
        #expect(file.at("variables", "GIT_STRATEGY") == "none")
        for job in ["record", "run"] {
            #expect(file[job]?["resource_group"]?.stringValue == "agentsafe-\(job)")
            #expect(file[job]?.at("environment", "name") != nil)
            let rules = file[job]?["rules"]?.canonicalText ?? ""
            #expect(rules.contains(#"$CI_COMMIT_BRANCH == \"main\""#) && !rules.contains("merge_request"))
        }
        let gate = try #require(file["gate"]).canonicalText
        #expect(!gate.contains("_KEY") && !gate.contains("PUSH_URL"))
        #expect(file.at("default", "image")?.stringValue?.contains("@sha256:") == true)
    }

    @Test("`protect.sh` protects each branch once, and hides the token")
    func protect() throws {
        let governance = try Governance()
        let folder = try governance.folder("curl")
        // `curl` stands for GitLab: it notes what it is asked, and knows `main` already.
        let fake = """
            #!/usr/bin/env bash
            printf '%s\\n' "$*" >> "$FAKE/log"
            case "$*" in *name=main*) printf 409 ;; *) printf "${ANSWER:-201}" ;; esac

            """
        try Files.create("\(folder)/curl", Array(fake.utf8), mode: 0o755)
        func protect(_ arguments: [String], answer: String = "201") throws -> ProgramResult {
            try? Files.remove("\(folder)/log")
            let environment = governance.environment("alice").merging([
                "FAKE": folder, "PATH": "\(folder):\(Host.real().environment["PATH"] ?? "")",
                "GITLAB_TOKEN": "glpat-secret", "ANSWER": answer,
            ]) { $1 }
            return try Program.run(["\(Self.folder)/protect.sh"] + arguments, environment: environment, timeout: 60)
        }
        let result = try protect(["group/governance", "5", "71", "72"])
        #expect(result.status == 0, "\(result.errorText)")
        let lines = result.outputText.split(separator: "\n")
        #expect(
            lines.count == 5 && lines[0].contains("protected already") && lines[1] == "protected ledger", "\(lines)")
        let log = String(decoding: try Files.read("\(folder)/log"), as: UTF8.self)
        #expect(!log.contains("glpat-secret") && log.contains("projects/group%2Fgovernance/protected_branches"))
        let asked = log.split(separator: "\n")
        #expect(asked.allSatisfy { $0.contains("allow_force_push=false") })
        for (name, needed) in [
            ("main", ["push_access_level=0", "[deploy_key_id]=71"]),
            ("ledger", ["[deploy_key_id]=71", "[deploy_key_id]=72", "[group_id]=5"]), ("vote/*", ["[group_id]=5"]),
            ("change/*", ["push_access_level=30"]), ("trust/*", ["push_access_level=40"]),
        ] {
            let line = try #require(asked.first { $0.contains("name=\(name) ") })
            for field in needed { #expect(line.contains(field), "\(line)") }
        }
        #expect(try protect(["7"]).status == 0)
        #expect(try protect(["7"], answer: "403").errorText.contains("GitLab answered 403"))
        for wrong in [[], ["a b"], ["7", "x"], ["7", "5", "1", "2", "3"]] {
            #expect(try protect(wrong).status == 1, "\(wrong)")
        }
    }
}
