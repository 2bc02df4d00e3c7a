internal import ChangeModel
internal import OperatingSystem

/// Cuts the connections to a server on loopback at any byte, whatever they carry: see `Programs/cutting-relay.py`.
public final class CuttingRelay: Sendable {
    /// Which way the bytes go that are counted.
    public enum Way: String, Sendable, CaseIterable { case request, answer }

    private let process: ServerProcess
    public var port: Int { process.port }

    public init(upstream: Int) throws {
        let program = Files.parent(of: #filePath) + "/Programs/cutting-relay.py"
        process = try ServerProcess(["python3", program, String(upstream)])
    }

    /// Harms nothing any more, and counts anew.
    public func rest() throws { _ = try process.ask("{}") }

    /// Resets the connection after `bytes` more bytes of one way, and `times - 1` connections after it at once.
    public func cut(_ way: Way, after bytes: Int, times: Int = 1) throws {
        try order(way, bytes, ["times": .integer(Int64(times))])
    }

    /// After `bytes` more bytes of one way its connection passes nothing any more.
    public func stall(_ way: Way, after bytes: Int) throws { try order(way, bytes, ["stalls": true]) }

    private func order(_ way: Way, _ bytes: Int, _ rest: [String: JSONValue]) throws {
        let order: [String: JSONValue] = ["way": .string(way.rawValue), "at": .integer(Int64(bytes))]
        _ = try process.ask(JSONValue.object(order.merging(rest) { $1 }).canonicalText)
    }

    /// Bytes that came since the last order, and how many connections were harmed.
    public func count() throws -> (request: Int, answer: Int, harmed: Int) {
        let numbers = try (JSONValue(parsing: try process.ask("count")).arrayValue ?? []).map {
            Int($0.integerValue ?? 0)
        }
        guard numbers.count == 3 else { throw ServerProcess.Failure(description: "the relay counts \(numbers)") }
        return (numbers[0], numbers[1], numbers[2])
    }
}
