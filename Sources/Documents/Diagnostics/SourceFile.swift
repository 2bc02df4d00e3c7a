/// A file's name, as people know it, and its content.
public struct SourceFile: Hashable, Sendable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    public init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    /// The largest catalogue, configuration or identities file that is read, in bytes: room for 10,000 targets or rules.
    public static let maximumSize = 8 << 20
}
