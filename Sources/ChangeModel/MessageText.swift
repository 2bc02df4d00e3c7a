extension String {
    /// Text from a server or a file, for a message: printable ASCII, at most `limit` characters, everything else replaced.
    ///
    /// - Parameter isSentence: whether it is words of a message itself, backticks and all.
    public func forMessage(limit: Int = 80, isSentence: Bool = false) -> String {
        let clean = unicodeScalars.prefix(limit + 1).map { scalar in
            scalar.value >= 0x20 && scalar.value < 0x7F && (isSentence || scalar != "`") ? Character(scalar) : "?"
        }
        return clean.count > limit ? String(clean.prefix(limit)) + "..." : String(clean)
    }
}
