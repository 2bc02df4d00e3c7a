/// Text from outside for a page that GitHub renders: it stands in `<code>` or `<pre>`, where neither mentions nor references
/// are looked for, and every character that Markdown or HTML could give a meaning is a numeric character reference.
enum MarkdownText {
    /// What one field may show, in characters.
    static let maximumField = 2000
    /// What one file may show, in characters. A reference takes up to nine bytes.
    static let maximumFile = 16 << 10

    static func code(_ text: String) -> String {
        "<code>\(escaped(visible(cut(text, maximumField)), keeping: ""))</code>"
    }

    /// Lines that were added, as a block.
    static func addedLines(_ text: String) -> String {
        let lines = cut(text, maximumFile).split(separator: "\n", omittingEmptySubsequences: false)
        let kept = lines.last == "" ? lines.dropLast() : lines[...]
        let added = kept.map { "+ " + visible(String($0)) }.joined(separator: "\n")
        return "<pre>\(escaped(added, keeping: "\n"))</pre>"
    }

    private static func cut(_ text: String, _ limit: Int) -> String {
        guard text.unicodeScalars.count > limit else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + " … (cut)"
    }

    /// Letters and digits of any script and blanks stay; ASCII's punctuation becomes `&#NN;`, and so does a line feed that
    /// is not kept.
    private static func escaped(_ text: String, keeping kept: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", "-": result.unicodeScalars.append(scalar)
            case _ where kept.unicodeScalars.contains(scalar): result.unicodeScalars.append(scalar)
            case _ where scalar.isASCII: result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
