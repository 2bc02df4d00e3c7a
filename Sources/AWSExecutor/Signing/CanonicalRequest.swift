internal import CryptoPrimitives
internal import HTTP

/// A request as AWS signs it (Signature Version 4, "Create a canonical request"): every detail that a proxy may change
/// without changing the meaning has one spelling.
struct CanonicalRequest {
    let text: String
    /// `host;x-amz-date`
    let signedHeaders: String

    /// What proxies and clients write anew; botocore and the SDKs leave them unsigned as well.
    private static let unsigned: Set<String> = [
        "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
    ]

    /// - Parameters:
    ///   - headers: all that are sent, `Host` among them.
    ///   - payload: the hash of the body in hexadecimal, or what stands in its place.
    init(
        method: String, target: String, headers: [(name: String, value: String)], payload: String,
        path style: RequestSigner.PathStyle
    ) {
        let parts = target.utf8.split(
            separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(Substring(parts[0]))
        let query = parts.count == 2 ? String(Substring(parts[1])) : ""
        var values: [String: [String]] = [:]
        for header in headers {
            let name = header.name.lowercased()
            guard !Self.unsigned.contains(name) else { continue }
            values[name, default: []].append(Self.folded(header.value))
        }
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        signedHeaders = names.joined(separator: ";")
        var lines = [method, Self.path(path, style), Self.query(query)]
        lines += names.map { "\($0):\(values[$0, default: []].joined(separator: ","))" }
        lines += ["", signedHeaders, payload]
        text = lines.joined(separator: "\n")
    }

    /// Without blanks at the ends, and with one for each run of them inside.
    private static func folded(_ value: String) -> String {
        value.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D })
            .map { String(Substring($0)) }.joined(separator: " ")
    }

    private static func path(_ path: String, _ style: RequestSigner.PathStyle) -> String {
        guard style != .asSent else { return path.isEmpty ? "/" : path }
        var path = path
        if style == .normalised {
            var segments: [Substring.UTF8View] = []
            let given = path.utf8.split(separator: UInt8(ascii: "/"))
            for segment in given {
                if segment.elementsEqual(".".utf8) { continue }
                if segment.elementsEqual("..".utf8) {
                    _ = segments.popLast()
                } else {
                    segments.append(segment)
                }
            }
            let isFolder =
                path.utf8.last == UInt8(ascii: "/") || given.last.map { $0.elementsEqual(".".utf8) } == true
                || given.last.map { $0.elementsEqual("..".utf8) } == true
            path = "/" + segments.map { String(Substring($0)) }.joined(separator: "/")
            if isFolder, !segments.isEmpty { path += "/" }
        }
        let encoded = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { PercentEncoding.encode(String(Substring($0))) }.joined(separator: "/")
        return encoded.isEmpty ? "/" : encoded
    }

    /// Sorted by name and then by value, in their encoded form.
    private static func query(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        let pairs = query.utf8.split(separator: UInt8(ascii: "&")).map {
            item -> (name: String, value: String) in
            let pair = item.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (spelt(pair[0]), pair.count == 2 ? spelt(pair[1]) : "")
        }
        return pairs.sorted { left, right in
            left.name == right.name
                ? left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
                : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Encoded once, however it was encoded; text that cannot be decoded is taken as it is.
    private static func spelt(_ text: Substring.UTF8View) -> String {
        PercentEncoding.encode(PercentEncoding.decode(text) ?? String(Substring(text)))
    }
}
