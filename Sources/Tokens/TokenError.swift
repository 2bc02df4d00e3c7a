/// Why a token was not accepted.
public struct TokenError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable for programs.
    public enum Code: String, Sendable, CaseIterable {
        /// No compact JWS of the form that this project reads: its size, encoding, JSON, header or claims.
        case malformed
        /// Signed by another algorithm than the verifier wants.
        case algorithm
        /// The signature does not hold, or another key made it than the one that had to.
        case signature
        /// The key is unknown, revoked, or was not valid at the time in question.
        case key
        /// A token of another kind: an identity in place of a ticket, say.
        case type
        case issuer
        case repository
        case expired
        case notYetValid = "not_yet_valid"
        case action
        case target
        case parameters = "params"
        case change
        case plan
        /// A delegation hands on more than its author has.
        case scope
        /// A chain is longer than it may be.
        case depth
        /// Somebody stands in a chain twice.
        case loop
        /// The next link does not follow from the one before.
        case chain
        /// It was used before.
        case used
        /// The secret itself is no good, whoever signed with it.
        case weakKey = "weak_key"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the token is what it claims to be, and merely does not serve: the exit code is 20, else 30.
    public var isAuthentic: Bool {
        switch code {
        case .malformed, .algorithm, .signature, .key, .type, .issuer, .repository, .chain, .weakKey: false
        case .expired, .notYetValid, .action, .target, .parameters, .change, .plan, .scope, .depth, .loop, .used: true
        }
    }

    public var description: String { message }
}
