import ChangeModel
import OperatingSystem
import Synchronization
import TestSupport

@testable import AWSExecutor

/// A Python with botocore and moto, which `Tests/run.sh` makes; without it these tests say that they are skipped.
enum AWSPeers {
    static let python: String? = {
        let path = Host.real().environment["AGENTSAFE_TEST_AWS_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
        if path == nil { print("SKIPPED: tests against botocore and moto; set AGENTSAFE_TEST_AWS_PYTHON") }
        return path
    }()

    static func program(_ name: String) -> String {
        Files.parent(of: Files.parent(of: #filePath)) + "/TestSupport/Programs/\(name)"
    }
}

/// moto's server; boto3 prepares what is there and reads it back. One is shared by tests that name things by themselves, for
/// it takes seconds to start.
final class MotoServer: Sendable {
    private let process: Mutex<ServerProcess>
    let endpoints: EndpointSettings

    private static let common = Result { try MotoServer() }
    static func shared() throws -> MotoServer? { try common.get() }

    init?() throws {
        guard let python = AWSPeers.python else { return nil }
        let process = try ServerProcess([python, AWSPeers.program("moto-server.py")])
        var endpoints = EndpointSettings()
        endpoints.configuredForAll = "http://127.0.0.1:\(process.port)"
        self.endpoints = endpoints
        self.process = Mutex(process)
    }

    struct Refused: Error { let why: String }

    /// Evaluates a Python expression in which `boto("iam")` is a client.
    @discardableResult
    func boto(_ expression: String, scope: String) throws -> JSONValue {
        let line = try process.withLock { try $0.ask("\(scope) \(expression)") }
        let answer = try JSONValue(parsing: Array(line.utf8))
        if let why = answer["error"]?.stringValue { throw Refused(why: "\(expression): \(why)") }
        return answer
    }
}

/// Prepared answers; see `answers-server.py`.
final class AnswersServer {
    private let process: ServerProcess
    var port: Int { process.port }
    var address: String { "http://127.0.0.1:\(port)" }

    init(_ answers: [JSONValue]) throws {
        process = try ServerProcess([
            "python3", AWSPeers.program("answers-server.py"), JSONValue.array(answers).canonicalText,
        ])
    }

    func requests() throws -> [JSONValue] {
        try JSONValue(parsing: Array(try process.ask("log").utf8)).arrayValue ?? []
    }

    var endpoints: EndpointSettings {
        var endpoints = EndpointSettings()
        endpoints.configuredForAll = address
        return endpoints
    }
}

extension Host {
    /// Real but for what tests set: nothing of the machine's own AWS settings, pauses that take no time.
    static func forAWS(
        _ environment: [String: String] = [:], home: String? = nil, pauses: Pauses = Pauses(),
        now: (@Sendable () -> Int64)? = nil
    ) -> Host {
        var host = Host.real()
        host.environment = ["PATH": host.environment["PATH"] ?? "/usr/bin:/bin"].merging(environment) { $1 }
        host.environment["HOME"] = home
        host.sleep = { pauses.add($0) }
        if let now { host.now = now }
        return host
    }
}

/// How long was waited, in milliseconds each.
final class Pauses: @unchecked Sendable {
    private(set) var all: [Int] = []
    func add(_ milliseconds: Int) { all.append(milliseconds) }
}
