import ChangeModel
import HTTP
import OperatingSystem

/// Recorded exchanges with a real API server (Kubernetes 1.36.2), one JSON file each in `Cassettes/`.
struct Cassette {
    struct Exchange {
        let method: String
        let target: String
        let contentType: String?
        let accept: String
        let requestBody: [UInt8]
        let status: Int
        let responseHeaders: [(name: String, value: String)]
        let responseBody: [UInt8]

        /// nil for a body that is no JSON.
        var response: JSONValue? { try? JSONValue(parsing: responseBody) }
        var requestJSON: JSONValue? { try? JSONValue(parsing: requestBody) }

        var request: HTTPRequest {
            var headers = [(name: "Accept", value: accept)]
            if let contentType { headers.append((name: "Content-Type", value: contentType)) }
            return HTTPRequest(method: method, target: target, headers: headers, body: requestBody)
        }
    }

    let name: String
    let exchanges: [Exchange]

    static let folder = Files.parent(of: #filePath) + "/Cassettes"

    init(_ name: String) throws {
        let path = "\(Self.folder)/\(name).json"
        let content = try JSONValue(parsing: try Files.read(path))
        self.name = name
        exchanges = try (content["exchanges"]?.arrayValue ?? []).map { exchange in
            let line = try Self.text(exchange.at("request", "line")).split(separator: " ")
            let headers = (exchange.at("response", "headers")?.arrayValue ?? []).compactMap { pair in
                pair.arrayValue.flatMap { pair -> (name: String, value: String)? in
                    guard pair.count == 2, let name = pair[0].stringValue, let value = pair[1].stringValue else {
                        return nil
                    }
                    return (name, value)
                }
            }
            return Exchange(
                method: String(line[0]), target: String(line[1]),
                contentType: exchange.at("request", "content_type")?.stringValue,
                accept: Self.header("Accept", exchange.at("request", "headers")) ?? "application/json",
                requestBody: Array((exchange.at("request", "body")?.stringValue ?? "").utf8),
                status: Int(exchange.at("response", "status")?.integerValue ?? 0), responseHeaders: headers,
                responseBody: Array((exchange.at("response", "body")?.stringValue ?? "").utf8))
        }
    }

    private static func header(_ name: String, _ headers: JSONValue?) -> String? {
        headers?.arrayValue?.first { $0.arrayValue?.first?.stringValue == name }?.arrayValue?.last?.stringValue
    }

    private static func text(_ value: JSONValue?) throws -> String {
        guard let text = value?.stringValue else { throw CassetteError.malformed }
        return text
    }

    /// The body of one response.
    static func object(_ name: String, _ index: Int = 0) throws -> JSONValue {
        let cassette = try Cassette(name)
        guard let object = cassette.exchanges[index].response else { throw CassetteError.malformed }
        return object
    }
}

enum CassetteError: Error { case malformed }

extension JSONValue {
    /// What stays the same from run to run: no versions, times, owners of fields or controllers' notes.
    var withoutVolatile: JSONValue {
        switch self {
        case .object(let members):
            let volatile: Set<String> = [
                "uid", "resourceVersion", "creationTimestamp", "managedFields", "lastUpdateTime", "lastTransitionTime",
                "lastHeartbeatTime",
            ]
            return .object(members.filter { !volatile.contains($0.key) }.mapValues(\.withoutVolatile))
        case .array(let elements): return .array(elements.map(\.withoutVolatile))
        default: return self
        }
    }

    /// A copy with one nested member set; nil removes it.
    func setting(_ path: [String], _ value: JSONValue?) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var copy = self
        if path.count == 1 {
            copy[name] = value
        } else {
            copy[name] = (self[name] ?? [:]).setting(Array(path.dropFirst()), value)
        }
        return copy
    }
}
