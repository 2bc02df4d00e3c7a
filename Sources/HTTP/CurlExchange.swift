internal import CCurl

/// What libcurl's callbacks see of one exchange.
final class CurlExchange {
    private let maximumHead: Int
    private let maximumBody: Int
    private let receive: ((ArraySlice<UInt8>) -> StreamStep)?
    let isCancelled: (@Sendable () -> Bool)?
    private let acceptsPeer: (@Sendable (String) -> Bool)?

    /// Whether a byte of the request can have reached the server.
    private(set) var hasBegun = false
    /// Whether libcurl wanted to send the request a second time.
    private(set) var wasRepeated = false
    /// Whether the connection led to whom nothing may be sent.
    private(set) var isPeerRefused = false
    private(set) var isHeadTooLarge = false
    private(set) var isBodyTooLarge = false
    private(set) var wasStopped = false
    private var headSize = 0
    private var status = 0
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var hasBody = false

    init(
        settings: ConnectionSettings, receive: ((ArraySlice<UInt8>) -> StreamStep)?,
        isCancelled: (@Sendable () -> Bool)?
    ) {
        maximumHead = settings.maximumHead
        maximumBody = settings.maximumBody
        acceptsPeer = settings.acceptsPeer
        self.receive = receive
        self.isCancelled = isCancelled
    }

    var response: HTTPResponse { HTTPResponse(status: status, headers: headers, body: body) }

    /// Called when a connection stands. libcurl sends a request again by itself when a kept connection broke before the
    /// first byte of the answer; the server may have acted on it all the same, so here the second time is the last.
    ///
    /// - Parameter peer: the IP address at the other end.
    func begin(peer: String) -> Bool {
        guard !hasBegun else {
            wasRepeated = true
            return false
        }
        if let acceptsPeer, !acceptsPeer(peer) {
            isPeerRefused = true
            return false
        }
        hasBegun = true
        return true
    }

    func takeHead(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        headSize += line.count
        guard headSize <= maximumHead else {
            isHeadTooLarge = true
            return false
        }
        // What follows the body (trailers) is not read, only bounded.
        guard !hasBody else { return true }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // An interim answer (1xx) comes before the real one, with a head of its own.
            headers = []
            status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
        } else if let colon = text.firstIndex(of: ":") {
            headers.append((name: String(text[..<colon]), value: Self.trimmed(text[text.index(after: colon)...])))
        }
        return true
    }

    func takeBody(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        hasBody = true
        if let receive, (200..<300).contains(status) {
            if receive(Array(bytes)[...]) == .goOn { return true }
            wasStopped = true
            return false
        }
        guard body.count + bytes.count <= maximumBody else {
            isBodyTooLarge = true
            body = []
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        let end = text.utf8.lastIndex { !isSpace($0) }.map { text.utf8.index(after: $0) } ?? text.startIndex
        return String(decoding: text.utf8[..<end].drop(while: isSpace), as: UTF8.self)
    }

    /// Lets libcurl call this exchange, which must outlive the transfer.
    func attach(to options: inout CurlOptions) {
        let subject = Unmanaged.passUnretained(self).toOpaque()
        let pointer = options.handle.pointer
        options.note(
            agentsafe_curl_set_receivers(
                pointer,
                { bytes, size, count, subject in
                    let line = buffer(bytes, size * count)
                    return exchange(subject)?.takeHead(line) == true ? line.count : 0
                },
                { bytes, size, count, subject in
                    let piece = buffer(bytes, size * count)
                    if exchange(subject)?.takeBody(piece) == true { return piece.count }
                    // Any other number than its own stops libcurl, also for an empty piece.
                    return piece.isEmpty ? 1 : 0
                }, subject), CURLOPT_WRITEFUNCTION)
        options.note(
            agentsafe_curl_set_prerequest(
                pointer,
                { subject, peer, _, _, _ in
                    exchange(subject)?.begin(peer: peer.map { String(cString: $0) } ?? "") == true
                        ? Int32(CURL_PREREQFUNC_OK) : Int32(CURL_PREREQFUNC_ABORT)
                }, subject), CURLOPT_PREREQFUNCTION)
        guard isCancelled != nil else { return }
        options.note(
            agentsafe_curl_set_progress(
                pointer, { subject, _, _, _, _ in exchange(subject)?.isCancelled?() == true ? 1 : 0 }, subject),
            CURLOPT_XFERINFOFUNCTION)
    }
}

private func exchange(_ subject: UnsafeMutableRawPointer?) -> CurlExchange? {
    subject.map { Unmanaged<CurlExchange>.fromOpaque($0).takeUnretainedValue() }
}

private func buffer(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
        start: bytes.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }, count: bytes == nil ? 0 : count)
}
