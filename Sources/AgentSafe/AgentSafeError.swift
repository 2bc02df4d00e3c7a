internal import Documents
internal import Git
internal import Ledger

/// Why an operation did not do what was asked. The message says what happened and what to do next, in one line.
public struct AgentSafeError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, in the terms of the exit codes.
    public enum Code: Int32, Sendable {
        case failed = 1
        case usage = 2
        case approvalNeeded = 10
        case denied = 20
        case notAuthentic = 30
    }

    public let code: Code
    public let message: String
    /// Further lines for people: the source line, a caret, more errors of the same file.
    public let details: [String]
    /// Whether the protocol forbids the step though everything is in order: somebody else holds the change or its target.
    let isRefusal: Bool
    /// Where main stops being what its admins made it, when that is why.
    let foreign: ForeignMain?

    public init(_ code: Code, _ message: String, details: [String] = []) {
        self.init(code, message, details: details, isRefusal: false)
    }

    init(
        _ code: Code, _ message: String, details: [String], isRefusal: Bool = false, foreign: ForeignMain? = nil
    ) {
        self.isRefusal = isRefusal
        self.foreign = foreign
        self.code = code
        self.message = message
        self.details = details
    }

    init(_ error: DocumentError) {
        let lines = error.render().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        self.init(.failed, lines.first ?? "", details: Array(lines.dropFirst()))
    }

    public var description: String { message }

    init(_ error: GitError) {
        self.init(error.code == .malformed ? .notAuthentic : .failed, error.message)
    }

    init(_ error: LedgerError) {
        switch error {
        case .notAuthentic(let failure): self.init(.notAuthentic, failure.description)
        case .git(let error): self.init(error)
        case .refused(let reason): self.init(.failed, reason, details: [], isRefusal: true)
        }
    }
}

/// Runs Git calls inside code that throws `AgentSafeError`.
func git<Value>(_ body: () throws(GitError) -> Value) throws(AgentSafeError) -> Value {
    do { return try body() } catch { throw AgentSafeError(error) }
}

/// Runs ledger calls inside code that throws `AgentSafeError`.
func ledger<Value>(_ body: () throws(LedgerError) -> Value) throws(AgentSafeError) -> Value {
    do { return try body() } catch { throw AgentSafeError(error) }
}
