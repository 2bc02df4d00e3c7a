/// Where a catalogue's files come from: a folder on disk, or the tree of one commit. Paths are relative to the place of
/// `agentsafe.yaml`, with `/` between segments.
public protocol CatalogueSource {
    /// The content of a file; nil when nothing is there. A file larger than `limit` bytes is an error, and is not read.
    func read(_ path: String, limit: Int) throws(CatalogueSourceError) -> [UInt8]?
    /// The names in a folder, in any order; nil when there is no such folder.
    func list(_ folder: String) throws(CatalogueSourceError) -> [String]?
}

/// A file or folder that is there and cannot be read: too large, no right, a broken object, a link that leads away.
public struct CatalogueSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}

/// Files held in memory, by path.
public struct MemorySource: CatalogueSource, Sendable {
    public var files: [String: [UInt8]]

    public init(files: [String: [UInt8]]) {
        self.files = files
    }

    public func read(_ path: String, limit: Int) throws(CatalogueSourceError) -> [UInt8]? {
        guard let content = files[path] else { return nil }
        guard content.count <= limit else { throw CatalogueSourceError("larger than \(limit) bytes") }
        return content
    }

    public func list(_ folder: String) -> [String]? {
        let prefix = folder + "/"
        let names = files.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count).prefix { $0 != "/" } }
        return names.isEmpty ? nil : Array(Set(names.map(String.init)))
    }
}
