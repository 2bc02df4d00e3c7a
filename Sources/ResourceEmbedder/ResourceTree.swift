import Foundation

struct ResourceFile {
    /// Relative to the root, with `/` between its parts.
    let path: String
    let content: String
}

struct ResourceError: Error, CustomStringConvertible {
    let description: String
}

/// Reads the files to embed.
struct ResourceTree {
    let root: String

    /// The largest file, in bytes: the catalogue is text that people write.
    static let maximumSize = 1 << 20

    /// The files below `folder`, at any depth, in the order of their paths' bytes.
    func files(under folder: String) throws -> [ResourceFile] {
        try paths(under: folder, depth: 0)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { ResourceFile(path: $0, content: try content(of: $0)) }
    }

    private func paths(under folder: String, depth: Int) throws -> [String] {
        guard depth < 20 else { throw ResourceError(description: "`\(folder)` lies too deep; move it up") }
        return try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").flatMap { name -> [String] in
            guard !Self.isDebris(name) else { return [] }
            let path = "\(folder)/\(name)"
            switch try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.type] as? FileAttributeType {
            case .typeRegular: return [path]
            case .typeDirectory: return try paths(under: path, depth: depth + 1)
            default: throw ResourceError(description: "`\(path)` is neither a file nor a folder; remove it")
            }
        }
    }

    /// What editors and file managers leave behind.
    private static func isDebris(_ name: String) -> Bool {
        name == ".DS_Store" || name.hasSuffix("~") || name.hasSuffix(".swp") || name.hasPrefix(".#")
    }

    private func content(of path: String) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)"))
        guard data.count <= Self.maximumSize else {
            throw ResourceError(
                description: "`\(path)` has \(data.count) bytes, at most \(Self.maximumSize) can be embedded")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ResourceError(description: "`\(path)` is not UTF-8; save it as UTF-8")
        }
        return text
    }
}
