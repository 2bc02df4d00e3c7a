public import ChangeModel

/// Something by which a step is let in, or a secret that one of its params refers to.
public struct Credential {
    public let record: CredentialRecord
    public let secret: SecretValue
    /// The secrets within `secret`, where that is a document which nobody would repeat as a whole.
    public let parts: [SecretValue]
    /// What whoever set it up should know, e.g. that it can do more than it has to.
    public var warnings: [String]

    public init(
        _ record: CredentialRecord, secret: SecretValue, parts: [SecretValue] = [], warnings: [String] = []
    ) {
        self.record = record
        self.secret = secret
        self.parts = parts
        self.warnings = warnings
    }

    public func drop() {
        for value in [secret] + parts { value.drop() }
    }
}

/// All that is ever recorded of a credential.
public struct CredentialRecord: Sendable, Hashable {
    /// The backend's name in `agentsafe.yaml`.
    public var backend: String
    /// `credentials.type` of the action; `secret` for what a param refers to.
    public var type: String
    /// `credentials.fields` of the action, its blanks filled; for a secret `{"name", "param"}`.
    public var scope: JSONValue
    /// nil where the backend does not say.
    public var expires: Timestamp?

    public init(backend: String, type: String, scope: JSONValue, expires: Timestamp? = nil) {
        self.backend = backend
        self.type = type
        self.scope = scope
        self.expires = expires
    }

    public static let secretType = "secret"
    /// The type of AWS's keys, whose scope names resources by ARN.
    public static let awsType = "aws"

    /// `{"backend", "type", "scope", "expires"}`; the last one where it is known.
    public var json: JSONValue {
        .compact([
            "backend": .string(backend), "type": .string(type), "scope": scope,
            "expires": expires.map { .string($0.description) },
        ])
    }
}

/// Where credentials and secrets come from. A runner asks for them after its claim, and gives them back on every path.
public protocol CredentialVault: AnyObject {
    /// What the step's action asks for.
    ///
    /// - Parameter settings: of verified main.
    /// - Returns: nil where no backend gives it: the executor's own connection serves.
    func credential(
        for step: ExecutionStep, scope: JSONValue, settings: CredentialSettings
    ) throws(ExecutionError) -> Credential?

    /// The secret that a param refers to as `vault:NAME`.
    func secret(
        _ name: String, forParameter parameter: String, of step: ExecutionStep, settings: CredentialSettings
    ) throws(ExecutionError) -> Credential

    /// Takes a credential back where its backend can do that. Whatever happens, the caller drops its bytes.
    func revoke(_ credential: Credential)
}

/// Credentials of one type for one step, with the blanks of their scope filled.
public enum CredentialScopes {
    /// `credentials.fields` of the step's action, filled by the rules of the credentials' type.
    public static func resolve(
        _ wanted: ActionDefinition.CredentialScope, for step: ExecutionStep
    ) throws(ExecutionError) -> JSONValue {
        wanted.type == CredentialRecord.awsType
            ? try ResourceScope(fields: wanted.fields, step: step).resolve() : try resolve(wanted.fields, for: step)
    }

    /// A value, each blank in its texts filled with the name that it stands for.
    ///
    /// - Throws: for a param that is missing, sensitive or no string, and for a value that is no name (`ScopeTemplate.isFilling`).
    public static func resolve(_ value: JSONValue, for step: ExecutionStep) throws(ExecutionError) -> JSONValue {
        switch value {
        case .string(let text): return .string(try fill(text, for: step))
        case .array(let elements):
            var filled: [JSONValue] = []
            for element in elements { filled.append(try resolve(element, for: step)) }
            return .array(filled)
        case .object(let members):
            var filled: [String: JSONValue] = [:]
            for (key, member) in members { filled[key] = try resolve(member, for: step) }
            return .object(filled)
        case .null, .bool, .integer, .number: return value
        }
    }

    /// Fills the blanks of one text.
    ///
    /// - Parameter secret: what `{{ secret }}` stands for; nil where it may not stand.
    public static func fill(
        _ text: String, for step: ExecutionStep, secret: String? = nil
    ) throws(ExecutionError) -> String {
        var filled = ""
        for part in try parts(of: text) {
            switch part {
            case .text(let text): filled += text
            case .secret:
                guard let secret, ScopeTemplate.isFilling(secret) else {
                    throw refusal(
                        "`{{ secret }}` stands where no secret is asked for, or one whose name cannot stand there")
                }
                filled += secret
            case .parameter, .locator:
                let (value, name) = try value(of: part, for: step)
                guard ScopeTemplate.isFilling(value) else {
                    throw refusal(
                        "\(name) cannot stand in the credentials' scope: only letters, digits, `.`, `-` and `_` "
                            + "may, a letter or digit first")
                }
                filled += value
            }
        }
        return filled
    }

    /// One ARN, each blank filled with what its place allows.
    public static func fillResource(_ arn: String, for step: ExecutionStep) throws(ExecutionError) -> String {
        try ResourceScope(fields: .null, step: step).fill(arn)
    }

    static func parts(of text: String) throws(ExecutionError) -> [ScopeTemplate.Part] {
        guard let template = ScopeTemplate(text) else {
            throw refusal("`\(text.prefix(60))` holds braces that are no blank; write `{{ params.NAME }}`")
        }
        return template.parts
    }

    /// What a blank stands for, and what to call it in a message.
    static func value(
        of part: ScopeTemplate.Part, for step: ExecutionStep
    ) throws(ExecutionError) -> (value: String, name: String) {
        switch part {
        case .locator(let key):
            guard let value = step.target.locator[key] else {
                throw refusal(
                    "the locator of `\(step.target.id)` has no `\(key)`, and the credentials' scope needs it")
            }
            return (value, "`\(key)` of the target's locator")
        case .parameter(let name):
            let definition = step.action.parameters.first { $0.name == name }
            guard let definition, !definition.sensitive else {
                throw refusal("`params.\(name)` is no param of `\(step.action.name)` that a scope may name")
            }
            guard let value = step.parameters[name]?.stringValue else {
                throw refusal("the param `\(name)` is not given, or is no string, and the credentials' scope needs it")
            }
            return (value, "the param `\(name)`")
        case .secret, .text: throw refusal("`{{ secret }}` stands where no secret is asked for")
        }
    }

    static func refusal(_ message: String) -> ExecutionError {
        ExecutionError(code: .noCredential, message: message)
    }
}
