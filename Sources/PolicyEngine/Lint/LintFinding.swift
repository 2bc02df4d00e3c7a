public import ChangeModel

/// Something in a catalogue that is allowed, and hardly meant.
public struct LintFinding: Hashable, Sendable {
    /// Stable for programs.
    public enum Code: String, Sendable, CaseIterable {
        /// Rules before it hold wherever it does.
        case unreachableRule = "unreachable_rule"
        /// Its own conditions can never hold together.
        case neverHolds = "never_holds"
        /// It allows, and names neither callers nor targets.
        case allowAll = "allow_all"
        /// A glob matches no action of the catalogue.
        case unknownAction = "unknown_action"
        /// No action that a rule names works on a target of the types that it names.
        case typeMismatch = "type_mismatch"
        /// `max_delegation_depth` where it does not do what it is taken for.
        case delegationDepth = "delegation_depth"
        /// There are not enough people with the roles.
        case unmeetableApprovals = "unmeetable_approvals"
        /// A precheck may fail without stopping anything.
        case advisoryPrecheck = "advisory_precheck"
        /// Advisory is made what no action of the rule checks, or what a deny never asks.
        case unknownPrecheck = "unknown_precheck"
        /// A pattern or a default inside an action that cannot be used.
        case unusableParameter = "unusable_param"
        case unheldRole = "unheld_role"
        case unheldGroup = "unheld_group"
        case unknownCaller = "unknown_caller"
        case unknownType = "unknown_type"
        case unknownLabel = "unknown_label"
        case unknownEnvironment = "unknown_environment"
        /// Nothing binds the target's name to a real thing.
        case noLocator = "no_locator"
        /// A freeze that will never hold again.
        case freezeOver = "freeze_over"
        /// The effort reached its bound.
        case unexamined
    }

    public enum Level: String, Sendable {
        case error, note
    }

    public let code: Code
    public let level: Level
    public let location: SourceLocation
    /// The rule, freeze, target or action.
    public let subject: String
    public let message: String

    public var json: JSONValue {
        [
            "code": .string(code.rawValue), "level": .string(level.rawValue),
            "location": .string(location.description), "file": .string(location.file),
            "line": .integer(Int64(location.line)), "subject": .string(subject), "message": .string(message),
        ]
    }
}

/// All that was found, by place.
public struct LintReport: Sendable {
    /// The most findings that are kept.
    public static let limit = 1000

    public let findings: [LintFinding]
    public let errors: Int
    public let notes: Int
    /// How many findings more there are, errors before notes.
    public var omitted: Int { errors + notes - findings.count }

    init(_ all: [LintFinding]) {
        errors = all.count { $0.level == .error }
        notes = all.count - errors
        let kept = all.filter { $0.level == .error }.prefix(Self.limit)
        let rest = all.filter { $0.level == .note }.prefix(Self.limit - kept.count)
        findings = (kept + rest).sorted {
            ($0.location.file, $0.location.line, $0.code.rawValue, $0.message)
                < ($1.location.file, $1.location.line, $1.code.rawValue, $1.message)
        }
    }

    /// `{"result": "clean" | "notes" | "errors", "errors", "notes", "omitted", "findings": […]}`
    public var json: JSONValue {
        [
            "result": .string(errors > 0 ? "errors" : notes > 0 ? "notes" : "clean"),
            "errors": .integer(Int64(errors)), "notes": .integer(Int64(notes)), "omitted": .integer(Int64(omitted)),
            "findings": .array(findings.map(\.json)),
        ]
    }
}

extension PolicyEngine {
    /// Looks through the catalogue for what is allowed and hardly meant. Changes nothing and denies nothing.
    ///
    /// - Parameters:
    ///   - now: for freezes that are over.
    ///   - effort: a bound for the search for unreachable rules; rules that it leaves out are counted in a finding.
    public func lint(now: Timestamp, effort: Int = 400_000_000) -> LintReport {
        var lint = PolicyLint(engine: self)
        lint.look(now: now, effort: effort)
        return LintReport(lint.findings)
    }
}
