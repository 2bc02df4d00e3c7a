/// Text that an agent, or anybody else, wrote, on its way to people's screens.
enum ForeignText {
    /// One line of visible text: what controls a terminal, reorders or hides text becomes U+FFFD, ends of lines become blanks, and
    /// what is beyond `limit` characters is cut off with `…`.
    static func visible(_ text: String, limit: Int) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit + 1) {
            switch scalar.properties.generalCategory {
            case .control where scalar.value == 0x0A || scalar.value == 0x0D || scalar.value == 0x09,
                .lineSeparator, .paragraphSeparator:
                scalars.append(" ")
            case .control, .format, .surrogate, .privateUse, .unassigned: scalars.append("\u{FFFD}")
            default: scalars.append(scalar)
            }
        }
        guard scalars.count > limit else { return String(scalars) }
        return String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
    }

    /// For Slack, by whose rules three characters begin all that is no plain text (docs.slack.dev, "Formatting message text").
    static func slack(_ text: String, limit: Int) -> String {
        var escaped = ""
        for character in visible(text, limit: limit).unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
