import ChangeModel
import OperatingSystem
import TestSupport

@testable import AWSExecutor

extension MotoServer {
    var endpoints: EndpointSettings {
        var endpoints = EndpointSettings()
        endpoints.configuredForAll = address
        return endpoints
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

extension Program {
    /// What a Python program that is given beside moto's server answers, as JSON.
    static func asked(_ script: String, _ argument: JSONValue) throws -> JSONValue {
        let folder = Files.parent(of: AWSPeers.program("moto-server.py"))
        let result = try Program.run(
            ["python3", "-c", script, folder, argument.canonicalText], environment: Host.real().environment)
        return try JSONValue(parsing: result.output)
    }
}
