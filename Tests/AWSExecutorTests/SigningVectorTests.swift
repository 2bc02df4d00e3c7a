import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

/// One case of AWS's own signing test suite; `Vectors/README.md` says where it comes from.
struct SigningVector: CustomTestStringConvertible, Sendable {
    let name: String
    let key: AccessKey
    let signer: RequestSigner
    let at: Timestamp
    /// As it stands there, without the `Host` field taken out.
    let request: HTTPRequest
    let canonicalRequest: String
    let stringToSign: String
    let signature: String

    var testDescription: String { name }

    static let all: [SigningVector] = {
        guard let path = VectorFile.path, let bytes = try? Files.read(path),
            let cases = try? JSONValue(parsing: bytes).arrayValue
        else { return [] }
        return cases.compactMap { SigningVector($0) }
    }()

    init?(_ json: JSONValue) {
        let context = json["context"] ?? .null
        guard let name = json["name"]?.stringValue, let text = json["request"]?.stringValue,
            let id = context.at("credentials", "access_key_id")?.stringValue,
            let secret = context.at("credentials", "secret_access_key")?.stringValue,
            let region = context["region"]?.stringValue, let service = context["service"]?.stringValue,
            let at = context["timestamp"]?.stringValue.flatMap({ Timestamp($0) }),
            let canonicalRequest = json["header-canonical-request"]?.stringValue,
            let stringToSign = json["header-string-to-sign"]?.stringValue,
            let signature = json["header-signature"]?.stringValue, let request = Self.request(text)
        else { return nil }
        self.name = name
        key = AccessKey(
            id: id, secret: secret, sessionToken: context.at("credentials", "token")?.stringValue)
        signer = RequestSigner(
            region: region, service: service,
            pathStyle: context["normalize"] == false ? .encoded : .normalised,
            sendsPayloadHash: context["sign_body"] == true,
            signsToken: context["omit_session_token"] != true)
        self.at = at
        self.request = request
        self.canonicalRequest = canonicalRequest
        self.stringToSign = stringToSign
        self.signature = signature
    }

    /// `GET /path HTTP/1.1`, fields, an empty line, the body. A path may hold blanks, and a field may be folded.
    private static func request(_ text: String) -> HTTPRequest? {
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\n")
        guard let line = lines.first, let blank = line.firstIndex(of: " "),
            let end = line.lastIndex(of: " "), blank < end
        else { return nil }
        var headers: [(name: String, value: String)] = []
        for field in lines.dropFirst() {
            if field.first == " ", let last = headers.indices.last {
                headers[last].value += "\n" + field
            } else if let colon = field.firstIndex(of: ":") {
                headers.append((String(field[..<colon]), String(field[field.index(after: colon)...])))
            }
        }
        return HTTPRequest(
            method: String(line[..<blank]), target: String(line[line.index(after: blank)..<end]),
            headers: headers,
            body: parts.count == 2 ? Array(parts[1].utf8) : [])
    }
}

@Suite("AWS's own signing vectors")
struct SigningVectorTests {
    @Test("all 38 are there") func count() { #expect(SigningVector.all.count == 38) }

    @Test("each step comes out as AWS says", arguments: SigningVector.all)
    func steps(_ vector: SigningVector) throws {
        var request = vector.request
        let steps = try vector.signer.steps(
            &request, host: "example.amazonaws.com", with: vector.key, at: vector.at)
        #expect(steps.canonicalRequest == vector.canonicalRequest)
        #expect(steps.stringToSign == vector.stringToSign)
        #expect(steps.signature == vector.signature)
        #expect(request.header("Authorization")?.hasSuffix("Signature=\(vector.signature)") == true)
        #expect(!"\(vector.key)".contains(vector.key.secret))
    }
}
