public import HTTP
internal import OperatingSystem

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A plain HTTP/1.1 server on loopback over anything that answers requests: it makes a server of an object of this process.
/// A request that is not whole is not answered, and never reaches the object.
public final class HTTPFront: @unchecked Sendable {
    public let port: Int
    private let listener: Int32
    private let answer: @Sendable (HTTPRequest) -> HTTPResponse
    private let received = Locked<[HTTPRequest]>([])

    public init(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) throws {
        self.answer = answer
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw ServerProcess.Failure(description: "cannot listen on loopback") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let (own, received) = (listener, received)
        _ = Threads.start {
            while true {
                let connection = accept(own, nil, nil)
                guard connection >= 0 else {
                    if errno == EINTR { continue }
                    return
                }
                _ = Threads.start { Self.serve(connection, answer, received) }
            }
        }
    }

    deinit {
        // Wakes the thread that accepts.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// The requests that arrived whole.
    public var requests: [HTTPRequest] { received.withLock { $0 } }
    public var mutations: [HTTPRequest] { requests.filter { $0.method != "GET" && $0.method != "HEAD" } }

    private static func serve(
        _ connection: Int32, _ answer: (HTTPRequest) -> HTTPResponse, _ received: Locked<[HTTPRequest]>
    ) {
        defer { close(connection) }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        var buffer: [UInt8] = []
        while let request = readRequest(connection, &buffer) {
            received.withLock { $0.append(request) }
            let response = answer(request)
            var text = "HTTP/1.1 \(response.status) X\r\nContent-Length: \(response.body.count)\r\n"
            // The framing is this server's own.
            let framing: Set = ["content-length", "transfer-encoding", "connection"]
            for (name, value) in response.headers where !framing.contains(name.lowercased()) {
                text += "\(name): \(value)\r\n"
            }
            let bytes = Array((text + "\r\n").utf8) + response.body
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { write(connection, $0.baseAddress! + sent, bytes.count - sent) }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    private static func readRequest(_ connection: Int32, _ buffer: inout [UInt8]) -> HTTPRequest? {
        var end: Int?
        while end == nil {
            end = buffer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
            guard end != nil || fill(&buffer, from: connection) else { return nil }
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var request = HTTPRequest(method: String(words[0]), target: String(words[1]))
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            request.headers.append((name: String(line[..<colon]), value: String(value)))
        }
        let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
        while buffer.count < end + length {
            guard fill(&buffer, from: connection) else { return nil }
        }
        request.body = Array(buffer[end..<(end + length)])
        buffer.removeSubrange(..<(end + length))
        return request
    }

    private static func fill(_ buffer: inout [UInt8], from connection: Int32) -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(connection, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            buffer += piece[..<count]
            return true
        }
    }
}
