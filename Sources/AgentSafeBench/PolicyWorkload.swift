internal import ChangeModel
internal import Documents
internal import EmbeddedCatalogue
internal import OperatingSystem
internal import PolicyEngine

/// A catalogue as files, so that every engine loads the same, and requests to it.
struct PolicyWorkload {
    let name: String
    let files: [String: [UInt8]]
    let requests: [DecisionRequest]

    /// The instant of all requests: rules with time windows answer every engine alike.
    static let now = Timestamp(seconds: 1_795_700_000)

    /// What `init` writes, asked by its own roles about its own targets: each action on each target of its types, by four
    /// callers, with valid params; of ten requests one is what agents get wrong (a param too large, a param unknown to the
    /// action, another namespace than the target's, an unknown target).
    static func defaults(count: Int) throws -> PolicyWorkload {
        var files: [String: [UInt8]] = [Configuration.fileName: Array("target_binding: enforce\n".utf8)]
        for file in EmbeddedCatalogue.files(under: "actions") + EmbeddedCatalogue.files(under: "policies") {
            files[file.path] = file.bytes
        }
        files["inventory.yaml"] = EmbeddedCatalogue.file("templates/governance/inventory.yaml")
        let catalogue = try CatalogueLoader.load(from: MemorySource(files: files))
        let callers = [
            Caller(id: "deploy-agent-01", kind: .agent, roles: ["deployer"]),
            Caller(id: "watch-agent-01", kind: .agent, roles: ["reader"]),
            Caller(id: "sam", kind: .person, roles: ["sre", "approver"], groups: ["platform"]),
            Caller(id: "mallory", kind: .agent),
        ]
        var cases: [DecisionRequest] = []
        for target in catalogue.targets.values.sorted(by: { $0.id < $1.id }) {
            for action in catalogue.actions.values.sorted(by: { $0.name < $1.name })
            where action.targetTypes.contains(target.type) {
                for caller in callers {
                    cases.append(
                        DecisionRequest(
                            action: action.name, target: target.id, caller: caller,
                            parameters: parameters(of: action, on: target)))
                }
            }
        }
        var random = WorkloadGenerator()
        let requests = (0..<count).map { index in
            var request = cases[random.below(cases.count)]
            if index % 10 == 9 { request.go(wrong: index / 10 % 4) }
            return request
        }
        return PolicyWorkload(name: "default policies", files: files, requests: requests)
    }

    /// 1,000 rules for the same action, each with another condition on the target's labels, the caller or the risk, and 1,000
    /// targets: every request is decided by the last rule alone, which is also the one that names least.
    static func many(count: Int) throws -> PolicyWorkload {
        var files: [String: [UInt8]] = [Configuration.fileName: Array("target_binding: enforce\n".utf8)]
        for name in ["scale-deployment", "get-pod-logs"] {
            files["actions/\(name).yaml"] = EmbeddedCatalogue.file("actions/\(name).yaml")
        }
        var rules = "rules:\n"
        for number in 0..<999 {
            rules += """
                  - name: rule-\(number)
                    priority: \(2000 - number)
                    match:
                      actions: \(number % 3 == 0 ? "[\"scale-*\"]" : number % 3 == 1 ? "[scale-deployment]" : "[\"*\"]")
                \(condition(number))
                    decision: \(number % 2 == 0 ? "deny" : "require_approval")
                    reason: Rule \(number) is about somebody else.

                """
        }
        rules += """
              - name: the-last
                priority: 1
                match:
                  actions: [scale-deployment]
                  targets:
                    environments: [staging]
                  callers:
                    roles: [deployer]
                decision: allow
                reason: Nobody else's rule holds.

            """
        files["policies/all.yaml"] = Array(rules.utf8)
        var targets = "targets:\n"
        for number in 0..<1000 { targets += target(number) }
        files["inventory.yaml"] = Array(targets.utf8)
        let caller = Caller(id: "deploy-agent-01", kind: .agent, roles: ["deployer"], groups: ["east"])
        var random = WorkloadGenerator()
        let requests = (0..<count).map { _ in
            let number = random.below(1000)
            return DecisionRequest(
                action: "scale-deployment", target: "staging/app-\(number)", caller: caller,
                parameters: [
                    "namespace": "staging", "deployment": .string("app-\(number)"),
                    "replicas": .integer(Int64(random.below(100))),
                ])
        }
        return PolicyWorkload(name: "1,000 rules, the last decides", files: files, requests: requests)
    }

