import Testing

/// Just enough of a shell to read documentation: quotes, comments, continued lines.
enum ShellLines {
    struct Unreadable: Error { let line: String }

    /// The words of one command line.
    static func words(_ line: String) throws -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = line.makeIterator()
        while let character = characters.next() {
            if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == "\\" {
                guard let next = characters.next() else { throw Unreadable(line: line) }
                if next != "\n" { word = (word ?? "") + String(next) }
            } else if character == " " || character == "\n" {
                if let done = word { words.append(done) }
                word = nil
            } else if character == "#", word == nil {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw Unreadable(line: line) }
        return words + [word].compactMap { $0 }
    }

    /// The command lines of a Markdown text's indented blocks.
    static func commands(in markdown: String) throws -> [[String]] {
        var commands: [[String]] = []
        var continued = ""
        for line in markdown.split(separator: "\n") where line.hasPrefix("    ") {
            let text = line.drop { $0 == " " }
            if text.hasSuffix("\\") {
                continued += text.dropLast() + " "
            } else {
                commands.append(try words(continued + text))
                continued = ""
            }
        }
        return commands
    }
}
