public import ChangeModel
internal import CryptoPrimitives

/// The algorithms of this project (RFC 7518, section 3.2; RFC 8037, section 3.1). A verifier says which one it wants; a token
/// never chooses.
public enum TokenAlgorithm: String, Sendable, CaseIterable {
    case edDSA = "EdDSA"
    case hs256 = "HS256"
}

/// A compact JWS (RFC 7515, section 3.1) whose signature nobody has checked yet: `header.payload.signature`.
///
/// Stricter than the RFC, which lets a reader ignore what it does not know: the header has `alg`, `typ` and `kid` and
/// nothing else. So there is no `crit`, no `b64`, and no `jku`, `jwk`, `x5u` or `x5c` by which a token could bring the key that
/// is to prove it (RFC 8725, section 3.10).
public struct CompactToken: Sendable {
    /// In bytes. Longer texts are not looked at.
    public static let sizeLimit = 16 << 10

    public let text: String
    public let algorithm: TokenAlgorithm
    /// Names the key, as the token says; nothing is believed of it but which key to try.
    public let keyID: String?
    public let type: String?
    let claims: [String: JSONValue]
    private let signedPart: [UInt8]
    private let signature: [UInt8]

    /// Reads the one spelling of a token: no white space, no padding, no second signature.
    public init(_ text: String) throws(TokenError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.sizeLimit else {
            throw TokenError(.malformed, "the token has \(bytes.count) bytes, at most \(Self.sizeLimit) are read")
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw TokenError(.malformed, "a token has three parts with dots between, and this one has \(parts.count)")
        }
        let header = try Self.object(parts[0], "header", JSONLimits(bytes: 1 << 10, depth: 2))
        if let stranger = header.keys.sorted().first(where: { !["alg", "typ", "kid"].contains($0) }) {
            throw TokenError(
                .malformed, "the token's header has `\(Excerpt.bounded(stranger))`; only alg, typ and kid are taken")
        }
        guard let name = header["alg"]?.stringValue else {
            throw TokenError(.malformed, "the token's header names no `alg`")
        }
        guard let algorithm = TokenAlgorithm(rawValue: name) else {
            throw TokenError(.algorithm, "the token is signed by `\(Excerpt.bounded(name))`; EdDSA and HS256 are taken")
        }
        for member in ["typ", "kid"] where header[member] != nil && header[member]?.stringValue == nil {
            throw TokenError(.malformed, "`\(member)` in the token's header is no string")
        }
        claims = try Self.object(parts[1], "payload", JSONLimits(bytes: Self.sizeLimit, depth: 16))
        guard let signature = Base64.decodeURLSafe(Array(parts[2])), !signature.isEmpty else {
            throw TokenError(.malformed, "the token's signature is not base64url without padding, or is missing")
        }
        self.text = text
        self.algorithm = algorithm
        self.signature = signature
        type = header["typ"]?.stringValue
        keyID = header["kid"]?.stringValue
        signedPart = Array(bytes[..<parts[1].endIndex])
    }

    private static func object(
        _ part: ArraySlice<UInt8>, _ name: String, _ limits: JSONLimits
    ) throws(TokenError) -> [String: JSONValue] {
        guard let bytes = Base64.decodeURLSafe(Array(part)) else {
            throw TokenError(.malformed, "the token's \(name) is not base64url without padding")
        }
        do {
            guard let object = try JSONValue(parsing: bytes, limits: limits).objectValue else {
                throw TokenError(.malformed, "the token's \(name) is no JSON object")
            }
            return object
        } catch let error as JSONError {
            throw TokenError(.malformed, "the token's \(name) is no JSON: \(error)")
        } catch {
            throw error as? TokenError ?? TokenError(.malformed, "the token's \(name) is no JSON")
        }
    }

    /// Checks the signature by exactly the algorithm that `key` is for.
    public func verified(by key: some TokenKey) throws(TokenError) -> VerifiedToken {
        guard algorithm == key.algorithm else {
            throw TokenError(
                .algorithm, "the token is signed by \(algorithm.rawValue), and \(key.algorithm.rawValue) is wanted here"
            )
        }
        guard key.verifies(signature, of: signedPart) else {
            throw TokenError(.signature, "the token's signature does not hold")
        }
        return VerifiedToken(claims: claims, type: type, keyID: keyID, digest: Digest(of: Array(text.utf8)))
    }

    /// SHA-256 of the token's text: what may be recorded of it, for whoever has the token may use it.
    public var digest: Digest { Digest(of: Array(text.utf8)) }

    /// The text of a token with these claims: RFC 8785's order, so that one set of claims has one text.
    static func make(
        _ claims: JSONValue, type: String, by signer: some TokenSigner
    ) throws(TokenError) -> String {
        let header = JSONValue.compact([
            "alg": .string(signer.algorithm.rawValue), "typ": .string(type), "kid": signer.keyID.map { .string($0) },
        ])
        let signed = [header, claims].map { Base64.encodeURLSafe($0.canonicalBytes) }.joined(separator: ".")
        let text = signed + "." + Base64.encodeURLSafe(try signer.sign(Array(signed.utf8)))
        guard text.utf8.count <= Self.sizeLimit else {
            throw TokenError(
                .malformed,
                "the token would have \(text.utf8.count) bytes, and nobody reads more than \(Self.sizeLimit)")
        }
        return text
    }
}

/// The claims of a token whose signature holds. By whose key, and what that is worth, is for the reader to say.
public struct VerifiedToken: Sendable {
    let claims: [String: JSONValue]
    let type: String?
    let keyID: String?
    public let digest: Digest
}

/// Texts of others, in messages.
enum Excerpt {
    /// At most 60 characters, and none that a terminal would obey.
    static func bounded(_ text: String) -> String {
        let visible = text.unicodeScalars.prefix(61).map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
        return visible.count > 60 ? String(visible.prefix(60)) + "…" : String(visible)
    }
}
