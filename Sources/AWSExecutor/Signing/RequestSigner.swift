public import ChangeModel
public import CryptoPrimitives
public import HTTP

/// Signs requests with AWS Signature Version 4, in their headers (AWS General Reference, "Signature Version 4 for API
/// requests").
///
/// libcurl signs too, but 7.88.1, as Debian has it, passes none of AWS's 38 vectors: given their date it signs a header
/// without a name. So the signature is made here, over OpenSSL's HMAC.
public struct RequestSigner: Sendable {
    /// How a path enters the signature.
    public enum PathStyle: Sendable {
        /// Dot segments resolved, and encoded once more than on the wire: every service but S3.
        case normalised
        case encoded
        /// Byte for byte: S3, whose keys may hold anything.
        case asSent
    }

    /// `us-east-1`
    public let region: String
    /// The name in the credential scope: `ec2`, `iam`, `s3`.
    public let service: String
    public let pathStyle: PathStyle
    /// Whether the hash of the body goes along as `X-Amz-Content-Sha256`, as S3 demands.
    public let sendsPayloadHash: Bool
    /// Whether a session token is signed; some gateways add theirs after signing.
    let signsToken: Bool

    public init(region: String, service: String) {
        let isObjectStore = service == "s3"
        self.init(
            region: region, service: service, pathStyle: isObjectStore ? .asSent : .normalised,
            sendsPayloadHash: isObjectStore)
    }

    init(
        region: String, service: String, pathStyle: PathStyle, sendsPayloadHash: Bool,
        signsToken: Bool = true
    ) {
        self.region = region
        self.service = service
        self.pathStyle = pathStyle
        self.sendsPayloadHash = sendsPayloadHash
        self.signsToken = signsToken
    }

    /// The steps of one signature, for tests against vectors.
    struct Steps {
        let canonicalRequest: String
        let stringToSign: String
        let signature: String
    }

    /// Adds `X-Amz-Date`, `Authorization` and what else the signature needs.
    ///
    /// - Parameters:
    ///   - request: not signed yet; its target is what goes on the wire.
    ///   - host: the `Host` field as it will be sent, with the port where it is not the scheme's own. It is signed, and
    ///     added only where `request` names one already: the connection sends it.
    ///   - instant: AWS takes five minutes to either side of its own clock.
    /// - Throws: `CryptoError` when OpenSSL refuses, which it does for no input.
    public func sign(
        _ request: inout HTTPRequest, host: String, with key: AccessKey, at instant: Timestamp
    ) throws(CryptoError) {
        _ = try steps(&request, host: host, with: key, at: instant)
    }

    func steps(
        _ request: inout HTTPRequest, host: String, with key: AccessKey, at instant: Timestamp
    ) throws(CryptoError) -> Steps {
        let compact = instant.compact
        let day = String(compact.prefix(8))
        let time = "\(day)T\(compact.dropFirst(8))"
        let payload = Hexadecimal.text(SHA256.hash(request.body))
        if request.header("X-Amz-Date") == nil {
            request.headers.append((name: "X-Amz-Date", value: time))
        }
        if sendsPayloadHash { request.headers.append((name: "X-Amz-Content-Sha256", value: payload)) }
        let token = key.sessionToken.map { (name: "X-Amz-Security-Token", value: $0) }
        if signsToken, let token { request.headers.append(token) }
        let headers = request.header("Host") == nil ? [(name: "Host", value: host)] : []
        let canonical = CanonicalRequest(
            method: request.method, target: request.target, headers: headers + request.headers,
            payload: payload,
            path: pathStyle)
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let digest = Hexadecimal.text(SHA256.hash(Array(canonical.text.utf8)))
        let toSign = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(digest)"
        var derived = Array("AWS4\(key.secret)".utf8)
        defer { SecretBytes.wipe(&derived) }
        for part in [day, region, service, "aws4_request"] {
            derived = try HMACSHA256.code(for: Array(part.utf8), key: derived)
        }
        let signature = Hexadecimal.text(try HMACSHA256.code(for: Array(toSign.utf8), key: derived))
        request.headers.append(
            (
                name: "Authorization",
                value:
                    "AWS4-HMAC-SHA256 Credential=\(key.id)/\(scope), SignedHeaders=\(canonical.signedHeaders), "
                    + "Signature=\(signature)"
            ))
        if !signsToken, let token { request.headers.append(token) }
        return Steps(canonicalRequest: canonical.text, stringToSign: toSign, signature: signature)
    }
}
