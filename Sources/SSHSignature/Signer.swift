/// Something that can sign for one key.
public protocol Signer: Sendable {
    var publicKey: SSHPublicKey { get }

    /// Signs `message` for `namespace`; the result has been, or certainly could be, verified.
    func sign(_ message: [UInt8], namespace: String) throws(SigningError) -> SSHSignature
}

extension Signer {
    /// Namespaces are printable ASCII, so that they can be shown and passed to programs.
    func check(namespace: String) throws(SigningError) {
        guard !namespace.isEmpty, namespace.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw SigningError(.badNamespace, "a signature's namespace must be printable ASCII and not empty")
        }
    }
}
