import CryptoPrimitives
import SSHSignature
import TestSupport
import Testing

@Suite("Random damage")
struct MutationTests {
    static let seed: UInt64 = 0x5353_4853_4947

    /// One to four edits: a bit, a byte, a cut, a copy, a length, a piece of another vector.
    private static func mutate(
        _ bytes: [UInt8], with other: [UInt8], using generator: inout SplitMix64
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...place, using: &generator))
            case 4:
                for index in place..<min(bytes.count, place + 4) { bytes[index] = [0, 0xFF, 0x7F, 4][index % 4] }
            default:
                let start = Int.random(in: 0..<other.count, using: &generator)
                bytes.replaceSubrange(place..<end, with: other[start..<min(other.count, start + 40)])
            }
        }
        return bytes
    }

    @Test("a damaged signature crashes nothing, and verifies only if the damage undid itself", arguments: Vector.names)
    func signatures(_ name: String) throws {
        var generator = SplitMix64(state: Self.seed)
        let vector = try Vector(name)
        let blob = try vector.signature().blob
        let other = try Vector(name == "rsa" ? "ecdsa" : "rsa").signature().blob
        for round in 0..<1000 {
            let damaged = Self.mutate(blob, with: other, using: &generator)
            #expect(vector.holds(damaged) == (damaged == blob), "seed \(Self.seed), round \(round)")
        }
    }

    @Test("damaged armor crashes nothing, and is read only if it still says the same", arguments: Vector.names)
    func armor(_ name: String) throws {
        var generator = SplitMix64(state: Self.seed)
        let vector = try Vector(name)
        let original = try vector.signature()
        for round in 0..<500 {
            let damaged = Self.mutate(Array(vector.armored.utf8), with: Array("\n-=\r A/+".utf8), using: &generator)
            let text = String(decoding: damaged, as: UTF8.self)
            guard let signature = try? SSHSignature(armored: text), signature != original else { continue }
            #expect(!vector.holds(signature.blob), "seed \(Self.seed), round \(round)")
        }
    }

    @Test("a damaged public key crashes nothing, and what is read comes out as it went in", arguments: Vector.names)
    func publicKeys(_ name: String) throws {
        var generator = SplitMix64(state: Self.seed)
        let key = try SSHPublicKey(line: try Vector(name).publicKeyLine)
        let other = try SSHPublicKey(line: try Vector(name == "rsa" ? "ecdsa" : "rsa").publicKeyLine)
        for round in 0..<500 {
            let damaged = Self.mutate(key.blob, with: other.blob, using: &generator)
            if let read = try? SSHPublicKey(blob: damaged) {
                #expect(read.blob == damaged, "seed \(Self.seed), round \(round)")
                #expect((try? SSHPublicKey(line: read.text)) == read, "seed \(Self.seed), round \(round)")
            }
            let line = Self.mutate(Array(key.text.utf8), with: Array(other.text.utf8), using: &generator)
            _ = try? SSHPublicKey(line: String(decoding: line, as: UTF8.self))
        }
    }

    @Test("a damaged private key crashes nothing, and never signs for another public key than its own")
    func privateKeys() throws {
        var generator = SplitMix64(state: Self.seed)
        let directory = try TemporaryDirectory()
        let seed = [UInt8](repeating: 5, count: 32)
        let signer = try Ed25519Signer(seed: seed)
        let point = try Ed25519PrivateKey(seed: seed).publicKey
        let section = Wire().uint32(77).uint32(77).string("ssh-ed25519").string(point).string(seed + point)
            .string("comment").raw([1, 2]).bytes
        let content = Wire().raw(Array("openssh-key-v1\0".utf8)).string("none").string("none").string("").uint32(1)
            .string(signer.publicKey.blob).string(section).bytes
        var read = 0
        for round in 0..<500 {
            let damaged = round == 0 ? content : Self.mutate(content, with: section, using: &generator)
            let file = try directory.write(
                "key\(round)",
                "-----BEGIN OPENSSH PRIVATE KEY-----\n\(Base64.encode(damaged))\n-----END OPENSSH PRIVATE KEY-----\n",
                mode: 0o600)
            guard case .ed25519(let other)? = try? PrivateKeyFile.read(file) else { continue }
            read += 1
            #expect(other.publicKey == signer.publicKey, "seed \(Self.seed), round \(round)")
        }
        #expect(read > 0)
    }
}
