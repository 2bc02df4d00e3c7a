import ChangeModel
import Documents
import EmbeddedCatalogue
import PolicyEngine
import Runner
import Testing

/// The catalogue that `init` writes, and steps by it.
enum DefaultCatalogue {
    private static let made = Result {
        let template = "templates/governance/"
        var files = [
            "agentsafe.yaml": Array("registry: ./actions/\npolicies: ./policies/\ninventory: ./inventory.yaml\n".utf8)
        ]
        for file in EmbeddedCatalogue.files {
            let path = file.path.hasPrefix(template) ? String(file.path.dropFirst(template.count)) : file.path
            if files[path] == nil { files[path] = file.bytes }
        }
        return try CatalogueLoader.load(from: MemorySource(files: files))
    }

    static func load() throws -> Catalogue { try made.get() }

    /// By name.
    static func kubernetesActions() throws -> [String] {
        try load().actions.values.filter { $0.targetTypes.contains { $0.hasPrefix("k8s-") } }.map(\.name).sorted()
    }

    static func step(_ action: String, _ parameters: [String: JSONValue]) throws -> ExecutionStep {
        let definition = try #require(try load().actions[action])
        var filled = parameters
        for parameter in definition.parameters where filled[parameter.name] == nil {
            filled[parameter.name] = parameter.defaultValue
        }
        return ExecutionStep(
            action: definition,
            target: TargetEntry(
                id: "staging/target", type: definition.targetTypes[0], environment: .staging, sensitivity: .internal,
                locator: [:], location: ChangeModel.SourceLocation(file: "test", line: 1)),
            parameters: filled)
    }
}

/// One action, gone through as the runner does.
struct Performed {
    let prechecks: [PrecheckResult]
    let before: CapturedState
    let report: ExecutionReport
    let after: CapturedState
    let rollback: ChangeStep?
}

extension Bench {
    /// Goes through all of an action of the catalogue; its prechecks must pass.
    @discardableResult
    func perform(
        _ action: String, _ parameters: [String: JSONValue], location: Testing.SourceLocation = #_sourceLocation
    ) throws -> Performed {
        let step = try DefaultCatalogue.step(action, parameters)
        _ = try executor.confirmIdentity(of: step)
        let prechecks = try executor.runPrechecks(for: step)
        #expect(prechecks.map(\.name) == step.action.prechecks.map(\.name), sourceLocation: location)
        for check in prechecks { #expect(check.passed, "\(check)", sourceLocation: location) }
        let before = try executor.captureState(for: step)
        let report = try execute(step, before: before)
        let after = try executor.captureState(for: step)
        for field in step.action.stateFields {
            #expect(before.fields[field.name] != nil && after.fields[field.name] != nil, sourceLocation: location)
        }
        return Performed(
            prechecks: prechecks, before: before, report: report, after: after,
            rollback: RollbackPair.make(for: step, before: before, catalogue: try DefaultCatalogue.load()))
    }

    /// Carries out a rollback pair.
    @discardableResult
    func rollBack(_ pair: ChangeStep?, location: Testing.SourceLocation = #_sourceLocation) throws -> Performed {
        let pair = try #require(pair, sourceLocation: location)
        return try perform(pair.action, pair.parameters, location: location)
    }
}
