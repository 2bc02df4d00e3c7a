internal import ChangeModel
public import HTTP

extension EmbeddedCluster: HTTPStreamingTransport {
    /// A watch tells of each change as it happens, and lets the controllers work between them, as reads do. It ends when nothing
    /// has happened for so many rounds that nothing more will by itself: nobody waits here, whatever `timeoutSeconds` says.
    /// What another process does to the file ends it, too (410). Other answers come in one piece.
    public func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        if ObjectWatch.isMeant(by: request) { return try watch(request) { receive($0[...]) } }
        var response = try send(request)
        guard (200..<300).contains(response.status) else { return response }
        if !response.body.isEmpty { _ = receive(response.body[...]) }
        response.body = []
        return response
    }

    /// More than any controller needs to give up.
    private static let quietRounds = DeploymentController.idleLimit + 3

    func watch(_ request: HTTPRequest, tell: ([UInt8]) -> StreamStep) throws(HTTPError) -> HTTPResponse {
        let head = HTTPResponse(status: 200, headers: [(name: "Content-Type", value: "application/json")])
        var watch: ObjectWatch?
        var quiet = 0
        while quiet < Self.quietRounds {
            var (events, isOver) = ([JSONValue](), false)
            let response = try answer { handler in
                do throws(StatusFailure) {
                    var current: ObjectWatch
                    if let watch { current = watch } else { current = try ObjectWatch(request, handler) }
                    events = try current.next(&handler)
                    watch = current
                    return head
                } catch {
                    // A watch that stood before it failed has said 200 already.
                    guard error.code == 410 else { return error.response }
                    (events, isOver) = ([["type": "ERROR", "object": error.json]], true)
                    return head
                }
            }
            guard response.status == 200 else { return response }
            for event in events where tell(event.canonicalBytes + [0x0A]) == .stop { return head }
            if isOver { break }
            quiet = events.isEmpty ? quiet + 1 : 0
        }
        return head
    }
}
