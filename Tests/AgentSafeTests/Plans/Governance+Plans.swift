import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

extension Governance {
    /// Proposes the steps of a YAML list and pushes; returns the identifier.
    func proposePlan(_ steps: String, as actor: String = "agent", options: [String] = []) throws -> ChangeID {
        let path = directory.file("steps.yaml")
        try Files.writeAtomically(path, Array(steps.utf8))
        return try id(
            of: agentsafe(
                actor,
                ["propose", "--steps", path, "--reason", Self.reason, "--push", "--output", "json"] + options))
    }

    /// The identifier that a `propose` or a `rollback` printed.
    func id(of result: CommandResult) throws -> ChangeID {
        try #require((try? result.json)?["id"]?.stringValue.flatMap { ChangeID($0) }, "\(result)")
    }

    /// Lands and runs; returns what `run` says of the change.
    @discardableResult
    func carryOut(_ id: ChangeID, expecting status: Int32 = 0) throws -> JSONValue {
        try land(id)
        let report = try expect(status, "runner", ["run", id.text, "--output", "json"] + cluster()).json
        return try #require(report["runs"]?.arrayValue?.first)
    }

    /// The identifier of the last execution on an inventory's target.
    func lastExecution(on target: String) throws -> ChangeID? {
        let desk = try LedgerDesk(self)
        let entry = try #require(try desk.main.catalogue().targets[target])
        return try desk.history.state.lastExecution(entry.lockKey)?.change
    }

    /// The change's file as it is on its branch.
    func file(of id: ChangeID) throws -> String {
        try git("sam", "fetch", "-q")
        return try text("\(id.folder)/change.yaml", at: "origin/\(id.branch)", seenBy: "sam")
    }

    static let threeSteps = """
        - action: scale-deployment
          target: staging/api-server
          params: {replicas: 4}
        - action: scale-deployment
          target: dev/api-server
          params: {replicas: 3}
        - action: rollout-status
          target: staging/api-server
        """

    /// Its second step is taken by the API server, and never rolls out.
    static let failsAtTwo = """
        - action: scale-deployment
          target: staging/api-server
          params: {replicas: 4}
        - action: update-image
          target: dev/api-server
          params: {container: api, image: "registry.example/api-server:broken"}
        - action: restart-deployment
          target: staging/api-server
        """
}

extension JSONValue {
    /// The `name` of each step that a run or an event tells of.
    func ofSteps(_ name: String) -> [String] { (self["steps"]?.arrayValue ?? []).map { $0[name]?.stringValue ?? "" } }
}
