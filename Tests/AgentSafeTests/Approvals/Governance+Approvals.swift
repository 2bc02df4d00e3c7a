import ChangeModel
import Git
import Testing

@testable import Ledger

/// A repository in which production has deadlines, and sam, who is an sre, may break the glass.
enum TimedGovernance {
    /// The policy's text, with what stands under `approvals`.
    static func policy(_ terms: [String], required: Int = 1) -> String {
        """
        rules:
          - name: prod-in-time
            priority: 5000
            match:
              targets:
                environments: [prod]
              callers:
                roles: [deployer, sre]
            decision: require_approval
            approvals:
              require:
                - role: approver
                  count: \(required)
        \(terms.map { "      " + $0 }.joined(separator: "\n"))
            reason: In time, or in an emergency.

        """
    }

    static let deadlines = ["review_by: 4h", "execute_within: 30m"]
    static let glass = ["break_glass: {roles: [sre], review_within: 24h}"]
    static let path = "policies/zz-timed.yaml"

    private static let original = Result {
        let governance = try Governance.keptForAll()
        try governance.trustCommit([path: { _ in policy(deadlines + glass) }])
        return governance
    }

    static func copy() throws -> Governance { try Governance(copying: try original.shared()) }

    static func copy(_ terms: [String], required: Int = 1) throws -> Governance {
        let governance = try copy()
        try governance.setTerms(terms, required: required)
        return governance
    }
}

extension Governance {
    static let minute: Int64 = 60
    static let hour: Int64 = 3600

    func setTerms(_ terms: [String], required: Int = 1) throws {
        try trustCommit([TimedGovernance.path: { _ in TimedGovernance.policy(terms, required: required) }])
    }

    /// A change in production, whose decision the gate has recorded.
    func decided(replicas: Int = 5, land: Bool = false) throws -> ChangeID {
        let id = try propose(target: "prod/api-server", ["replicas=\(replicas)"])
        try gateRun(10, ["--record"], head: id)
        if land { try self.land(id) }
        return id
    }

    /// Lets the gate record what it finds, on main and on vote branches.
    func recordVotes() throws {
        try git("gate", "fetch", "-q", "--prune")
        try expect(0, "gate", ["gate", "--record", "--output", "json"])
    }

    /// Code of the decision that `gate` or `status` shows.
    func code(of id: ChangeID) throws -> String? {
        try git("sam", "fetch", "-q", "--prune")
        let json = try agentsafe("sam", ["status", id.text, "--output", "json"]).json
        return json.at("change", "decision", "code")?.stringValue
    }

    func execute(_ id: ChangeID, status: Int32 = 0) throws -> CommandResult {
        try expect(status, "runner", ["run", id.text, "--output", "json"] + cluster())
    }

    @discardableResult
    func breakGlass(
        _ id: ChangeID, as actor: String = "sam", reason: String = "Checkout is down", status: Int32 = 0
    ) throws -> CommandResult {
        try expect(status, actor, ["break-glass", id.text, "--reason", reason, "--yes", "--output", "json"])
    }

    /// What `reviews` shows.
    func reviews(seenBy actor: String = "carol", _ options: String..., status: Int32 = 0) throws -> [JSONValue] {
        try git(actor, "fetch", "-q")
        return try expect(status, actor, ["reviews", "--output", "json"] + options).json["open_reviews"]?.arrayValue
            ?? []
    }
}
