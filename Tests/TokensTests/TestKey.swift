import ChangeModel
import CryptoPrimitives
import Tokens

/// A key pair that a seed makes, as OpenSSH would write it.
struct TestKey: TokenSigner {
    let text: String
    let fingerprint: String
    private let key: Ed25519PrivateKey
    let edDSA: EdDSAKey
    var claimsToBe: String?

    init(_ number: UInt8) {
        // 32 bytes are a seed, and what follows a key.
        key = try! Ed25519PrivateKey(seed: [UInt8](repeating: number, count: 32))
        let blob = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + key.publicKey
        text = "ssh-ed25519 " + Base64.encode(blob)
        edDSA = EdDSAKey(sshText: text)!
        fingerprint = edDSA.fingerprint
    }

    var publicKey: [UInt8] { key.publicKey }
    var algorithm: TokenAlgorithm { .edDSA }
    var keyID: String? { claimsToBe ?? fingerprint }
    func sign(_ signed: [UInt8]) throws(TokenError) -> [UInt8] {
        do { return try key.sign(signed) } catch { throw TokenError(.signature, "\(error)") }
    }
}

/// Tokens of any header and payload, signed or not.
enum RawToken {
    static func text(_ header: String, _ payload: String, signature: [UInt8]) -> String {
        part(header) + "." + part(payload) + "." + Base64.encodeURLSafe(signature)
    }

    static func text(_ header: String, _ payload: String, by signer: some TokenSigner) throws -> String {
        let signed = part(header) + "." + part(payload)
        return signed + "." + Base64.encodeURLSafe(try signer.sign(Array(signed.utf8)))
    }

    private static func part(_ text: String) -> String { Base64.encodeURLSafe(Array(text.utf8)) }
}

let clock = Timestamp(seconds: 1_795_392_000)
let repositoryID = "51t4bdacbn17p35b5604fjp1nc"

func code(of body: () throws(TokenError) -> some Any) -> TokenError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return error.code
    }
}
