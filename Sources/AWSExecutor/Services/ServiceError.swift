internal import ChangeModel
internal import HTTP

/// A service that said no, or that could not be asked.
public struct ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The service's own, for programs: `AccessDenied`, `InvalidInstanceID.NotFound`; empty where none came.
    public let code: String
    /// HTTP status; 0 where no answer came.
    public let status: Int
    /// By which AWS finds the request; empty where none came.
    public let requestID: String
    /// Whether the service may have acted on the request all the same.
    public let mayHaveBeenApplied: Bool
    /// One line: what was asked, what came. A service's own words are shortened, and left out where they may quote what was
    /// sent.
    public let message: String

    init(
        code: String = "", status: Int = 0, requestID: String = "", mayHaveBeenApplied: Bool = false, message: String
    ) {
        self.code = code
        self.status = status
        self.requestID = requestID
        self.mayHaveBeenApplied = mayHaveBeenApplied
        self.message = message
    }

    public var description: String { message }
}

/// What an error says, in whatever form the service writes it.
struct ServiceFault: Hashable {
    var code = ""
    var message = ""
    var requestID = ""

    static let maximumMessage = 300

    /// - Parameter form: how the service writes its bodies.
    init(_ response: HTTPResponse, form: ServiceCall.Form) {
        requestID = Self.plain(
            response.header("x-amzn-RequestId") ?? response.header("x-amz-request-id") ?? "", limit: 100)
        switch form {
        case .xml:
            guard let root = try? XMLReader.parse(response.body) else { return }
            // EC2, then IAM and STS, then S3.
            let error = root.at("Errors", "Error") ?? root["Error"] ?? (root.name == "Error" ? root : nil)
            code = Self.plain(error?["Code"]?.text ?? "", limit: 100)
            message = Self.plain(error?["Message"]?.text ?? "", limit: Self.maximumMessage)
            if let id = (root["RequestID"] ?? root["RequestId"] ?? error?["RequestId"])?.text {
                requestID = Self.plain(id, limit: 100)
            }
        case .json:
            let json = try? JSONValue(parsing: response.body, limits: JSONLimits(bytes: 1 << 20, depth: 16))
            let type =
                response.header("x-amzn-ErrorType") ?? json?["__type"]?.stringValue ?? json?["code"]?.stringValue ?? ""
            // `com.amazonaws.ecs#ClusterNotFoundException:http://…`
            let name = type.split(separator: ":").first.flatMap { $0.split(separator: "#").last } ?? ""
            code = Self.plain(String(name), limit: 100)
            message = Self.plain(
                (json?["message"] ?? json?["Message"] ?? json?["errorMessage"])?.stringValue ?? "",
                limit: Self.maximumMessage)
        }
    }

    private static func plain(_ text: String, limit: Int) -> String { text.forMessage(limit: limit) }
}
