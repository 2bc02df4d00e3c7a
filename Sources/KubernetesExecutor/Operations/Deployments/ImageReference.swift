/// The grammar of an image reference (distribution's `reference` package): `[domain[:port]/]path[:tag][@digest]`.
enum ImageReference {
    /// nil when the reference is well formed, else what is wrong with it.
    static func fault(in text: String) -> String? {
        var rest = Array(text.utf8)[...]
        guard (1...255).contains(rest.count) else { return "must have 1 to 255 bytes" }
        if let at = rest.firstIndex(of: UInt8(ascii: "@")) {
            guard isDigest(rest[(at + 1)...]) else { return "the digest must be `sha256:` and 64 hexadecimal digits" }
            rest = rest[..<at]
        }
        let lastSlash = rest.lastIndex(of: UInt8(ascii: "/"))
        if let colon = rest.lastIndex(of: UInt8(ascii: ":")), colon > lastSlash ?? -1 {
            guard isTag(rest[(colon + 1)...]) else { return "the tag is malformed" }
            rest = rest[..<colon]
        }
        var segments = rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if segments.count > 1, let first = segments.first,
            first.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || isUpper($0) })
                || first.elementsEqual("localhost".utf8)
        {
            guard isDomain(first) else { return "the registry's name is malformed" }
            segments.removeFirst()
        }
        guard segments.allSatisfy(isPathSegment) else { return "the repository's name is malformed" }
        return nil
    }

    private static func isDigest(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.starts(with: "sha256:".utf8), text.count == 71 else { return false }
        return text.dropFirst(7).allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    private static func isTag(_ text: ArraySlice<UInt8>) -> Bool {
        guard (1...128).contains(text.count), let first = text.first, !".-".utf8.contains(first) else { return false }
        return text.allSatisfy { isDigit($0) || isLower($0) || isUpper($0) || "_.-".utf8.contains($0) }
    }

    private static func isDomain(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2 else { return false }
        if parts.count == 2 {
            guard (1...5).contains(parts[1].count), parts[1].allSatisfy(isDigit) else { return false }
        }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last else { return false }
            let letters = label.allSatisfy { isDigit($0) || isLower($0) || isUpper($0) || $0 == UInt8(ascii: "-") }
            return letters && first != UInt8(ascii: "-") && last != UInt8(ascii: "-")
        }
    }

    /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
    private static func isPathSegment(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, let last = text.last, isDigit(first) || isLower(first),
            isDigit(last) || isLower(last)
        else { return false }
        var separator: [UInt8] = []
        for byte in text {
            if isDigit(byte) || isLower(byte) {
                let isKnown =
                    separator.isEmpty || separator == Array(".".utf8) || separator == Array("_".utf8)
                    || separator == Array("__".utf8) || separator.allSatisfy { $0 == UInt8(ascii: "-") }
                guard isKnown else { return false }
                separator = []
            } else if "._-".utf8.contains(byte) {
                separator.append(byte)
            } else {
                return false
            }
        }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}
