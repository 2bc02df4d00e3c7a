internal import CryptoPrimitives

/// The text form of binary things: base64 between a `BEGIN` and an `END` line, as OpenSSH writes it.
enum Armor {
    static let signature = "SSH SIGNATURE"
    static let privateKey = "OPENSSH PRIVATE KEY"

    /// OpenSSH's line width (sshbuf_dtob64 with wrapping).
    private static let lineWidth = 70

    /// Ends in a line feed.
    static func encode(_ bytes: [UInt8], label: String) -> String {
        let symbols = Array(Base64.encode(bytes).utf8)
        var text = Array("-----BEGIN \(label)-----\n".utf8)
        for start in stride(from: 0, to: symbols.count, by: lineWidth) {
            text += symbols[start..<min(start + lineWidth, symbols.count)]
            text.append(UInt8(ascii: "\n"))
        }
        text += "-----END \(label)-----\n".utf8
        return String(decoding: text, as: UTF8.self)
    }

    static func isArmored(_ text: [UInt8], label: String) -> Bool { text.starts(with: "-----BEGIN \(label)-----".utf8) }

    /// Decodes one block that begins at the first byte and ends at the last; the final line feed may be missing. Lines
    /// may have any width, since other programs choose others than OpenSSH.
    static func decode(_ text: [UInt8], label: String) throws(WireError) -> [UInt8] {
        var body = text[...]
        if body.last == UInt8(ascii: "\n") { body.removeLast() }
        let begin = Array("-----BEGIN \(label)-----\n".utf8)
        let end = Array("\n-----END \(label)-----".utf8)
        guard body.starts(with: begin) else {
            throw WireError(problem: "does not begin with the line `-----BEGIN \(label)-----`")
        }
        body = body.dropFirst(begin.count)
        guard body.count >= end.count, body.suffix(end.count) == end[...] else {
            throw WireError(problem: "does not end with the line `-----END \(label)-----`")
        }
        body = body.dropLast(end.count)
        let lines = body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard !lines.contains(where: { $0.isEmpty }) else { throw WireError(problem: "has an empty line") }
        guard let bytes = Base64.decode(Array(lines.joined())) else {
            throw WireError(problem: "has lines that are not base64")
        }
        return bytes
    }
}
