import ChangeModel
import Testing

@testable import AgentSafe

@Suite("Tokens of a ServiceAccount")
struct TokenRequestTests {
    private func scene(_ backend: [String] = []) throws -> (TokenScene, ChangeID) {
        let governance = try Governance()
        let scene = try TokenScene(governance, backend: backend)
        let id = try governance.propose()
        try governance.land(id)
        return (scene, id)
    }

    @Test("are requested by the connection's own user, and everything after that is asked with the token alone")
    func whoSpeaks() throws {
        let (scene, id) = try scene()
        let outcome = try scene.run()
        #expect(outcome.status == .executed, "\(outcome.detail)")
        let asked = scene.server.asked
        #expect(asked[0].by.isEmpty)
        #expect(asked[0].request == "POST /api/v1/namespaces/agentsafe/serviceaccounts/runner-staging/token")
        #expect(asked.count > 6)
        for request in asked.dropFirst() { #expect(request.by.hasSuffix(TokenServer.signature), "\(request)") }
        #expect(scene.server.isItself)
        // The action asks for 300 seconds, and the API gives no less than 600.
        #expect(scene.server.requested[0].at("spec", "expirationSeconds") == 600)
        #expect(scene.server.requested[0].at("spec", "audiences") == nil)
        let end = Timestamp(seconds: scene.governance.clock.now + 600)
        let recorded = try scene.governance.recordedCredentials(of: id).arrayValue?.first
        let expires = try #require(recorded?["expires"]?.stringValue.flatMap { Timestamp($0) })
        #expect(expires <= end && expires > end - .seconds(300))
        try scene.governance.expectNowhere(
            [TokenServer.signature],
            in: [CommandResult(status: 0, output: scene.said.text, errors: outcome.json.canonicalText)])
        // What the action needs was asked one by one, and who the cluster is.
        let reviews = scene.server.requested.compactMap { $0.at("spec", "resourceAttributes") }
        #expect(
            reviews.map {
                "\($0["verb"]?.stringValue ?? "") \($0["group"]?.stringValue ?? "")/\($0["resource"]?.stringValue ?? "")"
            }
                == [
                    "get /namespaces", "get apps/deployments", "patch apps/deployments",
                    "list autoscaling/horizontalpodautoscalers", "list /pods",
                ])
    }

    @Test("are for the audiences that main names")
    func audiences() throws {
        let (scene, _) = try scene(["service_account: runner", "audiences: [\"https://a.example\", b]"])
        #expect(try scene.run().status == .executed)
        #expect(scene.server.requested[0].at("spec", "audiences") == ["https://a.example", "b"])
    }

    static let untruths: [(name: String, edit: @Sendable (TokenServer) -> Void)] = [
        ("no end", { $0.edit = { $0["status"] = ["token": "a.b.c"] } }),
        ("no token", { $0.edit = { $0["status"] = ["expirationTimestamp": "2027-01-01T00:00:00Z"] } }),
        (
            "a token for ever",
            { server in
                server.edit = { answer in
                    var status = answer["status"] ?? .null
                    status["expirationTimestamp"] = "2036-01-01T00:00:00Z"
                    answer["status"] = status
                }
            }
        ),
        ("somebody else's", { $0.claims = { $0["sub"] = "system:serviceaccount:kube-system:admin" } }),
        ("other audiences", { $0.claims = { $0["aud"] = [] } }),
        (
            "no JWT",
            { server in
                server.edit = { answer in
                    var status = answer["status"] ?? .null
                    status["token"] = "abc"
                    answer["status"] = status
                }
            }
        ),
    ]

    @Test("that are not what was asked for are not used", arguments: TokenRequestTests.untruths.indices)
    func lies(_ index: Int) throws {
        let (scene, _) = try scene()
        Self.untruths[index].edit(scene.server)
        let outcome = try scene.run()
        #expect(outcome.status == .aborted, "\(Self.untruths[index].name): \(outcome.detail)")
        #expect(scene.server.asked.count == 1 && scene.server.isItself)
    }

    @Test("that cannot do what the action needs end the run before the target is touched, and the right is named")
    func missing() throws {
        let (scene, _) = try scene()
        scene.server.refused = ["patch deployments scale"]
        let outcome = try scene.run()
        #expect(outcome.status == .aborted)
        #expect(outcome.detail.contains("may not patch deployments/scale in `staging`"), "\(outcome.detail)")
        #expect(scene.server.asked.allSatisfy { $0.request.hasPrefix("POST") } && scene.server.isItself)
        // The right is given, and the same change runs.
        scene.server.refused = []
        #expect(try scene.run().status == .executed)
    }

    @Test("that can do much more are used, with a warning that names it")
    func excess() throws {
        let (scene, id) = try scene()
        scene.server.excess = [
            [
                "verbs": ["get", "list", "patch"], "apiGroups": ["apps"],
                "resources": ["deployments", "deployments/scale"],
            ],
            ["verbs": ["get", "create"], "apiGroups": [""], "resources": ["secrets", "pods"]],
            ["verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"]],
            ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]],
        ]
        let reports = try scene.workspace.testCredentials(for: .change(id), executors: scene.executors)
        #expect(reports.count == 1)
        #expect(reports[0].missing == [] && !reports[0].isFaulty)
        #expect(reports[0].excess == ["* *", "create pods", "create secrets", "get secrets", "patch deployments"])
        #expect(try scene.run().status == .executed)
        #expect(scene.said.text.contains("can do more than `scale-deployment` needs: `* *`"))
    }

    enum Ending: CaseIterable { case success, precheckFails, unknown, wrongCluster }

    @Test("are given up on every path, and the connection is its own user's again", arguments: Ending.allCases)
    func givenUp(_ ending: Ending) throws {
        let governance = try Governance()
        try governance.trustCommit(["policies/zz-open.yaml": { _ in ThreatBranchPolicy.loose }])
        if ending == .wrongCluster {
            try governance.trustCommit([
                "inventory.yaml": { $0.replacing("4c7e1f8a-52d3-4b0e-9a61-0f5d2c83b7e9", with: "another") }
            ])
        }
        let scene = try TokenScene(governance)
        let id =
            ending == .precheckFails
            ? try governance.propose(action: "rollout-undo", ["revision=77"]) : try governance.propose()
        try governance.land(id)
        scene.server.failsMutations = ending == .unknown
        let outcome = try scene.run()
        switch ending {
        case .success: #expect(outcome.status == .executed, "\(outcome.detail)")
        case .precheckFails, .wrongCluster: #expect(outcome.status == .aborted, "\(outcome.detail)")
        case .unknown: #expect(outcome.status == .unknown, "\(outcome.detail)")
        }
        #expect(scene.server.isItself)
        try governance.expectNowhere(
            [TokenServer.signature],
            in: [CommandResult(status: 0, output: scene.said.text, errors: outcome.json.canonicalText)])
    }
}
