import OperatingSystem
import SSHSignature

/// One of OpenSSH's own signatures.
struct Vector {
    static let names = ["ed25519", "ecdsa", "rsa", "ed25519_sk", "ecdsa_sk", "ecdsa_sk_webauthn"]

    let publicKeyLine: String
    let armored: String
    let message: [UInt8]
    let namespace: String

    init(_ name: String) throws {
        publicKeyLine = String(decoding: try Self.read("\(name).pub"), as: UTF8.self)
        armored = String(decoding: try Self.read("\(name).sig"), as: UTF8.self)
        message = try Self.read("signed-data")
        namespace = String(decoding: try Self.read("namespace"), as: UTF8.self)
    }

    func signature() throws -> SSHSignature { try SSHSignature(armored: armored) }

    /// Whether `blob` is read and verified as if it were this vector's.
    func holds(_ blob: [UInt8]) -> Bool {
        guard let signature = try? SSHSignature(blob: blob) else { return false }
        return (try? signature.verify(message: message, namespace: namespace)) != nil
    }

    private static func read(_ name: String) throws -> [UInt8] {
        try Files.read(Files.parent(of: #filePath) + "/Vectors/" + name)
    }
}

/// A second writer of SSH's wire format, so that tests do not check the library with itself.
struct Wire {
    var bytes: [UInt8] = []

    func string(_ content: [UInt8]) -> Wire { uint32(UInt32(content.count)).raw(content) }

    func string(_ text: String) -> Wire { string(Array(text.utf8)) }

    func uint32(_ value: UInt32) -> Wire { raw(withUnsafeBytes(of: value.bigEndian) { Array($0) }) }

    func raw(_ content: [UInt8]) -> Wire { Wire(bytes: bytes + content) }
}

/// The generator of Steele, Lea and Flood: the same numbers for the same seed everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
