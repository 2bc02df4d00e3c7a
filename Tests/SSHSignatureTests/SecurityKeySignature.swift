import CryptoPrimitives

/// A signature as an Ed25519 security key would make it (OpenSSH's PROTOCOL.u2f), by a seed in memory.
struct SecurityKeySignature {
    let blob: [UInt8]

    init(message: [UInt8], namespace: String, flags: UInt8, signedFlags: UInt8? = nil) throws {
        let key = try Ed25519PrivateKey(seed: [UInt8](repeating: 7, count: 32))
        let type = "sk-ssh-ed25519@openssh.com"
        let data = Wire().raw(Array("SSHSIG".utf8)).string(namespace).string("").string("sha512")
            .string(SHA512.hash(message)).bytes
        let signed = Wire().raw(SHA256.hash(Array("ssh:".utf8))).raw([signedFlags ?? flags]).uint32(41)
            .raw(SHA256.hash(data)).bytes
        let value = Wire().string(type).string(try key.sign(signed)).raw([flags]).uint32(41).bytes
        let publicKey = Wire().string(type).string(key.publicKey).string("ssh:").bytes
        blob =
            Wire().raw(Array("SSHSIG".utf8)).uint32(1).string(publicKey).string(namespace).string("")
            .string("sha512").string(value).bytes
    }
}
