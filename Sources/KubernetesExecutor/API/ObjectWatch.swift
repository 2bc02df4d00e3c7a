internal import ChangeModel
internal import HTTP

/// How following an object came to its end.
enum WatchEnd {
    /// The receiver has seen enough.
    case stopped
    /// The server, or the network, ended it; the object may be another by now.
    case ended
    /// It cannot be followed: no stream, no right to watch, a version that is too old.
    case unavailable
}

extension APIClient {
    /// Follows one object from a version on (Kubernetes, "Efficient detection of changes"): one request for all that happens.
    ///
    /// Nothing that goes wrong is an error here: whoever asked looks at the object again, and sees what is wrong then.
    ///
    /// - Parameters:
    ///   - collection: where the object is.
    ///   - seconds: after so many the server ends it.
    ///   - receive: gets the object after each change, and the event's type; true when it has seen enough.
    func watch(
        _ collection: ResourceAddress, name: String, from version: String, seconds: Int,
        receive: (_ type: String, _ object: JSONValue) -> Bool
    ) -> WatchEnd {
        guard let transport = transport as? any HTTPStreamingTransport,
            let target = RequestTarget(
                segments: collection.segments,
                query: [
                    .init("watch", "true"), .init("fieldSelector", "metadata.name=\(name)"),
                    .init("resourceVersion", version), .init("timeoutSeconds", String(seconds)),
                ])
        else { return .unavailable }
        let request = HTTPRequest(
            method: "GET", target: target.text,
            headers: [(name: "Accept", value: "application/json"), (name: "User-Agent", value: "agentsafe")],
            timeout: seconds + Self.patience)
        let lines = WatchLines()
        let response = withoutActuallyEscaping(receive) { receive in
            try? transport.stream(request, idleTimeout: seconds + Self.patience) { piece in
                lines.take(piece, receive) ? .stop : .goOn
            }
        }
        if lines.isEnough { return .stopped }
        if lines.isUnusable { return .unavailable }
        return response.map { $0.status == 200 ? .ended : .unavailable } ?? .ended
    }

    /// Seconds beyond its own time that a server has to end a watch.
    private static let patience = 10
}

/// Cuts a stream of events, one JSON object a line, into events.
private final class WatchLines {
    private var rest: [UInt8] = []
    private(set) var isEnough = false
    private(set) var isUnusable = false

    /// - Returns: whether the stream is to be ended.
    func take(_ piece: ArraySlice<UInt8>, _ receive: (String, JSONValue) -> Bool) -> Bool {
        rest += piece
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(rest[..<end])
            rest.removeSubrange(...end)
            guard let event = try? JSONValue(parsing: line, limits: APIClient.responseLimits),
                let type = event["type"]?.stringValue, let object = event["object"], type != "ERROR"
            else {
                isUnusable = true
                return true
            }
            if receive(type, object) {
                isEnough = true
                return true
            }
        }
        isUnusable = rest.count > APIClient.responseLimits.bytes
        return isUnusable
    }
}
