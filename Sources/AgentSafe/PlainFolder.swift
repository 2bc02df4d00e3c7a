public import ChangeModel
internal import Documents
public import OperatingSystem
public import PolicyEngine

/// A catalogue in a folder with an `agentsafe.yaml`, Git or not: for questions that need no proof.
public struct PlainFolder: Sendable {
    public let root: String
    public let catalogue: Catalogue
    public let engine: PolicyEngine

    /// Loads the catalogue of the nearest folder with an `agentsafe.yaml`, from the current one upwards.
    public init(host: Host) throws(AgentSafeError) {
        guard let source = FolderSource.containing(host.currentDirectory) else {
            throw AgentSafeError(
                .failed,
                "no `agentsafe.yaml` here or above; change into a governance repository, or make one with `agentsafe init`"
            )
        }
        root = source.root
        do {
            catalogue = try CatalogueLoader.load(from: source)
        } catch {
            throw AgentSafeError(error)
        }
        engine = PolicyEngine(catalogue: catalogue)
    }

    /// The caller with this identifier: an identity of `identities.yaml`, with further roles and groups; else just a name.
    public func caller(_ id: String?, roles: [String] = [], groups: [String] = []) -> Caller {
        catalogue.caller(id, roles: roles, groups: groups)
    }

    /// Whether `identities.yaml` exists and does not list `id`.
    public func isStranger(_ id: String) -> Bool { catalogue.identities.map { $0.identity(id) == nil } ?? false }

    /// What is wrong inside actions, such as a pattern that cannot be used: the engine denies requests because of it.
    public func actionProblems() -> [String] {
        catalogue.actions.values.sorted { $0.name < $1.name }.flatMap { action in
            PolicyEngine.problems(in: action).map { "\(action.location): param `\($0.parameter)`: \($0.message)" }
        }
    }

    /// Answers one line of `check --batch`. A line that is no request is denied like any other that cannot be judged: the
    /// answer has the members of a decision, `code` is `bad_request`, and `error` says what is wrong.
    public func answer(batchLine line: [UInt8], now: Timestamp) -> JSONValue {
        do {
            let request = try BatchRequest(line: line, catalogue: catalogue)
            return engine.decide(request.decision, now: request.now ?? now).json
        } catch {
            return [
                "result": .string(Verdict.deny.rawValue), "code": "bad_request", "rule": .null, "location": .null,
                "reason": .string(error.message), "risk_class": .string(RiskLevel.critical.description),
                "effective_risk": .string(RiskLevel.critical.description), "warnings": [],
                "error": .string(error.message),
            ]
        }
    }
}

extension Catalogue {
    /// The caller with this identifier: an identity of `identities.yaml`, with further roles and groups; else just a name.
    func caller(_ id: String?, roles: [String] = [], groups: [String] = []) -> Caller {
        guard let id else { return Caller(id: nil, roles: roles, groups: groups) }
        guard let identity = identities?.identity(id) else {
            return Caller(id: id, roles: roles, groups: groups)
        }
        var caller = Caller(identity)
        caller.roles += roles.filter { !caller.roles.contains($0) }
        caller.groups += groups.filter { !caller.groups.contains($0) }
        return caller
    }
}

/// `{"action", "target", "caller", "params", "ticket_id", "now"}`, one object a line.
struct BatchRequest {
    let decision: DecisionRequest
    let now: Timestamp?

    private static let members: Set<String> = ["action", "target", "caller", "params", "ticket_id", "now"]

    init(line: [UInt8], catalogue: Catalogue) throws(AgentSafeError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: line, limits: JSONLimits(bytes: 1 << 20, depth: 16))
        } catch {
            throw AgentSafeError(.usage, "the request is no JSON: \(error)")
        }
        guard let object = value.objectValue else { throw AgentSafeError(.usage, "the request is no JSON object") }
        if let unknown = object.keys.sorted().first(where: { !Self.members.contains($0) }) {
            throw AgentSafeError(.usage, "the request has an unknown member `\(unknown.prefix(60))`")
        }
        guard let action = object["action"]?.stringValue else {
            throw AgentSafeError(.usage, "the request names no `action`")
        }
        func text(_ name: String) throws(AgentSafeError) -> String? {
            guard let member = object[name], !member.isNull else { return nil }
            guard let text = member.stringValue else { throw AgentSafeError(.usage, "`\(name)` is no string") }
            return text
        }
        guard (object["params"] ?? [:]).isNull || (object["params"] ?? [:]).objectValue != nil else {
            throw AgentSafeError(.usage, "`params` is no object")
        }
        let instant = try text("now")
        now = instant.flatMap { Timestamp($0) }
        if instant != nil, now == nil { throw AgentSafeError(.usage, "`now` is no time like 2026-11-22T23:11:00Z") }
        decision = DecisionRequest(
            action: action, target: try text("target"), caller: try Self.caller(object["caller"], catalogue: catalogue),
            parameters: object["params"]?.objectValue ?? [:], ticket: try text("ticket_id"))
    }

    private static func caller(_ value: JSONValue?, catalogue: Catalogue) throws(AgentSafeError) -> Caller {
        guard let value, !value.isNull else { return .anonymous }
        if let id = value.stringValue { return catalogue.caller(id) }
        guard let object = value.objectValue else {
            throw AgentSafeError(.usage, "`caller` is neither a name nor an object")
        }
        let known = ["agent_id", "roles", "groups", "delegated_by"]
        if let unknown = object.keys.sorted().first(where: { !known.contains($0) }) {
            throw AgentSafeError(.usage, "`caller` has an unknown member `\(unknown.prefix(60))`")
        }
        func names(_ name: String) throws(AgentSafeError) -> [String] {
            guard let member = object[name], !member.isNull else { return [] }
            guard let values = member.arrayValue else { throw AgentSafeError(.usage, "`caller.\(name)` is no list") }
            let names = values.compactMap(\.stringValue)
            guard names.count == values.count else {
                throw AgentSafeError(.usage, "`caller.\(name)` holds something else than strings")
            }
            return names
        }
        let id = object["agent_id"]?.stringValue
        guard id != nil || object["agent_id"] == nil || object["agent_id"] == .null else {
            throw AgentSafeError(.usage, "`caller.agent_id` is no string")
        }
        let kind = id.flatMap { catalogue.identities?.identity($0)?.kind }
        let delegators = try names("delegated_by")
        return Caller(
            id: id, kind: kind, roles: try names("roles"), groups: try names("groups"),
            delegation: delegators.isEmpty ? nil : CallerDelegation(delegators: delegators))
    }
}