    /// 1,000 rules, 500 actions and 10,000 targets, as an organisation would have them; no requests.
    static func large() -> PolicyWorkload {
        var files: [String: [UInt8]] = [Configuration.fileName: Array("target_binding: enforce\n".utf8)]
        let actions = EmbeddedCatalogue.files(under: "actions").sorted { $0.path < $1.path }
        let names = actions.map { String($0.path.dropFirst("actions/".count).dropLast(".yaml".count)) }
        files["actions/scale-deployment.yaml"] = EmbeddedCatalogue.file("actions/scale-deployment.yaml")
        for number in 1..<500 {
            let (file, name) = (actions[number % actions.count], names[number % actions.count])
            // Copies of the shipped actions under other names, which roll back to nothing else.
            let lines = String(decoding: file.bytes, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            let text = lines.map { line in
                line == "name: \(name)"
                    ? "name: \(name)-\(number)" : line.hasPrefix("rollback_action:") ? "rollback_action:" : line
            }
            files["actions/\(name)-\(number).yaml"] = Array(text.joined(separator: "\n").utf8)
        }
        for part in 0..<10 {
            let rules = (part * 100..<part * 100 + 100).map { rule($0) }.joined()
            files["policies/part-\(part).yaml"] = Array(("rules:\n" + rules).utf8)
        }
        files["inventory.yaml"] = Array(("targets:\n" + (0..<10_000).map(target).joined()).utf8)
        return PolicyWorkload(name: "1,000 rules, 500 actions, 10,000 targets", files: files, requests: [])
    }

    private static func rule(_ number: Int) -> String {
        """
          - name: rule-\(number)
            description: What team \(number % 50) may do.
            priority: \(number % 7 * 100)
            match:
              actions: ["scale-*", restart-deployment, get-configmap-\(number)]
              targets:
                environments: [dev, staging]
                labels: {team: team-\(number % 50)}
              callers:
                roles: [deployer, sre-\(number % 20)]
              risk_classes: [low, medium, high]
            decision: require_approval
            approvals:
              require:
                - role: approver
                  count: 1
            reason: Team \(number % 50) looks after it.

        """
    }

    /// Writes the catalogue's files below `folder`.
    func write(to folder: String) throws {
        for (path, bytes) in files {
            try Files.createDirectory(Files.parent(of: "\(folder)/\(path)"))
            try Files.create("\(folder)/\(path)", bytes)
        }
    }

    /// Writes `requests.jsonl`, each line with our own answer.
    func writeRequests(to folder: String, answers: [Decision]) throws {
        let lines = zip(requests, answers).map { request, answer -> String in
            let line: JSONValue = [
                "action": .string(request.action), "target": request.target.map { .string($0) } ?? .null,
                "caller": [
                    "agent_id": .string(request.caller.id ?? ""), "roles": .strings(request.caller.roles),
                    "groups": .strings(request.caller.groups), "kind": .string(request.caller.kind?.rawValue ?? ""),
                ],
                "params": .object(request.parameters), "now": .string(Self.now.description),
                "result": .string(answer.result.rawValue), "risk": .string(answer.effectiveRisk.description),
            ]
            return line.canonicalText
        }
        try Files.create("\(folder)/requests.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    private static func condition(_ number: Int) -> String {
        switch number % 5 {
        case 0: "      targets:\n        labels: {team: other-\(number)}"
        case 1: "      callers:\n        agent_ids: [agent-\(number)]"
        case 2: "      callers:\n        roles: [role-\(number)]"
        case 3: "      targets:\n        environments: [prod]\n        types: [k8s-deployment]"
        default: "      callers:\n        groups: [group-\(number)]\n      risk_classes: [low, medium]"
        }
    }

    static func target(_ number: Int) -> String {
        """
          - id: staging/app-\(number)
            type: k8s-deployment
            environment: staging
            sensitivity: internal
            owner: team-\(number % 20)
            labels:
              app: app-\(number)
              team: team-\(number % 20)
            locator:
              cluster: c1
              namespace: staging
              deployment: app-\(number)

        """
    }

    private static func parameters(of action: ActionDefinition, on target: TargetEntry) -> [String: JSONValue] {
        var parameters: [String: JSONValue] = [:]
        for definition in action.parameters where definition.required {
            if let bound = target.locator[definition.name] {
                parameters[definition.name] = .string(bound)
                continue
            }
            switch definition.type {
            case .string: parameters[definition.name] = "web"
            case .integer, .number:
                parameters[definition.name] = .integer(Int64(definition.constraints.minimumValue ?? 1) + 2)
            case .boolean: parameters[definition.name] = true
            case .array: parameters[definition.name] = ["ls", "-l"]
            }
        }
        return parameters
    }
}

extension DecisionRequest {
    fileprivate mutating func go(wrong way: Int) {
        switch way {
        case 0: parameters["replicas"] = 100_000
        case 1: parameters["verbose"] = true
        case 2: if parameters["namespace"] != nil { parameters["namespace"] = "elsewhere" }
        default: target = "staging/nothing"
        }
    }
}

/// Splitmix64 (Steele, Lea, Flood 2014): the same requests in every run.
private struct WorkloadGenerator {
    private var state: UInt64 = 20_261_122

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
