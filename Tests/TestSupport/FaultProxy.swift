internal import ChangeModel
internal import OperatingSystem

/// TLS with client certificates where there are any, and harm between a client and a plain server: see `Programs/fault-proxy.py`.
public final class FaultProxy: Sendable {
    public enum Fault: String, Sendable, CaseIterable {
        case request, response, slow, truncated, longer, shorter, garbage, storm
        case stormAfter = "storm-after"
    }

    private let process: ServerProcess
    private let scheme: String
    public var address: String { "\(scheme)://127.0.0.1:\(process.port)" }

    /// - Parameter certificates: nil for plain HTTP.
    public init(_ certificates: Certificates?, upstream: Int) throws {
        let options: JSONValue = .compact([
            "certificate": certificates.map { .string($0.path("server.crt")) },
            "key": certificates.map { .string($0.path("server.key")) },
            "clients": certificates.map { .string($0.path("ca.crt")) }, "upstream": .integer(Int64(upstream)),
        ])
        scheme = certificates == nil ? "http" : "https"
        let program = Files.parent(of: #filePath) + "/Programs/fault-proxy.py"
        process = try ServerProcess(["python3", program, options.canonicalText])
    }

    /// Harms an exchange, counted from 0 from here on, and `times - 1` after it; nil harms nothing any more.
    public func arm(_ fault: Fault?, exchange: Int = 0, at: Int = 0, times: Int = 1) throws {
        let order: JSONValue =
            fault.map {
                [
                    "fault": .string($0.rawValue), "exchange": .integer(Int64(exchange)), "at": .integer(Int64(at)),
                    "times": .integer(Int64(times)),
                ]
            } ?? [:]
        _ = try process.ask(order.canonicalText)
    }

    /// Bytes of request and answer of each exchange since the last `arm`.
    public func sizes() throws -> [(request: Int, answer: Int)] {
        try (JSONValue(parsing: try process.ask("count")).arrayValue ?? []).map {
            (Int($0.arrayValue?.first?.integerValue ?? 0), Int($0.arrayValue?.last?.integerValue ?? 0))
        }
    }
}
