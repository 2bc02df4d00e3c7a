internal import Git
internal import Ledger

/// Why evidence was not shipped, or a copy not read. One line: what, where, and what to do.
public struct ShippingError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case failed
        /// Something is there that is none of this ledger's.
        case notAuthentic
        /// More is there than the ledger holds that was to be shipped: it was rewound, or is not the newest.
        case ahead
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

func git<Value>(_ body: () throws(GitError) -> Value) throws(ShippingError) -> Value {
    do { return try body() } catch { throw ShippingError(error) }
}

func ledger<Value>(_ body: () throws(LedgerError) -> Value) throws(ShippingError) -> Value {
    do { return try body() } catch { throw ShippingError(error) }
}
