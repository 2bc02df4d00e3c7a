/// Why a key cannot sign. One line, for a person.
public struct SigningError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// No file where the key should be.
        case notFound
        /// Others can read the private key.
        case permissions
        /// Not a key, or a damaged one.
        case notAKey
        /// A public key alone, and nothing that holds its private key.
        case noAgent
        /// A namespace that no signature may have.
        case badNamespace
        /// The signing program could not be run, or failed.
        case programFailed
        /// What the program returned is no signature by the key.
        case badSignature
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
