import ChangeModel
import Documents
import EmbeddedCatalogue
import HTTP
import KubernetesExecutor
import OperatingSystem
import PolicyEngine
import Runner
import Testing

/// The default catalogue, as `init` writes it.
enum DefaultCatalogue {
    static let made = Result {
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
}

/// One action, from the question who the target is to after-state, as the runner goes through it.
struct Performed {
    let step: ExecutionStep
    let identity: [String: String]
    let prechecks: [PrecheckResult]
    let before: CapturedState
    let report: ExecutionReport
    let after: CapturedState
    let progress: [String]
    let rollback: ChangeStep?

    /// The names of the prechecks that were answered.
    var checked: [String] { prechecks.map(\.name) }
    var passed: Bool { prechecks.allSatisfy(\.passed) }
}

/// An executor of the default catalogue's actions on one test's namespace.
final class Performer {
    let cluster: RealCluster
    let transport: ProbeTransport
    let executor: any Executor
    var mayMutate = true
    /// Of the target's entry in the inventory.
    var labels: [String: String] = [:]
    /// Called with each line of progress.
    var heard: (String) -> Void = { _ in }

    static let key = EvidenceKey([UInt8](repeating: 7, count: EvidenceKey.size))

    /// - Parameter patience: seconds that the executor waits for a rollout.
    init(
        _ cluster: RealCluster, over transport: any HTTPTransport, streams: (any PodStreams)? = nil, patience: Int = 60
    ) {
        self.cluster = cluster
        self.transport = ProbeTransport(transport)
        executor = KubernetesExecutor(
            transport: self.transport, evidenceKey: Self.key, streams: streams, sleep: Host.real().sleep,
            now: Host.real().now,
            convergenceTimeout: patience)
    }

    convenience init(
        _ cluster: RealCluster, as user: String = "admin", streams: (any PodStreams)? = nil, patience: Int = 60
    ) throws {
        self.init(cluster, over: try RealCluster.transport(user), streams: streams, patience: patience)
    }

    static func target(
        _ type: String, locator: [String: String] = [:], labels: [String: String] = [:]
    ) -> TargetEntry {
        TargetEntry(
            id: "tests/target", type: type, environment: .staging, sensitivity: .internal, labels: labels,
            locator: locator, location: SourceLocation(file: "test", line: 1))
    }

    func step(
        _ action: String, _ parameters: [String: JSONValue], locator: [String: String] = [:]
    ) throws -> ExecutionStep {
        let definition = try #require(try DefaultCatalogue.made.get().actions[action])
        var filled = parameters
        for parameter in definition.parameters where filled[parameter.name] == nil {
            if parameter.name == "namespace" { filled["namespace"] = .string(cluster.namespace) }
            if let value = parameter.defaultValue { filled[parameter.name] = value }
        }
        return ExecutionStep(
            action: definition,
            target: Self.target(definition.targetTypes[0], locator: locator, labels: labels),
            parameters: filled)
    }

    /// Goes through all of it; prechecks are kept, not judged.
    @discardableResult
    func perform(_ step: ExecutionStep, meanwhile: () throws -> Void = {}) throws -> Performed {
        let identity = try executor.confirmIdentity(of: step)
        let prechecks = try executor.runPrechecks(for: step)
        let before = try executor.captureState(for: step)
        try meanwhile()
        var progress: [String] = []
        let report = try executor.execute(
            step, before: before, mayMutate: { mayMutate },
            progress: {
                progress.append($0)
                heard($0)
            })
        return Performed(
            step: step, identity: identity, prechecks: prechecks, before: before, report: report,
            after: try executor.captureState(for: step), progress: progress,
            rollback: RollbackPair.make(for: step, before: before, catalogue: try DefaultCatalogue.made.get()))
    }

    @discardableResult
    func perform(
        _ action: String, _ parameters: [String: JSONValue], meanwhile: () throws -> Void = {}
    ) throws -> Performed {
        try perform(try step(action, parameters), meanwhile: meanwhile)
    }

    /// Which prechecks pass, in the action's order.
    func verdicts(on step: ExecutionStep) throws -> [Bool] {
        try executor.runPrechecks(for: step).map(\.passed)
    }

    /// Carries out the recorded pair, as a rollback does.
    @discardableResult
    func rollBack(_ performed: Performed) throws -> Performed {
        let pair = try #require(performed.rollback, "no pair was made for \(performed.step.action.name)")
        return try perform(pair.action, pair.parameters)
    }

    /// The error of an execution that must fail.
    func failure(
        _ action: String, _ parameters: [String: JSONValue], meanwhile: () throws -> Void = {}
    ) throws -> ExecutionError? {
        do {
            try perform(action, parameters, meanwhile: meanwhile)
            return nil
        } catch let error as ExecutionError {
            return error
        }
    }
}

/// Passes everything on, remembers it, and can do something in between.
final class ProbeTransport: HTTPStreamingTransport {
    private let next: any HTTPTransport
    private(set) var requests: [HTTPRequest] = []
    /// Called before a request is passed on.
    var beforeSend: ((HTTPRequest) -> Void)?
    var hasStreams = true

    init(_ next: any HTTPTransport) { self.next = next }

    var mutations: [HTTPRequest] { requests.filter { $0.method != "GET" } }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        requests.append(request)
        beforeSend?(request)
        return try next.send(request)
    }

    /// Only where the other end has streams.
    func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        requests.append(request)
        beforeSend?(request)
        guard hasStreams, let next = next as? any HTTPStreamingTransport else {
            throw HTTPError(code: .malformed, mayHaveBeenApplied: false, message: "no streams here")
        }
        return try next.stream(request, idleTimeout: idleTimeout, receive: receive)
    }
}
