internal import CryptoPrimitives

/// What a FIDO authenticator signs along with the message (OpenSSH's PROTOCOL.u2f; WebAuthn, section 6.1).
struct AuthenticatorData: Sendable {
    private let flags: UInt8
    private let counter: UInt32
    /// Present in signatures that a browser had made.
    private let browser: Browser?

    private struct Browser {
        let origin: [UInt8]
        let clientData: [UInt8]
        let extensions: [UInt8]
    }

    private static let userPresent: UInt8 = 0x01
    private static let attestedCredential: UInt8 = 0x40
    private static let hasExtensions: UInt8 = 0x80

    init(_ reader: inout WireReader, withClientData: Bool) throws(WireError) {
        flags = try reader.byte("authenticator flags")
        counter = try reader.uint32("authenticator counter")
        guard withClientData else {
            browser = nil
            return
        }
        let origin = try reader.string("origin")
        let clientData = try reader.string("client data")
        browser = Browser(origin: origin, clientData: clientData, extensions: try reader.string("extensions"))
    }

    /// Whether somebody touched the authenticator for this signature.
    var isUserPresent: Bool { flags & Self.userPresent != 0 }

    /// The bytes that the authenticator signed for `message`; nil when the browser was asked to sign something else.
    func signedData(_ message: [UInt8], application: [UInt8]) -> [UInt8]? {
        var writer = WireWriter()
        writer.raw(SHA256.hash(application))
        writer.raw([flags])
        writer.uint32(counter)
        if let browser {
            guard accepts(browser, message) else { return nil }
            writer.raw(browser.extensions)
            writer.raw(SHA256.hash(browser.clientData))
        } else {
            writer.raw(SHA256.hash(message))
        }
        return writer.bytes
    }

    /// Whether the client data is for `message` and `origin`. Browsers write its beginning in exactly this way
    /// (WebAuthn, section 5.8.1.1); what follows the origin is not looked at. A quote in the origin could forge that order.
    private func accepts(_ browser: Browser, _ message: [UInt8]) -> Bool {
        let challenge = Base64.encodeURLSafe(message)
        let opening = Array(#"{"type":"webauthn.get","challenge":"\#(challenge)","origin":""#.utf8)
        return browser.clientData.starts(with: opening + browser.origin + [UInt8(ascii: "\"")])
            && !browser.origin.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 < 0x20 }
            && flags & Self.attestedCredential == 0
            && (flags & Self.hasExtensions != 0) == !browser.extensions.isEmpty
    }
}
