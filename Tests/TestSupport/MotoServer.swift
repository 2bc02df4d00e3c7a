public import ChangeModel
internal import OperatingSystem
internal import Synchronization

/// A Python with botocore and moto, which `Tests/run.sh` makes; without it these tests say that they are skipped.
public enum AWSPeers {
    public static let python: String? = {
        let path = Host.real().environment["AGENTSAFE_TEST_AWS_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
        if path == nil { print("SKIPPED: tests against botocore and moto; set AGENTSAFE_TEST_AWS_PYTHON") }
        return path
    }()

    public static func program(_ name: String) -> String { Files.parent(of: #filePath) + "/Programs/\(name)" }
}

/// moto's server; boto3 prepares what is there and reads it back. One is shared by tests that name things by themselves, for
/// it takes seconds to start.
public final class MotoServer: Sendable {
    private let process: Mutex<ServerProcess>
    public let address: String
    public let port: Int

    private static let common = Result { try MotoServer() }
    public static func shared() throws -> MotoServer? { try common.get() }

    public init?() throws {
        guard let python = AWSPeers.python else { return nil }
        let process = try ServerProcess([python, AWSPeers.program("moto-server.py")])
        port = process.port
        address = "http://127.0.0.1:\(process.port)"
        self.process = Mutex(process)
    }

    public struct Refused: Error {
        public let why: String
    }

    /// Evaluates a Python expression in which `boto("iam")` is a client.
    @discardableResult
    public func boto(_ expression: String, scope: String) throws -> JSONValue {
        let line = try process.withLock { try $0.ask("\(scope) \(expression)") }
        let answer = try JSONValue(parsing: Array(line.utf8))
        if let why = answer["error"]?.stringValue { throw Refused(why: "\(expression): \(why)") }
        return answer
    }
}
