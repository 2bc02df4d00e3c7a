/// How much harm an action can do, and, combined with its target, the effective risk.
public enum RiskLevel: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    case low, medium, high, critical

    public init?(_ name: some StringProtocol) {
        guard let level = RiskLevel.allCases.first(where: { $0.description == name }) else { return nil }
        self = level
    }

    public var description: String {
        switch self {
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        }
    }

    public static func < (left: RiskLevel, right: RiskLevel) -> Bool { left.rawValue < right.rawValue }

    /// The effective risk of an action of this risk on a target of `sensitivity`. An unknown target counts as critical.
    public func effective(on sensitivity: Sensitivity?) -> RiskLevel {
        switch (self, sensitivity ?? .critical) {
        case (.low, .public), (.low, .internal), (.medium, .public): .low
        case (.low, .restricted), (.medium, .internal), (.high, .public): .medium
        case (.low, .critical), (.medium, .restricted), (.high, .internal), (.critical, .public): .high
        case (.medium, .critical), (.high, .restricted), (.high, .critical), (.critical, _): .critical
        }
    }
}

public enum Sensitivity: String, Sendable, CaseIterable {
    case `public`, `internal`, restricted, critical
}

public enum Environment: String, Sendable, CaseIterable {
    case dev, staging, prod
}

public enum IdentityKind: String, Sendable, CaseIterable {
    case agent, person, service
}

/// The outcome of a decision.
public enum Verdict: String, Sendable, CaseIterable {
    case allow
    case deny
    case requireApproval = "require_approval"
}

/// A place in a file, for people and for programs: `policies/default.yaml:12`.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int

    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    public var description: String { "\(file):\(line)" }
}

/// Names of identities, targets and rules.
public enum Identifier {
    /// `[A-Za-z0-9._-]{1,100}`, and no leading `-`, so that no identifier is ever an option to a program.
    public static func isName(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isName($0) }
    }

    public static func isName(_ text: Substring) -> Bool {
        var text = text
        return text.withUTF8 { isName($0) }
    }

    private static func isName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard (1...100).contains(bytes.count), bytes.first != UInt8(ascii: "-") else { return false }
        return bytes.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }

    /// A target's name: name segments joined by `/`, `:` or `@`, at most 200 bytes, never `.` or `..` as a segment.
    public static func isTargetName(_ text: String) -> Bool {
        guard (1...200).contains(text.utf8.count) else { return false }
        let separators = Array("/:@".utf8)
        let segments = text.utf8.split(omittingEmptySubsequences: false) { separators.contains($0) }.map(Substring.init)
        return segments.allSatisfy { isName($0) && $0 != "." && $0 != ".." }
    }

    /// An action's name: `[a-z][a-z0-9-]*`, at most 100 bytes.
    public static func isActionName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...100).contains(bytes.count), let first = bytes.first,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
        else { return false }
        return bytes.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
    }

    /// A param's name: `[A-Za-z_][A-Za-z0-9_]*`, at most 100 bytes.
    public static func isParameterName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...100).contains(bytes.count), let first = bytes.first,
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
