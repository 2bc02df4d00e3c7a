import SSHSignature
import Testing

@Suite("OpenSSH's own vectors")
struct VectorTests {
    @Test("a vector verifies, with the key and the purpose it was made for", arguments: Vector.names)
    func verifies(_ name: String) throws {
        let vector = try Vector(name)
        let signature = try vector.signature()
        try signature.verify(message: vector.message, namespace: vector.namespace)
        #expect(signature.namespace == "unittest")
        #expect(signature.publicKey == (try SSHPublicKey(line: vector.publicKeyLine)))
    }

    @Test("a vector's text and blob come out as they went in", arguments: Vector.names)
    func roundTrips(_ name: String) throws {
        let vector = try Vector(name)
        let signature = try vector.signature()
        #expect(signature.armored == vector.armored)
        #expect(try SSHSignature(blob: signature.blob) == signature)
    }

    @Test("a message with any byte flipped, removed or added is refused", arguments: Vector.names)
    func messageTampering(_ name: String) throws {
        let vector = try Vector(name)
        let signature = try vector.signature()
        var messages = vector.message.indices.map { index in
            var message = vector.message
            message[index] ^= 1
            return message
        }
        messages += vector.message.indices.map { Array(vector.message[..<$0]) }
        messages += [vector.message + [0], vector.message + [0x0A], [0] + vector.message]
        for message in messages {
            #expect(code { try signature.verify(message: message, namespace: vector.namespace) } == .notVerified)
        }
    }

    @Test(
        "a signature is refused for every other purpose", arguments: Vector.names,
        ["", "unittes", "unittest ", "Unittest", "git", "unittest\u{0}", "ｕnittest"])
    func wrongNamespace(_ name: String, namespace: String) throws {
        let vector = try Vector(name)
        let signature = try vector.signature()
        #expect(code { try signature.verify(message: vector.message, namespace: namespace) } == .wrongNamespace)
    }

    @Test("a blob with any byte changed is refused", arguments: Vector.names)
    func blobTampering(_ name: String) throws {
        let vector = try Vector(name)
        let blob = try vector.signature().blob
        #expect(vector.holds(blob))
        for index in blob.indices {
            var changed = blob
            changed[index] ^= 1 << (index % 8)
            #expect(!vector.holds(changed), "byte \(index)")
        }
    }

    @Test("a blob that is cut off anywhere, or goes on, is refused", arguments: Vector.names)
    func blobLength(_ name: String) throws {
        let vector = try Vector(name)
        let blob = try vector.signature().blob
        for end in blob.indices { #expect(!vector.holds(Array(blob[..<end])), "length \(end)") }
        for tail: [UInt8] in [[0], [0x0A], [0, 0, 0, 0], blob] { #expect(!vector.holds(blob + tail)) }
    }

    @Test(
        "a security key's signature without touch is refused",
        arguments: ["ed25519_sk", "ecdsa_sk"])
    func userPresence(_ name: String) throws {
        let vector = try Vector(name)
        var blob = try vector.signature().blob
        // The last five bytes are the flags and the counter.
        let flags = blob.count - 5
        #expect(blob[flags] == 1)
        blob[flags] = 4
        let signature = try SSHSignature(blob: blob)
        #expect(code { try signature.verify(message: vector.message, namespace: "unittest") } == .userNotPresent)
    }
}

/// The code of the error that `body` throws, or nil.
func code(_ body: () throws -> Void) -> SSHSignatureError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? SSHSignatureError)?.code
    }
}
