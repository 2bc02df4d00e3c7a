import SSHSignature
import Testing

@Suite("Public keys")
struct PublicKeyTests {
    private func refusal(_ line: String) -> SSHKeyError.Code? {
        do throws(SSHKeyError) {
            _ = try SSHPublicKey(line: line)
            return nil
        } catch {
            return error.code
        }
    }

    private func refusal(blob: Wire) -> SSHKeyError.Code? {
        do throws(SSHKeyError) {
            _ = try SSHPublicKey(blob: blob.bytes)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("the text is type and base64, without the comment", arguments: Vector.names)
    func text(_ name: String) throws {
        let line = try Vector(name).publicKeyLine
        let key = try SSHPublicKey(line: line)
        #expect(key.text == line.split(separator: " ").prefix(2).joined(separator: " ").trimmed)
        #expect(try SSHPublicKey(line: key.text) == key)
        #expect(try SSHPublicKey(blob: key.blob).text == key.text)
        #expect(key.algorithm.isSecurityKey == name.contains("sk"))
    }

    @Test("spaces, tabs, comments and one line's end around a key do not matter")
    func surroundings() throws {
        let line = try Vector("ed25519").publicKeyLine.trimmed
        let key = try SSHPublicKey(line: line)
        let parts = line.split(separator: " ").map(String.init)
        for other in [
            "  \(line)\n", "\(line)\r\n", "\(parts[0])\t\(parts[1])\tme  @ here", "\(parts[0]) \(parts[1])",
            "\(parts[0])  \(parts[1])",
        ] {
            #expect(try SSHPublicKey(line: other) == key)
        }
    }

    @Test("what is no key line is refused")
    func lines() throws {
        let line = try Vector("ed25519").publicKeyLine.trimmed
        let parts = line.split(separator: " ").map(String.init)
        #expect(refusal("") == .malformed)
        #expect(refusal(" \n") == .malformed)
        #expect(refusal("ssh-ed25519") == .malformed)
        #expect(refusal("ssh-ed25519 AAAA") == .malformed)
        #expect(refusal("\(line)\n\(line)\n") == .malformed)
        #expect(refusal("ecdsa-sha2-nistp256 \(parts[1])") == .malformed)
        #expect(refusal("\(parts[0]) \(parts[1])=") == .malformed)
        #expect(refusal("\(parts[0]) \(parts[1])AAAA") == .malformed)
        #expect(refusal("\(parts[0]) \(parts[1].dropLast(4))") == .malformed)
        #expect(refusal("restrict \(line)") == .unsupportedAlgorithm)
        #expect(refusal("ssh-dss AAAAB3NzaC1kc3M=") == .unsupportedAlgorithm)
        #expect(refusal("ssh-ed25519-cert-v01@openssh.com \(parts[1])") == .certificate)
        #expect(refusal(String(repeating: "x", count: 1 << 20)) == .malformed)
    }

    @Test("a key on no curve, or of low order, is refused")
    func points() throws {
        let ed25519 = Wire().string("ssh-ed25519")
        #expect(refusal(blob: ed25519.string([UInt8](repeating: 0, count: 32))) == .unacceptable)
        #expect(refusal(blob: ed25519.string([UInt8](repeating: 0xFF, count: 32))) == .unacceptable)
        #expect(refusal(blob: ed25519.string([UInt8](repeating: 5, count: 31))) == .unacceptable)
        #expect(refusal(blob: ed25519.string([UInt8](repeating: 5, count: 33))) == .unacceptable)
        #expect(refusal(blob: ed25519) == .malformed)

        let key = try SSHPublicKey(line: try Vector("ecdsa").publicKeyLine)
        let point = Array(key.blob.suffix(65))
        let ecdsa = Wire().string("ecdsa-sha2-nistp256").string("nistp256")
        #expect(refusal(blob: ecdsa.string(point)) == nil)
        var offCurve = point
        offCurve[64] ^= 1
        #expect(refusal(blob: ecdsa.string(offCurve)) == .unacceptable)
        #expect(refusal(blob: ecdsa.string([0])) == .unacceptable)
        #expect(refusal(blob: ecdsa.string([2 + point[64] & 1] + point[1...32])) == .unacceptable)
        #expect(refusal(blob: ecdsa.string([6 + point[64] & 1] + point[1...])) == .unacceptable)
        #expect(refusal(blob: ecdsa.string(point).raw([0])) == .malformed)
        let otherCurve = Wire().string("ecdsa-sha2-nistp256").string("nistp384").string(point)
        #expect(refusal(blob: otherCurve) == .malformed)
    }

    @Test("an RSA key outside 2048 to 16384 bits, or with a bad exponent, is refused")
    func rsa() {
        func key(bits: Int, exponent: [UInt8] = [1, 0, 1]) -> Wire {
            var modulus = [UInt8](repeating: 0xC5, count: (bits + 7) / 8)
            modulus[0] = bits % 8 == 0 ? 0x80 : 1 << (UInt8(bits % 8) - 1)
            let sign: [UInt8] = modulus[0] >= 0x80 ? [0] : []
            return Wire().string("ssh-rsa").string(exponent).string(sign + modulus)
        }
        #expect(refusal(blob: key(bits: 2048)) == nil)
        #expect(refusal(blob: key(bits: 2049)) == nil)
        #expect(refusal(blob: key(bits: 16384)) == nil)
        #expect(refusal(blob: key(bits: 2047)) == .unacceptable)
        #expect(refusal(blob: key(bits: 1024)) == .unacceptable)
        #expect(refusal(blob: key(bits: 16385)) == .unacceptable)
        #expect(refusal(blob: key(bits: 2048, exponent: [3])) == nil)
        #expect(refusal(blob: key(bits: 2048, exponent: [1])) == .unacceptable)
        #expect(refusal(blob: key(bits: 2048, exponent: [4])) == .unacceptable)
        #expect(refusal(blob: key(bits: 2048, exponent: [UInt8](repeating: 1, count: 8))) == nil)
        #expect(refusal(blob: key(bits: 2048, exponent: [UInt8](repeating: 1, count: 9))) == .unacceptable)
    }

    @Test("a second spelling of an RSA key is refused")
    func canonical() throws {
        let modulus = [0] + [UInt8](repeating: 0xC5, count: 256)
        let start = Wire().string("ssh-rsa")
        #expect(refusal(blob: start.string([1, 0, 1]).string(modulus)) == nil)
        #expect(refusal(blob: start.string([0, 1, 0, 1]).string(modulus)) == .malformed)
        #expect(refusal(blob: start.string([1, 0, 1]).string([0] + modulus)) == .malformed)
        #expect(refusal(blob: start.string([1, 0, 1]).string(Array(modulus.dropFirst()))) == .malformed)
        #expect(refusal(blob: start.string([]).string(modulus)) == .malformed)
    }
}

extension String {
    var trimmed: String {
        String(self[..<(lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? startIndex)])
    }
}
