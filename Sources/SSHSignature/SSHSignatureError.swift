/// Why a signature is not accepted.
public struct SSHSignatureError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// Not the form of an SSH signature.
        case malformed
        /// A version, hash function or signature algorithm that is not accepted.
        case unsupported
        /// The public key inside is none.
        case badKey
        /// Made for another purpose.
        case wrongNamespace
        /// The authenticator does not state that somebody touched it.
        case userNotPresent
        /// The key did not sign this message.
        case notVerified
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static func malformed<Value>(_ read: () throws(WireError) -> Value) throws(SSHSignatureError) -> Value {
        do throws(WireError) {
            return try read()
        } catch {
            throw SSHSignatureError(.malformed, "the signature \(error.problem)")
        }
    }
}
