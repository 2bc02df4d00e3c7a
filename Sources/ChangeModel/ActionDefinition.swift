/// One entry of the action catalogue (`actions/<name>.yaml`).
public struct ActionDefinition: Hashable, Sendable {
    public var name: String
    public var version: String
    public var description: String
    public var parameters: [ParameterDefinition]
    public var riskClass: RiskLevel
    public var targetTypes: [String]
    public var prechecks: [Precheck]
    public var reversible: Bool
    public var rollbackAction: String?
    public var rollbackParameters: [String: ValueSource]
    public var requiredPrivileges: [String]
    public var tags: [String]
    public var credentials: CredentialScope?
    public var stateFields: [StateField]
    /// Whether the output of a read may be recorded in the ledger.
    public var recordOutput: Bool
    /// SHA-256 of the file's bytes: approvals bind it through the plan.
    public var digest: Digest
    public var location: SourceLocation

    public init(
        name: String, version: String = "1.0.0", description: String = "", parameters: [ParameterDefinition] = [],
        riskClass: RiskLevel, targetTypes: [String], prechecks: [Precheck] = [], reversible: Bool = false,
        rollbackAction: String? = nil, rollbackParameters: [String: ValueSource] = [:],
        requiredPrivileges: [String] = [], tags: [String] = [], credentials: CredentialScope? = nil,
        stateFields: [StateField] = [], recordOutput: Bool = false, digest: Digest, location: SourceLocation
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.parameters = parameters
        self.riskClass = riskClass
        self.targetTypes = targetTypes
        self.prechecks = prechecks
        self.reversible = reversible
        self.rollbackAction = rollbackAction
        self.rollbackParameters = rollbackParameters
        self.requiredPrivileges = requiredPrivileges
        self.tags = tags
        self.credentials = credentials
        self.stateFields = stateFields
        self.recordOutput = recordOutput
        self.digest = digest
        self.location = location
    }

    public struct Precheck: Hashable, Sendable {
        public var name: String
        public var description: String
        public init(name: String, description: String) {
            self.name = name
            self.description = description
        }
    }

    public struct StateField: Hashable, Sendable {
        public var name: String
        public var description: String
        public var type: String
        public var required: Bool
        public init(name: String, description: String = "", type: String = "string", required: Bool = true) {
            self.name = name
            self.description = description
            self.type = type
            self.required = required
        }
    }

    /// Where a rollback param's value comes from: `params.X` or `before_state.X`.
    public enum ValueSource: Hashable, Sendable {
        case parameter(String)
        case beforeState(String)
    }

    public struct CredentialScope: Hashable, Sendable {
        public var type: String
        public var fields: JSONValue
        /// Seconds, at least 1.
        public var ttl: Int
        public init(type: String, fields: JSONValue, ttl: Int = 300) {
            self.type = type
            self.fields = fields
            self.ttl = ttl
        }
    }
}

public enum ParameterType: String, Sendable, CaseIterable {
    case string, integer, number, boolean, array
}

public struct ParameterDefinition: Hashable, Sendable {
    public var name: String
    public var type: ParameterType
    public var required: Bool
    public var description: String
    public var defaultValue: JSONValue?
    public var constraints: ParameterConstraints
    /// A sensitive param takes a reference (`vault:NAME`), never a value.
    public var sensitive: Bool

    public init(
        name: String, type: ParameterType, required: Bool = true, description: String = "",
        defaultValue: JSONValue? = nil, constraints: ParameterConstraints = ParameterConstraints(),
        sensitive: Bool = false
    ) {
        self.name = name
        self.type = type
        self.required = required
        self.description = description
        self.defaultValue = defaultValue
        self.constraints = constraints
        self.sensitive = sensitive
    }
}

public struct ParameterConstraints: Hashable, Sendable {
    public var minimumValue: Double?
    public var maximumValue: Double?
    public var minimumLength: Int?
    public var maximumLength: Int?
    /// A regular expression that must match the whole value.
    public var pattern: String?
    public var allowed: [JSONValue]?

    public init(
        minimumValue: Double? = nil, maximumValue: Double? = nil, minimumLength: Int? = nil, maximumLength: Int? = nil,
        pattern: String? = nil, allowed: [JSONValue]? = nil
    ) {
        self.minimumValue = minimumValue
        self.maximumValue = maximumValue
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.pattern = pattern
        self.allowed = allowed
    }
}
