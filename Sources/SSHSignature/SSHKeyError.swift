/// Why a text or blob is no usable public key.
public struct SSHKeyError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// Not the form of a public key.
        case malformed
        /// A type of key that is not understood.
        case unsupportedAlgorithm
        /// An OpenSSH certificate.
        case certificate
        /// Well-formed, but weak or not on its curve.
        case unacceptable
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension SSHKeyError {
    static func malformed<Value>(_ read: () throws(WireError) -> Value) throws(SSHKeyError) -> Value {
        do throws(WireError) {
            return try read()
        } catch {
            throw SSHKeyError(.malformed, "the public key \(error.problem)")
        }
    }
}

extension SSHKeyAlgorithm {
    init(named name: String) throws(SSHKeyError) {
        guard !name.hasSuffix("-cert-v01@openssh.com") else {
            throw SSHKeyError(
                .certificate, "`\(name)` is a certificate; give the plain key (`NAME.pub`, not `NAME-cert.pub`)")
        }
        // Strings compare equal in more than one spelling; names of algorithms do not.
        guard let algorithm = SSHKeyAlgorithm.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) })
        else {
            let shown = name.unicodeScalars.allSatisfy({ (" "..."~").contains($0) }) ? name.prefix(60) : "…"
            let known = SSHKeyAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw SSHKeyError(.unsupportedAlgorithm, "`\(shown)` is no known type of key; known are \(known)")
        }
        self = algorithm
    }
}
