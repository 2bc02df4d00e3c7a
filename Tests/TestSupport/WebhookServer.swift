public import ChangeModel
internal import OperatingSystem

/// A receiver of webhooks on loopback, which checks signatures by itself: see `Programs/webhook-server.py`.
public final class WebhookServer: Sendable {
    private static let program = Files.parent(of: #filePath) + "/Programs/webhook-server.py"
    private let process: ServerProcess
    public var port: Int { process.port }

    /// - Parameter options: see the program's first lines.
    public init(_ options: [String: JSONValue] = [:]) throws {
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

    /// What to do with the next requests, one after another.
    public func plan(_ acts: [String]) throws {
        _ = try process.ask("plan " + JSONValue.array(acts.map { .string($0) }).canonicalText)
    }

    /// Every request: `id`, `target`, `headers` (pairs), `fault`, `act`, `body` each.
    public func log() throws -> [JSONValue] { try JSONValue(parsing: try process.ask("log")).arrayValue ?? [] }

    /// What was taken: by id, how often, and the different bodies (one, if all is well).
    public func kept() throws -> [String: (times: Int, bodies: [String])] {
        var kept: [String: (times: Int, bodies: [String])] = [:]
        for (id, entry) in try JSONValue(parsing: try process.ask("kept")).objectValue ?? [:] {
            kept[id] = (
                Int(entry["times"]?.integerValue ?? 0),
                entry["bodies"]?.arrayValue?.compactMap { $0.stringValue } ?? []
            )
        }
        return kept
    }
}
