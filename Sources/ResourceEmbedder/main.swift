import Foundation

// Usage: ResourceEmbedder OUTPUT ROOT FOLDER…
//
// Writes a Swift file that holds every file below ROOT/FOLDER… under its path relative to ROOT.

let arguments = CommandLine.arguments
guard arguments.count >= 4 else {
    complain("usage: \(arguments.first ?? "ResourceEmbedder") OUTPUT ROOT FOLDER...")
    exit(2)
}
do {
    let tree = ResourceTree(root: arguments[2])
    let files = try arguments[3...].flatMap { try tree.files(under: $0) }
    try GeneratedSource(files: files).write(to: arguments[1])
} catch {
    complain("error: \(error)")
    exit(1)
}

func complain(_ message: String) {
    FileHandle.standardError.write(Data((message + "\n").utf8))
}
