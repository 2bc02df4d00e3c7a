public import ChangeModel
internal import OperatingSystem

/// A server on loopback that answers as `Programs/https-server.py` says, well or badly.
public final class HTTPSServer: Sendable {
    private static let program = Files.parent(of: #filePath) + "/Programs/https-server.py"
    private let process: ServerProcess
    public var port: Int { process.port }
    public var address: String { "https://127.0.0.1:\(port)" }

    /// - Parameter options: see the program's first lines.
    public init(_ options: [String: JSONValue]) throws {
        process = try ServerProcess(["python3", Self.program, JSONValue.object(options).canonicalText])
    }

    /// With the certificate `name` of `certificates`.
    public convenience init(
        _ certificates: Certificates, _ name: String = "server", _ options: [String: JSONValue] = [:]
    ) throws {
        let own: [String: JSONValue] = [
            "certificate": .string(certificates.path("\(name).crt")), "key": .string(certificates.path("\(name).key")),
        ]
        try self.init(own.merging(options) { $1 })
    }

    public struct Count: Equatable, Sendable {
        public var connections: Int
        public var requests: Int
        /// All that is neither GET nor HEAD.
        public var mutations: Int
    }

    public func count() throws -> Count {
        let value = try JSONValue(parsing: try process.ask("count"))
        func number(_ key: String) -> Int { Int(value[key]?.integerValue ?? -1) }
        return Count(
            connections: number("connections"), requests: number("requests"), mutations: number("mutations"))
    }

    /// The requests: `method`, `target`, `headers` (pairs) and `body` each.
    public func log() throws -> [JSONValue] { try JSONValue(parsing: try process.ask("log")).arrayValue ?? [] }
}
