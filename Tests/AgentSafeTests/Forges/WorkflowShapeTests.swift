import ChangeModel
import OperatingSystem
import Testing

@Suite("The shape of the workflows")
struct WorkflowShapeTests {
    @Test("no text of a request reaches a shell: expressions stand in `env` alone", arguments: Workflow.names)
    func expressions(name: String) throws {
        let workflow = try Workflow(name)
        #expect(!workflow.allSteps.isEmpty)
        for step in workflow.allSteps {
            #expect(step["run"]?.stringValue?.contains("${{") != true, "\(step)")
            // Of an event, numbers, commit names and the event's own name; nothing that somebody typed.
            for value in (step["env"]?.objectValue ?? [:]).values {
                let text = value.stringValue ?? ""
                for part in text.split(separator: " ") where part.hasPrefix("github.") {
                    #expect(
                        [
                            "github.token", "github.event_name", "github.event.pull_request.number",
                            "github.event.pull_request.head.sha", "github.event.merge_group.head_sha",
                        ].contains(part), "\(part)")
                }
            }
        }
    }

    @Test("the token may read, one action is used and pinned, and main alone is checked out", arguments: Workflow.names)
    func leastRights(name: String) throws {
        let workflow = try Workflow(name)
        #expect(workflow.json["permissions"] == ["contents": "read"])
        for job in workflow.jobs.values { #expect(job["permissions"] == nil && job["timeout-minutes"] != nil) }
        for step in workflow.allSteps {
            guard let action = step["uses"]?.stringValue else { continue }
            #expect(action.wholeMatch(of: /actions\/checkout@[0-9a-f]{40}/) != nil, "\(action)")
            #expect(step["with"] == ["ref": "main", "fetch-depth": 0, "persist-credentials": false])
        }
        #expect(workflow.json["concurrency"]?["cancel-in-progress"] == false, "nothing that records is cut off")
    }

    @Test("secrets are in protected environments alone, and the gate's first job has none", arguments: Workflow.names)
    func secrets(name: String) throws {
        let workflow = try Workflow(name)
        for (job, value) in workflow.jobs {
            let hasSecrets = value.canonicalText.contains("secrets.")
            let environment = value["environment"]?.stringValue
            #expect(hasSecrets == (environment != nil), "\(job)")
            if name != "gate" { #expect(name == "verify" || value["if"] == "github.ref == 'refs/heads/main'") }
        }
        let text = String(decoding: try Files.read("\(Workflow.folder)/workflows/\(name).yml"), as: UTF8.self)
        #expect(!text.contains("GITHUB_ENV") && !text.contains("GITHUB_PATH"))
    }

    @Test("the gate runs on what is proposed and on merge queues; the queue gets no secrets")
    func triggers() throws {
        let gate = try Workflow("gate")
        #expect(
            gate.triggers == [
                "pull_request_target": ["branches": ["main"], "types": ["opened", "synchronize", "reopened"]],
                "merge_group": ["branches": ["main"], "types": ["checks_requested"]],
            ])
        #expect(gate.jobs["record"]?["if"]?.stringValue?.contains("github.event_name == 'pull_request_target'") == true)
        #expect(gate.jobs["gate"]?["name"] == "gate", "the name of the required check")
        for name in ["record", "run"] {
            #expect(try Workflow(name).triggers?["push"] == ["branches": ["main"]])
        }
    }

    @Test("the required check is the gate's, and every branch of the protocol has a ruleset that bites")
    func rulesets() throws {
        func ruleset(_ name: String) throws -> JSONValue {
            try JSONValue(
                parsing: String(decoding: try Files.read("\(Workflow.folder)/rulesets/\(name).json"), as: UTF8.self))
        }
        func rules(_ name: String) throws -> Set<String> {
            Set((try ruleset(name)["rules"]?.arrayValue ?? []).compactMap { $0["type"]?.stringValue })
        }
        func exempt(_ name: String) throws -> Int { try ruleset(name)["bypass_actors"]?.arrayValue?.count ?? -1 }
        let main = try ruleset("main")
        let checks = main["rules"]?.arrayValue?.first { $0["type"] == "required_status_checks" }
        #expect(
            checks?.at("parameters", "required_status_checks")?.arrayValue?.map { $0["context"] } == ["gate"])
        #expect(try rules("main").isSuperset(of: ["deletion", "non_fast_forward", "pull_request"]))
        #expect(try rules("votes-stay") == ["update", "deletion", "non_fast_forward"] && exempt("votes-stay") == 0)
        #expect(try rules("ledger-stays") == ["deletion", "non_fast_forward"] && exempt("ledger-stays") == 0)
        #expect(try rules("ledger") == ["creation", "update"] && exempt("ledger") == 3)
        #expect(try rules("votes") == ["creation"] && exempt("votes") == 1)
        // Agents push new branches below change/, withdrawals included.
        #expect(try rules("change") == ["non_fast_forward"] && exempt("change") == 0)
        #expect(try !rules("votes-stay").contains("creation"))
        let excluded = try ruleset("elsewhere").at("conditions", "ref_name", "exclude")?.arrayValue ?? []
        #expect(excluded.count == 6)
    }

    @Test("`apply.sh` makes each ruleset once, with the teams' numbers, and replaces it the next time")
    func apply() throws {
        let governance = try Governance()
        let folder = try governance.folder("gh")
        // `gh` stands for GitHub: it answers as the API does, and keeps what it is sent.
        let fake = """
            #!/usr/bin/env bash
            case "$*" in
            *teams/people*) echo 11 ;;
            *teams/admins*) echo 22 ;;
            *--paginate*) cat "$FAKE/known" ;;
            *--method*) cat > "$FAKE/$(echo "$4$5" | tr / _)-$RANDOM$RANDOM" ;;
            *) exit 1 ;;
            esac

            """
        try Files.create("\(folder)/gh", Array(fake.utf8), mode: 0o755)
        try Files.create("\(folder)/known", Array("ledger\t99\n".utf8))
        let environment = governance.environment("alice").merging(
            ["FAKE": folder, "PATH": "\(folder):\(Host.real().environment["PATH"] ?? "")"]) { $1 }
        func apply(_ arguments: String...) throws -> ProgramResult {
            try Program.run(
                ["\(Workflow.folder)/rulesets/apply.sh"] + arguments, environment: environment, timeout: 60)
        }
        let result = try apply("org/governance", "people", "admins")
        #expect(result.status == 0, "\(result.errorText)")
        let lines = result.outputText.split(separator: "\n")
        #expect(lines.count == 8 && lines.contains("replaced ledger") && lines.contains("made main"), "\(lines)")
        let sent = try Files.list(folder).filter { $0.contains("repos_org") }
        #expect(sent.count == 8 && sent.contains { $0.hasPrefix("PUTrepos_org_governance_rulesets_99") }, "\(sent)")
        var teams: [Int64] = []
        for name in sent {
            let json = try JSONValue(parsing: String(decoding: try Files.read("\(folder)/\(name)"), as: UTF8.self))
            teams += (json["bypass_actors"]?.arrayValue ?? []).compactMap { $0["actor_id"]?.integerValue }
        }
        #expect(teams.sorted() == [11, 11, 22, 22, 22])
        #expect(try apply("org/governance", "people", "nobody").status == 1)
        #expect(try apply("governance", "people", "admins").status == 1)
    }
}
