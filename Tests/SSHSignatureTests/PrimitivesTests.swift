import CryptoPrimitives
import Testing

@Suite("Primitives")
struct PrimitivesTests {
    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) ?? 0
        }
    }

    @Test("SHA-256 and SHA-512 of the examples of FIPS 180-4")
    func hashes() {
        #expect(
            hexadecimal(SHA256.hash([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hexadecimal(SHA256.hash(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hexadecimal(SHA512.hash(Array("abc".utf8)))
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    }

    @Test("HMAC-SHA-256 of RFC 4231, cases 1, 2 and 6, and with an empty key")
    func hmac() throws {
        #expect(
            hexadecimal(
                try HMACSHA256.code(for: Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20)))
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            hexadecimal(
                try HMACSHA256.code(for: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let long = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        #expect(
            hexadecimal(try HMACSHA256.code(for: long, key: [UInt8](repeating: 0xAA, count: 131)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        #expect(
            hexadecimal(try HMACSHA256.code(for: [], key: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test(
        "base64 of RFC 4648, section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
    }

    @Test("every byte survives base64, in both alphabets")
    func base64Alphabets() {
        let all = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Base64.encode(all)) == all)
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.encodeURLSafe([0xFB, 0xFF]) == "-_8")
    }

    @Test(
        "one byte sequence has one base64 text: any other is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8==", "=", "==", "====", "A===", "Zg==Zg==", "Zm9v\n",
            " Zm9v",
            "Zm 9", "Zm9-", "Zm9_", "Zm=v", "Ｚm9", "Zm9v====",
        ])
    func strictBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        "Ed25519 signs as in RFC 8032, section 7.1",
        arguments: [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                    + "d25bf5f0595bbe24655141438e7a100b"
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                    + "387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ])
    func ed25519(_ seed: String, publicKey: String, message: String, signature: String) throws {
        let key = try Ed25519PrivateKey(seed: bytes(seed))
        #expect(hexadecimal(key.publicKey) == publicKey)
        #expect(hexadecimal(try key.sign(bytes(message))) == signature)
        let verifier = try Ed25519PublicKey(bytes(publicKey))
        #expect(verifier.verifies(bytes(signature), of: bytes(message)))
        #expect(!verifier.verifies(bytes(signature), of: bytes(message) + [0]))
        #expect(!verifier.verifies(Array(bytes(signature).dropLast()), of: bytes(message)))
    }

    @Test("an Ed25519 signature whose s is not below the group's order is refused")
    func malleability() throws {
        let key = try Ed25519PrivateKey(seed: [UInt8](repeating: 3, count: 32))
        let signature = try key.sign([1, 2, 3])
        // L = 2^252 + 27742317777372353535851937790883648493, little-endian.
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var twin = Array(signature[..<32])
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            twin.append(UInt8(sum & 0xFF))
            carry = sum >> 8
        }
        #expect(carry == 0)
        let verifier = try Ed25519PublicKey(key.publicKey)
        #expect(verifier.verifies(signature, of: [1, 2, 3]))
        #expect(!verifier.verifies(twin, of: [1, 2, 3]))
    }

    @Test("a seed must have 32 bytes", arguments: [0, 31, 33, 64])
    func seeds(_ count: Int) {
        #expect(throws: CryptoError.self) { try Ed25519PrivateKey(seed: [UInt8](repeating: 1, count: count)) }
    }

    @Test(
        "an Ed25519 point of low order is no key, whatever the sign of x",
        arguments: [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ])
    func lowOrder(_ text: String) {
        var point = bytes(text)
        #expect(throws: CryptoError.self) { try Ed25519PublicKey(point) }
        point[31] ^= 0x80
        #expect(throws: CryptoError.self) { try Ed25519PublicKey(point) }
    }

    @Test("an ECDSA signature with a number of zero or too many bytes is refused, and crashes nothing")
    func ecdsaNumbers() throws {
        // The base point (SEC 2, section 2.4.2) is a point like any other.
        let point = bytes(
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
        let key = try ECDSAPublicKey(.p256, point: point)
        for r: [UInt8] in [[], [0], [1], [UInt8](repeating: 0xFF, count: 32), [UInt8](repeating: 1, count: 1000)] {
            #expect(!key.verifies(r: r, s: [1], of: [1]))
            #expect(!key.verifies(r: [1], s: r, of: [1]))
        }
    }
}
