import ChangeModel
import Testing

@Suite("Threats 1 and 30: a step of a plan is edited, moved or given other ground after it was approved")
struct ThreatEditedPlan {
    private static let plan = """
        - action: scale-deployment
          target: prod/api-server
          params: {replicas: 5}
        - action: restart-deployment
          target: prod/web
        """

    private func approved() throws -> (Governance, ChangeID) {
        let governance = try Governance()
        let id = try governance.proposePlan(Self.plan)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        #expect(try governance.gate(id).status == 0)
        return (governance, id)
    }

    @Test(
        "an approval dies with any edit of any step",
        arguments: [
            ["target: prod/web", "target: prod/api-server"], ["replicas: 5", "replicas: 6"],
            ["action: restart-deployment", "action: rollout-undo"],
        ])
    func edited(edit: [String]) throws {
        let (governance, id) = try approved()
        try governance.rewrite(id) { $0.replacing(edit[0], with: edit[1]) }
        #expect(try governance.gate(id).status == 10)
        try governance.expectUnapproved(id)
    }

    @Test("an approval dies when the action of a later step, or its target's entry, changes on main")
    func movedGround() throws {
        for (path, old, new) in [
            ("actions/restart-deployment.yaml", "description: Replaces", "description: Now replaces"),
            ("inventory.yaml", "  - id: prod/web\n", "  - id: prod/web\n    labels: {moved: \"yes\"}\n"),
        ] {
            let (governance, id) = try approved()
            try governance.trustCommit([
                path: { text in
                    let edited = text.replacing(old, with: new, maxReplacements: 1)
                    guard path == "inventory.yaml" else { return edited }
                    // A key may stand there once.
                    let parts = edited.split(separator: new, maxSplits: 1)
                    let rest = parts[1].replacing("    labels:\n      app: web\n", with: "", maxReplacements: 1)
                    return parts[0] + new + rest
                }
            ])
            try governance.expectUnapproved(id)
        }
    }
}
