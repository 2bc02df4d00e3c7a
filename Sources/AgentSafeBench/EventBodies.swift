internal import ChangeModel
internal import Ledger
internal import PolicyEngine

/// Events with the members and the sizes that real ones have, as a runner on a Kubernetes cluster writes them.
enum EventBodies {
    static func decision(_ change: SignedChange, _ judgement: Judgement) -> EventDraft {
        EventDraft(
            kind: .decision, change: change,
            body: [
                "engine": .string(PolicyEngine.version), "decision": judgement.decision.json,
                "plan": judgement.plan.map { .string($0.digest.description) } ?? .null,
                "proposer": .string(change.change.proposer),
            ], copiesChange: true, headline: "\(judgement.decision.result.rawValue), \(change.change.summary)",
            notes: ["proposed by \(change.change.proposer): \(change.change.reason)", judgement.decision.reason])
    }

    static func claim(
        _ change: SignedChange, _ authorized: AuthorizedChange, nonce: String, lease: Timestamp
    ) -> EventDraft {
        EventDraft(
            kind: .claim, change: change,
            body: [
                "nonce": .string(nonce), "instance": "runner", "lease_end": .string(lease.description),
                "plan": .string(authorized.plan.digest.description),
                "locks": .strings(authorized.plan.locks.map(\.description)), "engine": .string(PolicyEngine.version),
                "decision": authorized.decision.json, "approved_by": .strings(authorized.approvedBy),
                "steps": authorized.plan.recordedSteps,
            ], headline: change.change.summary)
    }

    static func aborted(_ change: SignedChange, claim: Int64) -> EventDraft {
        EventDraft(
            kind: .aborted, change: change,
            body: ["claim": .integer(claim), "reason": "precheck `hpa-check` failed: an autoscaler sets its replicas"],
            headline: "\(change.change.summary), nothing was changed")
    }

    static func prepared(
        _ change: SignedChange, _ plan: Plan, claim: Int64, lease: Timestamp, replicas: Int64, drawn: Int64
    ) -> EventDraft {
        let target = change.change.steps[0].target
        let name = String(target.prefix { $0 != "/" })
        return EventDraft(
            kind: .prepared, change: change,
            body: [
                "claim": .integer(claim), "executor": "embedded", "lease_end": .string(lease.description),
                "identity": ["cluster_uid": "4c7e1f8a-52d3-4b0e-9a61-0f5d2c83b7e9"],
                "prechecks": [
                    [
                        "name": "deployment-exists", "passed": true,
                        "detail": .string("deployment `\(target)` exists"),
                    ],
                    ["name": "hpa-check", "passed": true, "detail": "no autoscaler sets its replicas"],
                ],
                "rollback": [
                    "action": "scale-deployment", "target": .string(target),
                    "params": [
                        "deployment": "api-server", "namespace": .string(name), "replicas": .integer(replicas),
                    ],
                ],
            ],
            files: [
                "before.json": state(replicas, drawn).evidenceBytes,
                "rollback.yaml": Array(
                    """
                    action: scale-deployment
                    target: \(target)
                    params:
                      deployment: "api-server"
                      namespace: "\(name)"
                      replicas: \(replicas)

                    """.utf8),
            ], headline: "\(change.change.summary), before-state taken",
            notes: ["undone by scale-deployment on \(target)"])
    }

    static func execution(
        _ change: SignedChange, _ plan: Plan, claim: Int64, at: Timestamp, replicas: Int64, drawn: Int64
    ) -> EventDraft {
        let wanted = change.change.steps[0].parameters["replicas"]?.integerValue ?? replicas
        let (before, after) = (state(replicas, drawn), state(wanted, drawn + 1))
        let fields = [
            "available_replicas", "generation", "observed_generation", "ready_replicas", "replicas", "updated_replicas",
        ]
        let changed = fields.filter { before.at("fields", $0) != after.at("fields", $0) }
        let differences = changed.map { field -> JSONValue in
            [
                "field": .string(field), "before": before.at("fields", field) ?? .null,
                "after": after.at("fields", field) ?? .null,
            ]
        }
        let summary = "scaled deployment `\(change.change.steps[0].target)` from \(replicas) to \(wanted) replicas"
        return EventDraft(
            kind: .execution, change: change,
            body: [
                "claim": .integer(claim), "outcome": "succeeded", "changed": .bool(!changed.isEmpty),
                "steps": [
                    [
                        "action": "scale-deployment", "target": .string(change.change.steps[0].target),
                        "outcome": "succeeded", "started": .string(at.description), "ended": .string(at.description),
                        "summary": .string(summary), "diff": .array(differences),
                    ]
                ],
            ], files: ["after.json": after.evidenceBytes], headline: "\(change.change.summary) succeeded",
            notes: [summary] + changed.map { "\($0): \(replicas) -> \(wanted)" })
    }

    /// A Deployment as the Kubernetes executor captures it.
    private static func state(_ replicas: Int64, _ drawn: Int64) -> JSONValue {
        [
            "digest": .string(Digest(of: Array("object \(drawn)".utf8)).description),
            "fields": [
                "available_replicas": .integer(replicas), "generation": .integer(drawn),
                "images": [
                    "api": "registry.example/api-server:1.8.0"
                ], "observed_generation": .integer(drawn), "ready_replicas": .integer(replicas),
                "replicas": .integer(replicas), "restarted_at": nil, "revision": 2,
                "template_digest": .string(Digest(of: Array("template \(drawn / 2)".utf8)).description),
                "updated_replicas": .integer(replicas),
            ], "version": .string("\(drawn * 17)"),
        ]
    }
}
