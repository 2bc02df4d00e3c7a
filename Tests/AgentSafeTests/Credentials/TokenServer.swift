import ChangeModel
import CryptoPrimitives
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import OperatingSystem
import Runner
import Testing

@testable import AgentSafe

/// The embedded cluster with the three questions of the API that it does not serve: TokenRequest, SelfSubjectAccessReview and
/// SelfSubjectRulesReview. It remembers who asked for what.
final class TokenServer: BearerTransport {
    private let cluster: EmbeddedCluster
    private let now: () -> Int64
    private var bearer: String?
    /// Each request, as `VERB path`, with who made it: `` for the connection's own user.
    private(set) var asked: [(by: String, request: String)] = []
    private(set) var requested: [JSONValue] = []

    // What may go wrong.
    var refused: Set<String> = []
    var excess: [JSONValue] = []
    var edit: (inout JSONValue) -> Void = { _ in }
    var claims: (inout JSONValue) -> Void = { _ in }
    var failsMutations = false

    init(_ cluster: EmbeddedCluster, now: @escaping () -> Int64) {
        self.cluster = cluster
        self.now = now
    }

    static let signature = "c2lnbmF0dXJlLWNhbmFyeQ"
    var isItself: Bool { bearer == nil }

    func speak(asBearer token: String?) -> Bool {
        bearer = token
        return true
    }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        let path = request.target.split(separator: "?").first.map(String.init) ?? ""
        asked.append((bearer ?? "", "\(request.method) \(path)"))
        guard request.method == "POST" else {
            if failsMutations, request.method == "PATCH" {
                throw HTTPError(code: .timedOut, mayHaveBeenApplied: true, message: "lost with \(bearer ?? "")")
            }
            return try cluster.send(request)
        }
        guard let body = try? JSONValue(parsing: request.body) else { return HTTPResponse(status: 400) }
        requested.append(body)
        if path.hasSuffix("/token") { return answer(token(path, body)) }
        if path.hasSuffix("/selfsubjectrulesreviews") {
            return answer(["status": ["resourceRules": .array(excess), "incomplete": false]])
        }
        let attributes = body.at("spec", "resourceAttributes")
        let words = ["verb", "resource", "subresource"].compactMap { attributes?[$0]?.stringValue }.joined(
            separator: " ")
        return answer(["status": ["allowed": .bool(!refused.contains(words))]])
    }

    private func token(_ path: String, _ body: JSONValue) -> JSONValue {
        let segments = path.split(separator: "/").map(String.init)
        let end = Timestamp(seconds: now() + (body.at("spec", "expirationSeconds")?.integerValue ?? 3600))
        var payload: JSONValue = [
            "sub": .string("system:serviceaccount:\(segments[3]):\(segments[5])"),
            "aud": body.at("spec", "audiences") ?? ["https://kubernetes.default.svc"], "exp": .integer(end.seconds),
        ]
        claims(&payload)
        let parts = [#"{"alg":"RS256"}"#, payload.canonicalText].map { Base64.encodeURLSafe(Array($0.utf8)) }
        var answer: JSONValue = [
            "kind": "TokenRequest",
            "status": [
                "token": .string((parts + [Self.signature]).joined(separator: ".")),
                "expirationTimestamp": .string(end.description),
            ],
        ]
        edit(&answer)
        return answer
    }

    private func answer(_ value: JSONValue) -> HTTPResponse { HTTPResponse(status: 201, body: value.canonicalBytes) }
}

/// A runner in this process, and the server that it speaks to.
struct TokenScene {
    let governance: Governance
    let server: TokenServer
    let workspace: Workspace
    let executors: ExecutorChoice
    let said = LineBuffer()

    init(_ governance: Governance, backend: [String] = []) throws {
        self.governance = governance
        try governance.configureCredentials([
            ["name: tokens", "kind: token_request", "types: [kubernetes]", "namespace: agentsafe"]
                + (backend.isEmpty ? ["service_account: \"runner-{{ params.namespace }}\""] : backend)
        ])
        _ = try governance.cluster()
        let host = governance.host("runner", adding: ["AGENTSAFE_KEY": governance.key("runner")])
        server = TokenServer(
            try EmbeddedCluster.open(path: governance.clusterFile, clock: host.now), now: { host.now() })
        let executor = KubernetesExecutor(
            transport: server, evidenceKey: EvidenceKey([7]), sleep: { _ in }, now: { host.now() })
        let said = said
        workspace = try Workspace(host: host, settings: Settings()) { said.append($0) }
        executors = ExecutorChoice(fixed: executor, host: host)
    }

    func run() throws -> RunOutcome {
        let outcomes = try workspace.run(nil, executors: executors) { said.append($1) }
        return try #require(outcomes.last)
    }
}
