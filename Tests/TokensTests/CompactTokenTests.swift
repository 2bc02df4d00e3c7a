import ChangeModel
import CryptoPrimitives
import TestSupport
import Testing

@testable import Tokens

@Suite("A compact token")
struct CompactTokenTests {
    private static let key = TestKey(1)
    private static let shared = try! SharedKey(Array("0123456789abcdef0123456789abcdef".utf8))
    private static let header = #"{"alg":"EdDSA","kid":"x","typ":"t"}"#
    private static let claims: JSONValue = ["iss": "a", "n": 1]

    @Test("says what it was made with, under each algorithm")
    func roundTrip() throws {
        let text = try CompactToken.make(Self.claims, type: "t", by: Self.key)
        let token = try CompactToken(text)
        #expect(token.algorithm == .edDSA && token.keyID == Self.key.fingerprint && token.type == "t")
        #expect(try token.verified(by: Self.key.edDSA).claims == ["iss": "a", "n": 1])
        let other = try CompactToken(try CompactToken.make(Self.claims, type: "JWT", by: Self.shared))
        #expect(other.algorithm == .hs256 && other.keyID == nil)
        #expect(try other.verified(by: Self.shared).claims["iss"] == "a")
    }

    @Test("of RFC 7515, appendix A.1, holds under its key and no other")
    func hs256Vector() throws {
        let text =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
            + "LmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
        let key = try SharedKey(try #require(Base64.decodeURLSafe(Array(secret.utf8))))
        #expect(try CompactToken(text).verified(by: key).claims["iss"] == "joe")
        #expect(code { () throws(TokenError) in try CompactToken(text).verified(by: Self.shared) } == .signature)
    }

    @Test("of RFC 8037, appendix A.4, has the signature that its key makes")
    func edDSAVector() throws {
        let seed = try #require(Base64.decodeURLSafe(Array("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".utf8)))
        let signed = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let key = try Ed25519PrivateKey(seed: seed)
        #expect(
            Base64.encodeURLSafe(try key.sign(signed))
                == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
        #expect(Base64.encodeURLSafe(key.publicKey) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    }

    static let malformedTexts: [(String, String)] = [
        ("nothing", ""), ("one part", "eyJhbGciOiJub25lIn0"), ("two parts", "a.b"), ("four parts", "a.b.c.d"),
        ("empty parts", ".."), ("a line end", RawToken.text(header, "{}", signature: [1]) + "\n"),
        ("a space in front", " " + RawToken.text(header, "{}", signature: [1])),
        ("no signature", RawToken.text(header, "{}", signature: [])),
        ("a header that is no JSON", RawToken.text("{", "{}", signature: [1])),
        ("a header that is a list", RawToken.text("[]", "{}", signature: [1])),
        ("a payload that is text", RawToken.text(header, "\"a\"", signature: [1])),
        ("a payload that is no JSON", RawToken.text(header, "{\"a\":}", signature: [1])),
        ("a payload with more after it", RawToken.text(header, "{}{}", signature: [1])),
        ("a claim twice", RawToken.text(header, #"{"iss":"a","iss":"b"}"#, signature: [1])),
        ("a claim twice, once escaped", RawToken.text(header, #"{"iss":"a","\u0069ss":"b"}"#, signature: [1])),
        ("a header twice", RawToken.text(#"{"alg":"EdDSA","alg":"HS256"}"#, "{}", signature: [1])),
        ("deep nesting", RawToken.text(header, String(repeating: "[", count: 500), signature: [1])),
        ("a byte-order mark", RawToken.text("\u{FEFF}" + header, "{}", signature: [1])),
        ("no algorithm", RawToken.text("{}", "{}", signature: [1])),
        ("an algorithm that is a list", RawToken.text(#"{"alg":["EdDSA"]}"#, "{}", signature: [1])),
        ("an algorithm that is null", RawToken.text(#"{"alg":null}"#, "{}", signature: [1])),
        ("crit", RawToken.text(#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#, "{}", signature: [1])),
        ("an empty crit", RawToken.text(#"{"alg":"EdDSA","crit":[]}"#, "{}", signature: [1])),
        ("b64", RawToken.text(#"{"alg":"EdDSA","b64":true}"#, "{}", signature: [1])),
        ("zip", RawToken.text(#"{"alg":"EdDSA","zip":"DEF"}"#, "{}", signature: [1])),
        ("a key in the header", RawToken.text(#"{"alg":"EdDSA","jwk":{"kty":"OKP"}}"#, "{}", signature: [1])),
        ("a key's address", RawToken.text(#"{"alg":"EdDSA","jku":"https://x.example"}"#, "{}", signature: [1])),
        ("a certificate", RawToken.text(#"{"alg":"EdDSA","x5c":["AA=="]}"#, "{}", signature: [1])),
        ("a certificate's address", RawToken.text(#"{"alg":"EdDSA","x5u":"https://x.example"}"#, "{}", signature: [1])),
        ("kid a number", RawToken.text(#"{"alg":"EdDSA","kid":1}"#, "{}", signature: [1])),
        ("typ an object", RawToken.text(#"{"alg":"EdDSA","typ":{}}"#, "{}", signature: [1])),
        ("beyond ASCII", RawToken.text(header, "{}", signature: [1]) + "é"),
        (
            "too long",
            RawToken.text(header, "{\"a\":\"" + String(repeating: "x", count: 13_000) + "\"}", signature: [1])
        ),
    ]

    @Test("of another form is refused", arguments: malformedTexts)
    func malformed(name: String, text: String) {
        #expect(code { () throws(TokenError) in try CompactToken(text) } == .malformed, "\(name)")
    }

    @Test(
        "of another algorithm is refused, in whatever letters",
        arguments: [
            "none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "PS256", "eddsa", "hs256", "Ed25519",
        ])
    func algorithms(name: String) {
        for signature in [[UInt8](repeating: 0, count: 64), [1]] {
            let text = RawToken.text("{\"alg\":\"\(name)\"}", "{}", signature: signature)
            #expect(code { () throws(TokenError) in try CompactToken(text) } == .algorithm)
        }
    }

    @Test("never chooses its algorithm: a key is for one, and a public key is no secret")
    func confusion() throws {
        let edDSA = try CompactToken(try CompactToken.make(Self.claims, type: "t", by: Self.key))
        let hs256 = try CompactToken(try CompactToken.make(Self.claims, type: "t", by: Self.shared))
        #expect(code { () throws(TokenError) in try edDSA.verified(by: Self.shared) } == .algorithm)
        #expect(code { () throws(TokenError) in try hs256.verified(by: Self.key.edDSA) } == .algorithm)
        // The classic: HS256 with what everybody knows as its secret.
        for secret in [Array(Self.key.text.utf8), Self.key.publicKey] {
            let code = try HMACSHA256.code(for: Array("x".utf8), key: secret)
            let forged = try CompactToken(RawToken.text(#"{"alg":"HS256"}"#, "{}", signature: code))
            #expect(TokensTests.code { () throws(TokenError) in try forged.verified(by: Self.key.edDSA) } == .algorithm)
        }
        for text in [
            Self.key.text, "-----BEGIN PUBLIC KEY-----\nMCo", "-----BEGIN CERTIFICATE-----\n", "ssh-rsa AAAA",
            "ecdsa-sha2-nistp256 AAAA", "sk-ssh-ed25519@openssh.com AAAA",
        ] {
            #expect(code { () throws(TokenError) in try SharedKey(Array(text.utf8)) } == .weakKey)
        }
    }

    /// Every single bit of a short token, and every cut and addition.
    @Test("with any bit changed, any byte left out or added, is refused", arguments: TokenAlgorithm.allCases)
    func tampered(algorithm: TokenAlgorithm) throws {
        let text =
            try algorithm == .edDSA
            ? CompactToken.make(Self.claims, type: "t", by: Self.key)
            : CompactToken.make(Self.claims, type: "t", by: Self.shared)
        func holds(_ bytes: [UInt8]) -> Bool {
            guard let token = try? CompactToken(String(decoding: bytes, as: UTF8.self)) else { return false }
            return algorithm == .edDSA
                ? (try? token.verified(by: Self.key.edDSA)) != nil : (try? token.verified(by: Self.shared)) != nil
        }
        let bytes = Array(text.utf8)
        #expect(holds(bytes))
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(bit)
                #expect(!holds(flipped), "bit \(bit) of byte \(index)")
            }
            var cut = bytes
            cut.remove(at: index)
            #expect(!holds(cut), "byte \(index) left out")
            var longer = bytes
            longer.insert(UInt8(ascii: "A"), at: index)
            #expect(!holds(longer), "a byte more at \(index)")
        }
        for ending in ["A", "=", "==", ".", "\n", " "] { #expect(!holds(bytes + Array(ending.utf8))) }
        for count in bytes.indices { #expect(!holds(Array(bytes[..<count]))) }
    }

    @Test("is base64url in one spelling alone")
    func spelling() throws {
        for text in ["A", "AB", "AAB", "AA=", "AA==", "A A", "A+AA", "A/AA", "AAA\n", "ÄA"] {
            #expect(Base64.decodeURLSafe(Array(text.utf8)) == nil, "\(text)")
        }
        var random = SeededGenerator(stream: 7515)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(Base64.decodeURLSafe(Array(Base64.encodeURLSafe(bytes).utf8)) == bytes)
        }
    }

    @Test("crashes nothing, whatever it is")
    func noise() {
        var random = SeededGenerator(stream: 7519)
        let good = Array(RawToken.text(Self.header, #"{"a":[1,{"b":null}]}"#, signature: [1, 2, 3]).utf8)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...random.below(6) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            _ = try? CompactToken(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("is issued under a shared key of 32 bytes or more, and read under a shorter one")
    func weakKeys() throws {
        let weak = try SharedKey(Array("short\n".utf8))
        #expect(weak.isWeak)
        #expect(code { () throws(TokenError) in try CompactToken.make(Self.claims, type: "t", by: weak) } == .weakKey)
        let header = #"{"alg":"HS256","typ":"JWT"}"#
        let signed = [header, "{}"].map { Base64.encodeURLSafe(Array($0.utf8)) }.joined(separator: ".")
        let mark = try HMACSHA256.code(for: Array(signed.utf8), key: Array("short".utf8))
        let text = signed + "." + Base64.encodeURLSafe(mark)
        #expect(throws: Never.self) { try CompactToken(text).verified(by: weak) }
        #expect(code { () throws(TokenError) in try SharedKey([]) } == .weakKey)
        #expect(code { () throws(TokenError) in try SharedKey([10]) } == .weakKey)
        #expect("\(weak)" == "<redacted>")
    }
}
