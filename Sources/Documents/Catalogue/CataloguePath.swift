/// Paths that `agentsafe.yaml` names. They are relative to it and stay below it.
enum CataloguePath {
    /// Without a leading `./` and a trailing `/`.
    static func normalized(_ text: String) -> String {
        var path = text[...]
        while path.hasPrefix("./") { path = path.dropFirst(2) }
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    /// Why a normalised path is refused; nil when it is fine.
    static func problem(_ path: String) -> String? {
        guard (1...255).contains(path.utf8.count) else { return "a path has 1 to 255 characters" }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            return "a path is printable ASCII without blanks and backslashes"
        }
        if path.hasPrefix("/") { return "a path is relative to `agentsafe.yaml`" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map { $0.lowercased() }
        if segments.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            return "a path has no empty segments, no `.` and no `..`"
        }
        if segments.contains(where: { $0.hasPrefix("-") }) { return "no segment of a path starts with `-`" }
        if segments.contains(".git") { return "a path does not lead into `.git`" }
        // What anyone may change, or what landings and trust commits write, must not hold what gives power.
        if ["docs", "changes", "trust"].contains(segments[0]) { return "`\(segments[0])/` is kept for other files" }
        if segments[0].hasPrefix("readme") || segments[0].hasPrefix("license") {
            return "anyone may change README and LICENSE, so they hold no catalogue"
        }
        return nil
    }
}
