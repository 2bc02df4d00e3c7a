public import Git
public import Ledger

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

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    init(_ error: GitError) {
        self.init(error.code == .malformed ? .notAuthentic : .failed, error.message)
    }

    init(_ error: LedgerError) {
        switch error {
        case .notAuthentic(let failure): self.init(.notAuthentic, failure.description)
        case .git(let error): self.init(error)
        case .refused(let reason): self.init(.failed, reason)
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
