import Foundation

/// The Swift file that holds the embedded files.
///
/// Contents are string literals in a table of static strings: they compile in no time, lie in the binary's read-only data,
/// and cost nothing at start-up. (Array literals of bytes take minutes to type-check.)
struct GeneratedSource {
    let files: [ResourceFile]

    /// Writes the file, or leaves it alone when it is the same already.
    func write(to path: String) throws {
        let bytes = Data(text.utf8)
        if FileManager.default.contents(atPath: path) == bytes { return }
        try bytes.write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private var text: String {
        var text = "// Made by ResourceEmbedder; do not edit.\n\nlet embeddedFiles: [EmbeddedSource] = [\n"
        for file in files {
            let (path, content) = (Self.escaped(file.path), Self.escaped(file.content))
            text += "    EmbeddedSource(path: \"\(path)\", content: \"\(content)\"),\n"
        }
        return text + "]\n"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case " "..."~": result.unicodeScalars.append(scalar)
            default: result += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return result
    }
}
