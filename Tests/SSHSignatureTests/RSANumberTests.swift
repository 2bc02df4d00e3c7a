import SSHSignature
import Testing

@Suite("RSA signatures as numbers")
struct RSANumberTests {
    /// Over `text 543`, for `git`: by `ssh-keygen -Y sign` and a key of 2048 bits, one of the few whose number has only
    /// 255 bytes. The zero that ssh-keygen writes before it is taken away, as signers after RFC 4253, section 6.6 do;
    /// `ssh-keygen -Y check-novalidate` accepts it.
    private static let short = """
        -----BEGIN SSH SIGNATURE-----
        U1NIU0lHAAAAAQAAARcAAAAHc3NoLXJzYQAAAAMBAAEAAAEBAK6j9mPxifI/WGlhE6YnxL
        4ZiGa9y+QchlZN1Z7P2fJ8a3Obns8Sto8gap7fg69pYF7+58bZieNiQijpkMG/y429Ash7
        MZpVwX70IZvEyQg/TCWn4dYSzMCIx0s2W46nQvwDJZJZUOW4NQAGiLquJuHd/7mW9US3l2
        RMUWZqDW2CyWUMUrjEx0AkYgYmYUWFgsCMzDraR/ZIgyfvXqEQ7/1MIlnkinOnk1K2IfLh
        PZrBlZj256j9V7TvhAw1QCo8+S4KWdcNDoG2LCGZdy1j+h9o0qSI9Rt+2iLYg828jV+hXh
        mUpvaMltRtKdrGLzi1yqroGynUOT7L7LPF/+hPi/EAAAADZ2l0AAAAAAAAAAZzaGE1MTIA
        AAETAAAADHJzYS1zaGEyLTUxMgAAAP//JfOKCwbF3aK17iDP1Ra8R98t8qMV1l+p2UUY/1
        PRyoAw4LrAsAQNcYalyL/n/P6gjIzDDLTOyowzL1tm32ue7KUbChwtqmpLaAxtgNLa6fEc
        KDLHKLoYUcBMxNYmvL9vZqw1gAWNfplBWu27BzGfEYeSBADhfcL58iv5kVvNIYKbs15091
        ZLIbNrd0NfIbximXcbALjp4cOSJBpa+FtvwpUtNjA3m8t1mi0TnB+zFG9jNJE0nckQsh0k
        Qaf0VcESpKnEHugU7RSrdL7RLrS59/fh1g0QhnSogjE4PR6XqNQRTnPQL3xrevmSqxTopl
        AIK5djmd3SJP6YgqHNziM=
        -----END SSH SIGNATURE-----

        """
    private static let message = Array("text 543".utf8)

    /// The same signature with `zeros` before its number.
    private func blob(zeros: Int) throws -> [UInt8] {
        let blob = try SSHSignature(armored: Self.short).blob
        let algorithm = Wire().string("rsa-sha2-512").bytes
        let start = try #require(blob.indices.last { blob[$0...].starts(with: algorithm) })
        let number = [UInt8](repeating: 0, count: zeros) + blob.suffix(255)
        return Wire(bytes: Array(blob[..<(start - 4)])).string(Wire(bytes: algorithm).string(number).bytes).bytes
    }

    @Test("a number is accepted without leading zeros, and with as many as fill the modulus", arguments: [0, 1])
    func accepted(_ zeros: Int) throws {
        try SSHSignature(blob: blob(zeros: zeros)).verify(message: Self.message, namespace: "git")
    }

    @Test("a number longer than the modulus is refused", arguments: [2, 256])
    func tooLong(_ zeros: Int) throws {
        let signature = try SSHSignature(blob: blob(zeros: zeros))
        #expect(code { try signature.verify(message: Self.message, namespace: "git") } == .notVerified)
    }
}
