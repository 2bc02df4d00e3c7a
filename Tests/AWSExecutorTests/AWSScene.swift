import ChangeModel
import Documents
import OperatingSystem
import Runner
import Synchronization
import TestSupport
import Testing

@testable import AWSExecutor

/// The shipped actions, carried out on moto's server as the runner would: identity, prechecks, before-state, execution,
/// after-state.
final class AWSScene {
    static let region = "eu-central-1"
    let moto: MotoServer
    let executor: AWSExecutor
    private(set) var progress: [String] = []

    static let catalogue: Result<Catalogue, any Error> = Result {
        let folder = Files.parent(of: Files.parent(of: Files.parent(of: #filePath))) + "/actions"
        var files: [String: [UInt8]] = ["agentsafe.yaml": Array("target_binding: enforce\n".utf8)]
        for name in try Files.list(folder) where name.hasSuffix(".yaml") {
            files["actions/\(name)"] = try Files.read("\(folder)/\(name)")
        }
        files["inventory.yaml"] = Array("targets: []\n".utf8)
        files["policies/none.yaml"] = Array("rules: []\n".utf8)
        return try CatalogueLoader.load(from: MemorySource(files: files))
    }

    /// No two scenes have it: what is made in one is nobody else's.
    let suffix: String
    private static let count = Atomic<Int>(0)

    /// - Parameters:
    ///   - isAlone: with a server of its own, whose settings it may change.
    ///   - server: one that is there already.
    ///   - address: what stands before the server; nil: nothing.
    init?(
        timeout: Int = 60, pauses: Pauses = Pauses(), isAlone: Bool = false, server: MotoServer? = nil,
        address: String? = nil, key: AccessKey = AccessKey(id: "test", secret: "test")
    ) throws {
        guard let moto = try server ?? (isAlone ? MotoServer() : MotoServer.shared()) else { return nil }
        suffix = "t\(Self.count.add(1, ordering: .relaxed).newValue)"
        self.moto = moto
        var endpoints = moto.endpoints
        if let address { endpoints.configuredForAll = address }
        executor = AWSExecutor(
            plan: .environment(key), endpoints: endpoints,
            host: .forAWS(pauses: pauses), evidenceKey: EvidenceKey(Array(repeating: 7, count: 32)),
            convergenceTimeout: timeout)
    }

    func step(
        _ action: String, _ parameters: [String: JSONValue], locator: [String: String] = [:]
    ) throws -> ExecutionStep {
        let definition = try #require(try Self.catalogue.get().actions[action])
        let target = TargetEntry(
            id: "aws/x", type: definition.targetTypes[0], environment: .staging, sensitivity: .internal, owner: "me",
            locator: locator, location: SourceLocation(file: "inventory.yaml", line: 1))
        return ExecutionStep(
            action: definition, target: target,
            parameters: parameters.merging(["region": .string(Self.region)]) { own, _ in own })
    }

    @discardableResult
    func boto(_ expression: String) throws -> JSONValue { try moto.boto(expression, scope: suffix) }

    struct Run {
        let prechecks: [PrecheckResult]
        let before: CapturedState
        let report: ExecutionReport
        let after: CapturedState
        let rollback: ChangeStep?

        var passed: Bool { prechecks.allSatisfy { $0.passed } }
    }

    func run(_ step: ExecutionStep) throws -> Run {
        #expect(try executor.confirmIdentity(of: step)["account"] == "123456789012")
        let prechecks = try executor.runPrechecks(for: step)
        #expect(prechecks.map(\.name) == step.action.prechecks.map(\.name))
        let before = try executor.captureState(for: step)
        let report = try executor.execute(
            step, before: before, mayMutate: { true }, progress: { self.progress.append($0) })
        let after = try executor.captureState(for: step)
        return Run(
            prechecks: prechecks, before: before, report: report, after: after,
            rollback: RollbackPair.make(for: step, before: before, catalogue: try Self.catalogue.get()))
    }

    /// Carries out the pair that the run recorded.
    func rollBack(_ run: Run) throws -> Run {
        let pair = try #require(run.rollback)
        return try self.run(try step(pair.action, pair.parameters))
    }

    func refused(
        _ code: ExecutionError.Code, _ action: String, _ parameters: [String: JSONValue],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let step = try step(action, parameters)
        let error = #expect(throws: ExecutionError.self, sourceLocation: sourceLocation) {
            let before = try executor.captureState(for: step)
            _ = try executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(
            error?.code == code && error?.mayHaveBeenApplied == false, "\(String(describing: error))",
            sourceLocation: sourceLocation)
    }
}

/// So that params can name what one scene alone has.
extension JSONValue: ExpressibleByStringInterpolation {}
